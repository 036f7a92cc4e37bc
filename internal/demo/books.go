package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const maxPayments = 2000 // the oldest go: strangers may post callbacks

type customer struct {
	ID       int       `json:"id"`
	Username string    `json:"username"`
	Name     string    `json:"name"`
	Mobile   string    `json:"mobile"`
	Area     string    `json:"area"`
	Address  string    `json:"address"`
	Package  string    `json:"package"`
	Price    int       `json:"price"` // BDT a month
	Due      int       `json:"due"`   // BDT
	Status   string    `json:"status"`
	IP       string    `json:"ip"`
	MAC      string    `json:"mac"`
	Joined   time.Time `json:"joined"`
	PaidTill time.Time `json:"paid_till"`
}

type plan struct {
	Name    string
	Speed   int // Mbit/s
	Price   int // BDT a month, VAT included
	Note    string
	Holders int
}

type invoice struct {
	Number   string
	Customer int
	Name     string
	Month    time.Time
	Amount   int
	Paid     bool
}

type payment struct {
	Number   string
	Customer int
	Name     string
	Method   string
	Amount   int
	At       time.Time
}

// books are the panel's data. They start the same in every panel and are lost with it.
type books struct {
	mu        sync.Mutex
	plans     []plan
	customers []*customer
	invoices  []invoice
	payments  []payment // newest first
	next      int
}

func (b *books) customer(id int) (customer, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.find(id); c != nil {
		return *c, true
	}
	return customer{}, false
}

func (b *books) find(id int) *customer {
	for _, c := range b.customers {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// search finds customers by any word of theirs, and by status unless that is empty.
func (b *books) search(words, status string) []customer {
	b.mu.Lock()
	defer b.mu.Unlock()
	words = strings.ToLower(strings.TrimSpace(words))
	found := []customer{}
	for _, c := range b.customers {
		text := strings.ToLower(strings.Join([]string{strconv.Itoa(c.ID), c.Username, c.Name, c.Mobile, c.Area, c.Package, c.IP}, " "))
		if strings.Contains(text, words) && (status == "" || c.Status == status) {
			found = append(found, *c)
		}
	}
	return found
}

func (b *books) save(id int, edit func(*customer)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.find(id); c != nil {
		edit(c)
		for _, p := range b.plans {
			if p.Name == c.Package {
				c.Price = p.Price
			}
		}
	}
}

// pay records a payment and takes it off what the customer owes.
func (b *books) pay(id, amount int, method string, at time.Time) (payment, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.find(id)
	if c == nil {
		return payment{}, false
	}
	c.Due = max(0, c.Due-amount)
	if c.Due == 0 {
		for i := range b.invoices {
			b.invoices[i].Paid = b.invoices[i].Paid || b.invoices[i].Customer == id
		}
	}
	b.next++
	p := payment{Number: fmt.Sprintf("PAY-%05d", b.next), Customer: id, Name: c.Name, Method: method, Amount: amount, At: at}
	b.payments = slices.Insert(b.payments, 0, p)
	b.payments = b.payments[:min(len(b.payments), maxPayments)]
	return p, true
}

func (b *books) invoicesOf(id int) []invoice {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []invoice
	for _, i := range b.invoices {
		if id == 0 || i.Customer == id {
			found = append(found, i)
		}
	}
	return found
}

func (b *books) paymentsOf(id int) []payment {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []payment
	for _, p := range b.payments {
		if id == 0 || p.Customer == id {
			found = append(found, p)
		}
	}
	return found
}

func (b *books) planList() []plan {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := slices.Clone(b.plans)
	for i := range list {
		for _, c := range b.customers {
			if c.Package == list[i].Name {
				list[i].Holders++
			}
		}
	}
	return list
}

// figures are the dashboard's numbers.
type figures struct {
	Customers, Active, Expired, Suspended int
	Collected, Due                        int // BDT
	Months                                []bar
	Debtors                               []customer
	Latest                                []payment
}

// bar is one column of the collection chart: a height of 0 to 100.
type bar struct {
	Label         string
	Amount        int
	X, Y, H, Text int
}

func (b *books) figures(now time.Time) figures {
	f := figures{Latest: b.paymentsOf(0)}
	for _, p := range f.Latest {
		if p.At.Year() == now.Year() && p.At.Month() == now.Month() {
			f.Collected += p.Amount
		}
	}
	f.Latest = f.Latest[:min(6, len(f.Latest))]
	for _, c := range b.search("", "") {
		f.Customers++
		f.Due += c.Due
		switch c.Status {
		case "active":
			f.Active++
		case "expired":
			f.Expired++
		default:
			f.Suspended++
		}
		if c.Due > 0 {
			f.Debtors = append(f.Debtors, c)
		}
	}
	slices.SortStableFunc(f.Debtors, func(a, b customer) int { return cmp.Compare(b.Due, a.Due) })
	f.Debtors = f.Debtors[:min(4, len(f.Debtors))]
	f.Months = b.chart(now)
	return f
}

func (b *books) chart(now time.Time) []bar {
	totals := map[string]int{}
	for _, p := range b.paymentsOf(0) {
		totals[p.At.Format("2006-01")] += p.Amount
	}
	var bars []bar
	highest := 1
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location())
	for i := 5; i >= 0; i-- {
		month := first.AddDate(0, -i, 0)
		amount := totals[month.Format("2006-01")]
		highest = max(highest, amount)
		bars = append(bars, bar{Label: month.Format("Jan"), Amount: amount})
	}
	for i := range bars {
		h := bars[i].Amount * 100 / highest
		bars[i].X, bars[i].Y, bars[i].H, bars[i].Text = 10+i*60, 120-h, h, 112-h
	}
	return bars
}

// taka writes an amount with South Asian grouping: BDT 1,25,000.
func taka(amount int) string {
	digits := strconv.Itoa(amount)
	if len(digits) <= 3 {
		return "BDT " + digits
	}
	head, tail := digits[:len(digits)-3], digits[len(digits)-3:]
	for len(head) > 2 {
		head, tail = head[:len(head)-2], head[len(head)-2:]+","+tail
	}
	return "BDT " + head + "," + tail
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
