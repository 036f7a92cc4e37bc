package harness

import (
	"fmt"
	"testing"
)

// SQLServer is a MariaDB or PostgreSQL server with a user "ispgate" who may do everything.
type SQLServer struct {
	*Server
	scheme   string // mysql or postgres
	address  string
	password string
	create   func(database string) // makes an empty database
	next     int
}

// Database makes a new empty database and returns its URL: scheme://user:password@host:port/name.
func (s *SQLServer) Database(t testing.TB) string {
	t.Helper()
	s.next++
	name := fmt.Sprintf("ispgate_%d", s.next)
	s.create(name)
	return fmt.Sprintf("%s://ispgate:%s@%s/%s", s.scheme, s.password, s.address, name)
}
