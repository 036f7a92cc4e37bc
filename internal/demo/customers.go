package demo

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

var mobilePattern = regexp.MustCompile(`^01[3-9][0-9]{8}$`)

// listing is one page of a table, with the field names of Laravel's paginator.
type listing[T any] struct {
	Data        []T    `json:"data"`
	CurrentPage int    `json:"current_page"`
	LastPage    int    `json:"last_page"`
	PerPage     int    `json:"per_page"`
	Total       int    `json:"total"`
	From        int    `json:"from"`
	To          int    `json:"to"`
	Search      string `json:"-"`
	Status      string `json:"-"`
}

// PageURL is the address of another page of the same search.
func (l listing[T]) PageURL(page int) string {
	values := url.Values{"page": {fmt.Sprint(page)}}
	if l.Search != "" {
		values.Set("search", l.Search)
	}
	if l.Status != "" {
		values.Set("status", l.Status)
	}
	return "?" + values.Encode()
}

func (l listing[T]) Previous() string { return l.PageURL(l.CurrentPage - 1) }
func (l listing[T]) Next() string     { return l.PageURL(l.CurrentPage + 1) }

// paginate cuts rows by ?page= and ?per_page= (1 to 100, default 15).
func paginate[T any](v *visit, rows []T) listing[T] {
	per := number(v.input("per_page"))
	if per < 1 || per > 100 {
		per = 15
	}
	last := max(1, (len(rows)+per-1)/per)
	page := min(max(1, number(v.input("page"))), last)
	from := min((page-1)*per, len(rows))
	to := min(from+per, len(rows))
	l := listing[T]{Data: rows[from:to], CurrentPage: page, LastPage: last, PerPage: per, Total: len(rows), From: from + 1, To: to}
	if len(rows) == 0 {
		l.From = 0
	}
	return l
}

func (v *visit) customerListing() listing[customer] {
	search, status := v.trimmed("search"), v.trimmed("status")
	l := paginate(v, v.panel.books.search(search, status))
	l.Search, l.Status = search, status
	return l
}

func (v *visit) dashboard() { v.shell("dashboard", "Dashboard", v.panel.books.figures(v.panel.now())) }

func (v *visit) customers() { v.shell("customers", "Customers", v.customerListing()) }

func (v *visit) customerData() { v.json(http.StatusOK, v.customerListing()) }

type customerView struct {
	Customer customer
	Plans    []plan
	Invoices []invoice
	Payments []payment
	Statuses []string
}

var statuses = []string{"active", "expired", "suspended"}

func (v *visit) showCustomer() {
	c, ok := v.panel.books.customer(number(v.id))
	if !ok {
		v.missing()
		return
	}
	if old := v.flash.Old; old != nil {
		c.Name, c.Mobile, c.Address, c.Package, c.Status = old["name"], old["mobile"], old["address"], old["package"], old["status"]
	}
	b := v.panel.books
	v.shell("customer", c.Name, customerView{c, b.planList(), b.invoicesOf(c.ID), b.paymentsOf(c.ID), statuses})
}

func (v *visit) saveCustomer() {
	id := number(v.id)
	if _, ok := v.panel.books.customer(id); !ok {
		v.missing()
		return
	}
	fields := map[string]string{}
	for _, name := range []string{"name", "mobile", "address", "package", "status"} {
		fields[name] = v.trimmed(name)
	}
	if faults := v.customerFaults(fields); faults != nil {
		v.back(fmt.Sprintf("/admin/customers/%d", id), flash{Errors: faults, Old: fields})
		return
	}
	v.panel.books.save(id, func(c *customer) {
		c.Name, c.Mobile, c.Address, c.Package, c.Status =
			fields["name"], fields["mobile"], fields["address"], fields["package"], fields["status"]
	})
	if v.wantsJSON() {
		c, _ := v.panel.books.customer(id)
		v.json(http.StatusOK, c)
		return
	}
	v.say("Customer saved.")
	v.redirect(fmt.Sprintf("/admin/customers/%d", id))
}

func (v *visit) customerFaults(fields map[string]string) (faults []string) {
	if fields["name"] == "" || len(fields["name"]) > 200 {
		faults = append(faults, "The name field is required and has at most 200 characters.")
	}
	if !mobilePattern.MatchString(fields["mobile"]) {
		faults = append(faults, "The mobile must be a Bangladeshi number, like 01712345678.")
	}
	if len(fields["address"]) > 500 {
		faults = append(faults, "The address has at most 500 characters.")
	}
	if !slices.ContainsFunc(v.panel.books.planList(), func(p plan) bool { return p.Name == fields["package"] }) {
		faults = append(faults, "The selected package is invalid.")
	}
	if !slices.Contains(statuses, fields["status"]) {
		faults = append(faults, "The selected status is invalid.")
	}
	return faults
}

func (v *visit) takePayment() {
	target := fmt.Sprintf("/admin/customers/%d", number(v.id))
	amount := number(v.trimmed("amount"))
	if amount < 1 || amount > 1000000 {
		v.back(target, flash{Errors: []string{"The amount must be between 1 and 1000000."}})
		return
	}
	paid, ok := v.panel.books.pay(number(v.id), amount, "Cash", v.panel.now())
	if !ok {
		v.missing()
		return
	}
	v.say("Payment " + paid.Number + " of " + taka(amount) + " recorded.")
	v.redirect(target)
}

func (v *visit) invoices() {
	v.shell("invoices", "Invoices", paginate(v, v.panel.books.invoicesOf(0)))
}

func (v *visit) payments() {
	v.shell("payments", "Payments", paginate(v, v.panel.books.paymentsOf(0)))
}

func (v *visit) packages() { v.shell("packages", "Packages", v.panel.books.planList()) }
