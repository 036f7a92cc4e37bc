package session

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
)

// Every field of a note must survive a write of another one, and take its own.
func TestMergeKnowsEveryField(t *testing.T) {
	fields := reflect.TypeFor[Note]()
	for i := range fields.NumField() {
		set := reflect.New(fields).Elem()
		switch f := set.Field(i); f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString("x")
		case reflect.Pointer:
			f.Set(reflect.ValueOf(&Pending{Secret: "x"}))
		default:
			t.Fatalf("%s is of a kind that this test does not know", fields.Field(i).Name)
		}
		note := set.Interface().(Note)
		if got := merge(Note{}, note, Note{}); !reflect.DeepEqual(got, note) {
			t.Errorf("%s is not written: %+v", fields.Field(i).Name, got)
		}
		if got := merge(Note{}, Note{}, note); !reflect.DeepEqual(got, note) {
			t.Errorf("%s is not kept: %+v", fields.Field(i).Name, got)
		}
	}
}

func TestMergeOfTwoPendingSecrets(t *testing.T) {
	first, second := &Pending{Secret: "first"}, &Pending{Secret: "second"}
	for label, c := range map[string]struct{ base, want, stored, merged *Pending }{
		"nobody was faster":      {nil, second, nil, second},
		"both made one":          {nil, second, first, first},
		"a new one for the old":  {first, second, first, second},
		"a new one for the lost": {first, second, nil, second},
		"taken away":             {first, nil, first, nil},
		"not touched":            {first, &Pending{Secret: "first"}, second, second},
	} {
		got := merge(Note{Pending: c.base}, Note{Pending: c.want, Offered: true}, Note{Pending: c.stored, Used: "x"})
		if want := (Note{Pending: c.merged, Offered: true, Used: "x"}); got != want {
			t.Errorf("%s: %+v, want %+v", label, got, want)
		}
	}
}

// Tabs that were opened at once make a secret each; all must come to show, and to confirm, the same one.
func TestS26_ManyTabsShareOnePendingSecret(t *testing.T) {
	w := newWorld(t)
	m := w.node()
	s, c := w.login(m, "a1", Full)
	made := map[string]bool{}
	var group sync.WaitGroup
	for i := range attempts {
		n := Note{Pending: &Pending{Secret: fmt.Sprint("of tab ", i), Made: w.clock().UTC()}}
		made[n.Pending.Secret] = true
		group.Go(func() {
			if err := m.SetNote(t.Context(), s, n); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	kept := w.load(m, c).Note.Pending
	if kept == nil || !made[kept.Secret] {
		t.Fatalf("pending is %+v, want one of %v", kept, made)
	}
	w.setNote(m, s, Note{Pending: &Pending{Secret: "of a tab that is late"}, IdentityDue: "mark"})
	now := w.load(m, c)
	if !samePending(now.Note.Pending, kept) || now.Note.IdentityDue == "" {
		t.Errorf("the late tab left %+v, want the secret %+v and its mark", now.Note, kept)
	}
	now.Note.Pending = &Pending{Secret: "a fresh one, asked for", Made: w.clock().UTC()}
	w.setNote(m, now, now.Note)
	if got := w.load(m, c).Note.Pending; !samePending(got, now.Note.Pending) {
		t.Errorf("pending is %+v, want %+v", got, now.Note.Pending)
	}
}
