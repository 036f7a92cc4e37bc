package demo

import (
	"fmt"
	"net/http"
)

// portalView is what a customer sees of himself.
type portalView struct {
	Customer customer
	Invoices []invoice
	Plans    []plan
}

func (v *visit) portal() {
	v.plain("portal", "Customer portal", portalView{Plans: v.panel.books.planList()})
}

func (v *visit) portalLogin() { v.plain("portal_login", "Customer login", nil) }

// portalEnter lets a customer in by number and mobile, in the same session that the staff's login uses.
func (v *visit) portalEnter() {
	c, ok := v.panel.books.customer(number(v.trimmed("customer_id")))
	key := "customer|" + v.trimmed("customer_id") + "|" + v.clientIP()
	if v.panel.limiter.wait(key) > 0 || !ok || c.Mobile != v.trimmed("mobile") {
		v.panel.limiter.hit(key)
		v.change(func(s *session) {
			s.flash = flash{Errors: []string{"We know no customer with this number and mobile."}}
		})
		v.redirect("/customer/login")
		return
	}
	v.renew(func(s *session) { s.customer = c.ID })
	v.redirect("/customer/home")
}

func (v *visit) portalHome() {
	c, ok := v.panel.books.customer(v.session.customer)
	if !ok {
		v.redirect("/customer/login")
		return
	}
	v.plain("portal_home", "My internet", portalView{Customer: c, Invoices: v.panel.books.invoicesOf(c.ID)})
}

func (v *visit) portalLeave() {
	v.renew(func(s *session) { s.customer = 0 })
	v.redirect("/customer")
}

// receipt is what a payment gateway brings back.
type receipt struct {
	PaymentID string
	Status    string
	Good      bool
}

// paymentSuccess is where bKash sends the customer's browser after paying.
func (v *visit) paymentSuccess() {
	r := receipt{PaymentID: v.trimmed("paymentID"), Status: v.trimmed("status")}
	r.Good = r.Status == "" || r.Status == "success"
	v.plain("receipt", "Payment", r)
}

// paymentCallback is what bKash's servers post: paymentID, amount (BDT) and customer.
func (v *visit) paymentCallback() {
	amount := number(v.trimmed("amount"))
	if amount >= 1 && amount <= 1000000 {
		if paid, ok := v.panel.books.pay(number(v.trimmed("customer")), amount, "bKash", v.panel.now()); ok {
			v.json(http.StatusOK, map[string]string{"statusCode": "0000", "statusMessage": "Successful", "receipt": paid.Number})
			return
		}
	}
	v.json(http.StatusOK, map[string]string{"statusCode": "2054", "statusMessage": "Unknown payment"})
}

// hotspot answers a MikroTik router that asks for one of its guests.
func (v *visit) hotspot() {
	c, ok := v.panel.books.customer(number(v.trimmed("username")))
	if !ok || c.Status != "active" || c.Mobile != v.trimmed("password") {
		v.sendCookies()
		v.start(http.StatusForbidden, "text/plain; charset=UTF-8")
		fmt.Fprintln(v.w, "Access-Reject")
		return
	}
	v.sendCookies()
	v.start(http.StatusOK, "text/plain; charset=UTF-8")
	fmt.Fprintf(v.w, "Access-Accept\nRate-Limit: %s\n", c.Package)
}
