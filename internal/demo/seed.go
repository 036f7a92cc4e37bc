package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

var firstNames = []string{"Abdul", "Rahima", "Mohammad", "Sadia", "Tanvir", "Nasrin", "Imran", "Sharmin", "Rafiq", "Taslima",
	"Jahangir", "Mahmuda", "Kamrul", "Rokeya", "Shafiqul", "Ayesha", "Habibur", "Sultana", "Anisur", "Mitu"}

var lastNames = []string{"Rahman", "Begum", "Hossain", "Akter", "Islam", "Khatun", "Chowdhury", "Miah", "Sarkar", "Das", "Karim", "Uddin", "Talukder"}

var areas = []string{"Mirpur", "Uttara", "Mohammadpur", "Dhanmondi", "Banasree", "Savar", "Keraniganj"}

var blocks = []string{"Block A", "Block C", "Sector 4", "Sector 11", "Lane 3", "Noor Villa", "Green Tower", "Bazar Road"}

// newBooks makes about sixty customers and half a year of bills. The same day always brings the same books.
func newBooks(now time.Time) *books {
	b := &books{next: 10000, plans: []plan{
		{Name: "Home Lite", Speed: 10, Price: 525, Note: "BDIX 50 Mbit/s"},
		{Name: "Home Plus", Speed: 20, Price: 840, Note: "BDIX 100 Mbit/s"},
		{Name: "Family", Speed: 40, Price: 1050, Note: "BDIX 100 Mbit/s, IPTV"},
		{Name: "Gamer", Speed: 60, Price: 1575, Note: "Low latency, real IP on request"},
		{Name: "SME 50", Speed: 50, Price: 3150, Note: "Real IP, 8 h repair"},
		{Name: "Corporate 100", Speed: 100, Price: 12600, Note: "Dedicated, 4 h repair"},
	}}
	random := rand.New(rand.NewPCG(20, 21)) // #nosec G404 -- the same invented customers each time
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	for i := range 60 {
		b.customers = append(b.customers, seedCustomer(random, b.plans, i, today))
	}
	for back := 5; back >= 0; back-- {
		month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location()).AddDate(0, -back, 0)
		b.bill(random, month, back == 0, now)
	}
	slices.SortStableFunc(b.payments, func(a, b payment) int { return b.At.Compare(a.At) })
	for i := range b.payments {
		b.payments[i].Number = fmt.Sprintf("PAY-%05d", b.next+len(b.payments)-i)
	}
	b.next += len(b.payments)
	slices.Reverse(b.invoices)
	return b
}

func seedCustomer(random *rand.Rand, plans []plan, i int, today time.Time) *customer {
	first, last := firstNames[(i*7+i/20)%len(firstNames)], lastNames[(i*5)%len(lastNames)]
	area := areas[random.IntN(len(areas))]
	choice := []int{0, 0, 1, 1, 1, 2, 2, 3, 4, 5}[random.IntN(10)]
	c := &customer{
		ID: 1001 + i, Name: first + " " + last, Area: area,
		Username: fmt.Sprintf("%s.%s%02d", strings.ToLower(first), strings.ToLower(area[:3]), i+1),
		Mobile:   fmt.Sprintf("01%d%08d", 3+random.IntN(7), random.IntN(100000000)),
		Address:  fmt.Sprintf("House %d, %s, %s, Dhaka", 1+random.IntN(90), blocks[random.IntN(len(blocks))], area),
		Package:  plans[choice].Name, Price: plans[choice].Price, Status: "active",
		IP:       fmt.Sprintf("10.%d.%d.%d", 20+random.IntN(4), random.IntN(8), 2+i),
		MAC:      fmt.Sprintf("C8:3A:35:%02X:%02X:%02X", random.IntN(256), random.IntN(256), random.IntN(256)),
		Joined:   today.AddDate(0, 0, -200-random.IntN(1200)),
		PaidTill: today.AddDate(0, 0, 1+random.IntN(28)),
	}
	switch {
	case i%9 == 4:
		c.Status, c.PaidTill, c.Due = "expired", today.AddDate(0, 0, -1-random.IntN(20)), c.Price
	case i%17 == 11:
		c.Status, c.PaidTill, c.Due = "suspended", today.AddDate(0, 0, -40-random.IntN(60)), 2*c.Price
	}
	return c
}

// bill invoices everybody for a month, and pays it for those who owe nothing.
func (b *books) bill(random *rand.Rand, month time.Time, current bool, now time.Time) {
	methods := []string{"bKash", "bKash", "Nagad", "Rocket", "Cash", "Bank transfer"}
	for i, c := range b.customers {
		paid := !current || c.Due == 0
		b.invoices = append(b.invoices, invoice{
			Number:   fmt.Sprintf("INV-%s-%03d", month.Format("0601"), i+1),
			Customer: c.ID, Name: c.Name, Month: month, Amount: c.Price, Paid: paid,
		})
		if !paid || (!current && random.IntN(14) == 0) {
			continue // that month he was away
		}
		at := month.Add(time.Duration(random.IntN(20*24)) * time.Hour)
		if at.After(now) { // early in a month: it was paid in advance
			at = now.Add(-time.Duration(1+random.IntN(max(1, int(now.Sub(month)/time.Minute)))) * time.Minute)
		}
		b.payments = append(b.payments, payment{
			Customer: c.ID, Name: c.Name, Method: methods[random.IntN(len(methods))], Amount: c.Price,
			At: at.Add(time.Duration(random.IntN(600)) * time.Second),
		})
	}
}
