package demo

import (
	"sync"
	"time"
)

const maxSessions = 20000 // beyond this, visitors' sessions are dropped: strangers cannot fill the memory

// session is what the panel keeps about one browser.
type session struct {
	token    string // the form token
	user     int    // staff id; 0 = nobody
	own      int    // while working as somebody else: who it really is
	customer int    // the customer portal's login shares the session
	intended string // where an anonymous visitor wanted to go
	flash    flash  // for the next request, whichever it is
	seen     time.Time
}

// flash lives for exactly one following request, seen or not.
type flash struct {
	Status string
	Errors []string
	Old    map[string]string
}

type sessions struct {
	mu   sync.Mutex
	now  func() time.Time
	byID map[string]*session
}

// open returns the living session of that id or a new one, and takes its flash: as in Laravel any request uses it up.
func (s *sessions) open(id string) (string, session, flash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.byID[id]
	if kept == nil || !s.alive(kept) {
		delete(s.byID, id)
		s.makeRoom()
		id, kept = randomText(), &session{token: randomText()}
		s.byID[id] = kept
	}
	left := kept.flash
	kept.flash, kept.seen = flash{}, s.now()
	return id, *kept, left
}

// change edits the session if it still lives and returns it as it is now.
func (s *sessions) change(id string, edit func(*session)) session {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.byID[id]
	if kept == nil {
		return session{token: randomText()}
	}
	edit(kept)
	return *kept
}

// renew gives the session a new id and a new form token (against fixation), edits it, and forgets the old id.
func (s *sessions) renew(id string, edit func(*session)) (string, session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := session{seen: s.now()}
	if kept := s.byID[id]; kept != nil {
		next = *kept
	}
	delete(s.byID, id)
	next.token = randomText()
	edit(&next)
	id = randomText()
	s.byID[id] = &next
	return id, next
}

func (s *sessions) alive(kept *session) bool { return s.now().Sub(kept.seen) < sessionLifetime }

func (s *sessions) makeRoom() {
	if len(s.byID) < maxSessions {
		return
	}
	for id, kept := range s.byID {
		if kept.user == 0 || !s.alive(kept) {
			delete(s.byID, id)
		}
	}
}

func (s *sessions) loggedIn() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for _, kept := range s.byID {
		if kept.user != 0 && s.alive(kept) {
			count++
		}
	}
	return count
}

func (s *sessions) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byID)
}
