package demo

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"sync"
)

// member is one person of the staff. Those without a password exist only to be looked after by an administrator.
type member struct {
	ID       int
	Email    string
	Name     string
	Role     string
	Area     string
	password [32]byte
	canLogIn bool
	remember string // empty until the first "remember me"
}

// Admin reports whether the member may work as somebody else.
func (m member) Admin() bool { return m.Role == "super_admin" || m.Role == "group_admin" }

// RoleName is the role as people read it.
func (m member) RoleName() string {
	name := strings.ReplaceAll(m.Role, "_", " ")
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

type staff struct {
	mu   sync.Mutex
	list []*member
}

func newStaff(accounts []Account) *staff {
	s := &staff{}
	for i, a := range accounts {
		m := &member{ID: 7 + 5*i, Email: a.Email, Name: a.Name, Role: a.Role, Area: "Head office"}
		if m.Role == "" {
			m.Role = "operator"
		}
		if m.Name == "" {
			m.Name, _, _ = strings.Cut(a.Email, "@")
		}
		m.password, m.canLogIn = sha256.Sum256([]byte(a.Password)), a.Password != ""
		s.list = append(s.list, m)
	}
	s.list = append(s.list,
		&member{ID: 900001, Email: "mirpur@reseller.demo.isp", Name: "Mirpur Net (reseller)", Role: "operator", Area: "Mirpur"},
		&member{ID: 900002, Email: "uttara@reseller.demo.isp", Name: "Uttara Online (reseller)", Role: "sub_operator", Area: "Uttara"},
		&member{ID: 900003, Email: "accounts@demo.isp", Name: "Farhana Akter", Role: "accountant", Area: "Head office"},
	)
	return s
}

// check finds who may log in with this e-mail and password. The e-mail compares as MySQL's _ci collations do.
func (s *staff) check(email, password string) (member, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	given := sha256.Sum256([]byte(password))
	for _, m := range s.list {
		if strings.EqualFold(m.Email, email) {
			right := subtle.ConstantTimeCompare(given[:], m.password[:]) == 1
			return *m, right && m.canLogIn
		}
	}
	return member{}, false
}

func (s *staff) byID(id int) (member, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.find(id); m != nil {
		return *m, true
	}
	return member{}, false
}

func (s *staff) all() []member {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []member
	for _, m := range s.list {
		list = append(list, *m)
	}
	return list
}

func (s *staff) setPassword(id int, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.find(id); m != nil {
		m.password, m.canLogIn = sha256.Sum256([]byte(password)), true
	}
}

// rememberToken is the member's remember-me secret, made when first needed.
func (s *staff) rememberToken(id int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.find(id)
	if m == nil {
		return ""
	}
	if m.remember == "" {
		m.remember = randomText()
	}
	return m.remember
}

// cycleRemember makes the member's remember-me cookies worthless, as a logout does in Laravel.
func (s *staff) cycleRemember(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.find(id); m != nil && m.remember != "" {
		m.remember = randomText()
	}
}

func (s *staff) remembered(id int, token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.find(id)
	return m != nil && m.remember != "" && subtle.ConstantTimeCompare([]byte(m.remember), []byte(token)) == 1
}

func (s *staff) find(id int) *member {
	for _, m := range s.list {
		if m.ID == id {
			return m
		}
	}
	return nil
}
