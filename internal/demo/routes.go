package demo

import (
	"net/http"
	"strings"
)

// door says who may reach a route. The zero value lets in only people who are logged in.
type door int

const (
	members  door = iota // logged in, else 302 /login or 401 JSON
	guests               // not logged in, else 302 /dashboard
	anyone               // both
	machines             // anyone, and without a form token: payment gateways and routers post here
	api                  // its own bearer token, no session, no cookies
	static               // files
)

type route struct {
	method string // GET takes HEAD too
	path   string // {id} stands for one segment
	door   door
	serve  func(*visit)
	stream bool // the handler reads a multipart body itself, part by part
}

func routeTable() []route {
	return []route{
		{method: "GET", path: "/", serve: (*visit).root},
		{method: "GET", path: "/login", door: guests, serve: (*visit).showLogin},
		{method: "POST", path: "/login", door: guests, serve: (*visit).login},
		{method: "POST", path: "/logout", serve: (*visit).logout},
		{method: "GET", path: "/forgot-password", door: anyone, serve: (*visit).showForgot},
		{method: "POST", path: "/forgot-password", door: anyone, serve: (*visit).forgot},

		{method: "GET", path: "/dashboard", serve: (*visit).dashboard},
		{method: "GET", path: "/admin/customers", serve: (*visit).customers},
		{method: "GET", path: "/admin/customers/data", serve: (*visit).customerData},
		{method: "GET", path: "/admin/customers/{id}", serve: (*visit).showCustomer},
		{method: "POST", path: "/admin/customers/{id}", serve: (*visit).saveCustomer},
		{method: "POST", path: "/admin/customers/{id}/payments", serve: (*visit).takePayment},
		{method: "GET", path: "/admin/invoices", serve: (*visit).invoices},
		{method: "GET", path: "/admin/payments", serve: (*visit).payments},
		{method: "GET", path: "/admin/packages", serve: (*visit).packages},
		{method: "GET", path: "/admin/bandwidth", serve: (*visit).bandwidth},
		{method: "GET", path: "/admin/bandwidth/stream", serve: (*visit).bandwidthStream},
		{method: "GET", path: "/admin/socket", serve: (*visit).socket},
		{method: "GET", path: "/admin/files", serve: (*visit).files},
		{method: "POST", path: "/admin/files", serve: (*visit).upload, stream: true},
		{method: "GET", path: "/files/download", serve: (*visit).download},
		{method: "GET", path: "/admin/operators", serve: (*visit).operators},
		{method: "POST", path: "/admin/login-as/{id}", serve: (*visit).loginAs},
		{method: "POST", path: "/admin/back-to-my-account", serve: (*visit).backToOwnAccount},
		{method: "GET", path: "/admin/profile", serve: (*visit).profile},
		{method: "GET", path: "/admin/change-password", serve: (*visit).showChangePassword},
		{method: "POST", path: "/admin/change-password", serve: (*visit).changePassword},
		{method: "GET", path: "/admin/two-factor-authentication", serve: (*visit).twoFactor},

		{method: "GET", path: "/customer", door: anyone, serve: (*visit).portal},
		{method: "GET", path: "/customer/login", door: anyone, serve: (*visit).portalLogin},
		{method: "POST", path: "/customer/web/login", door: anyone, serve: (*visit).portalEnter},
		{method: "GET", path: "/customer/home", door: anyone, serve: (*visit).portalHome},
		{method: "POST", path: "/customer/logout", door: anyone, serve: (*visit).portalLeave},
		{method: "GET", path: "/bkash/customer_payment/success", door: machines, serve: (*visit).paymentSuccess},
		{method: "POST", path: "/bkash/customer_payment/callback", door: machines, serve: (*visit).paymentCallback},
		{method: "POST", path: "/hotspot/login", door: machines, serve: (*visit).hotspot},

		{method: "POST", path: "/api/auth/login", door: api, serve: (*visit).apiLogin},
		{method: "GET", path: "/api/customers", door: api, serve: (*visit).apiCustomers},
		{method: "GET", path: "/assets/{id}", door: static, serve: (*visit).asset},
	}
}

// find takes the request's path as Laravel does: decoded once, /index.php and trailing slashes cut, case kept.
func (p *Panel) find(v *visit) (route, bool) {
	path := strings.TrimPrefix(v.r.URL.Path, "/index.php")
	path = "/" + strings.TrimPrefix(strings.TrimRight(path, "/"), "/")
	method := v.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allowed []string
	for _, route := range p.routes {
		id, ok := match(route.path, path)
		if ok && route.method == method {
			v.path, v.id = path, id
			return route, true
		}
		if ok {
			allowed = append(allowed, route.method)
		}
	}
	if allowed != nil {
		v.w.Header().Set("Allow", strings.Join(allowed, ", "))
		v.fail(http.StatusMethodNotAllowed, "Method Not Allowed")
		return route{}, false
	}
	v.fail(http.StatusNotFound, "Not Found")
	return route{}, false
}

func match(pattern, path string) (id string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return "", false
	}
	for i, segment := range want {
		switch {
		case segment == "{id}" && got[i] != "":
			id = got[i]
		case segment != got[i]:
			return "", false
		}
	}
	return id, true
}
