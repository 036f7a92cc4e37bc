package security

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
	"github.com/ispgate/ispgate/test/mission/office"
)

// varying is what differs between any two answers: the request's id, its time and the form's own name field.
var varying = regexp.MustCompile(`value="[^"]*"|<p class="small-print">[^<]*</p>`)

// A wrong password, an unknown name and a name with a second factor are answered alike, byte for byte.
func TestS28_WrongAndUnknownAreAnsweredAlike(t *testing.T) {
	o := theOffice(t)
	known, enrolled := o.Clerk(t), o.Enrolled(t)
	enrolled.LogOut()
	answers := map[string]string{}
	for kind, name := range map[string]string{"known": known.Email, "enrolled": enrolled.Email, "unknown": "nobody@example.test", "upper case": strings.ToUpper(known.Email)} {
		page := o.Browser(t).PostForm(office.Login, url.Values{"username": {name}, "password": {"wrong-" + harness.LaravelPassword}}).Want(http.StatusUnauthorized)
		var head strings.Builder
		page.Header.Del("Date")
		page.Header.Del("Content-Length") // of the name that was typed
		if err := page.Header.Write(&head); err != nil {
			t.Fatal(err)
		}
		answers[kind] = head.String() + varying.ReplaceAllString(page.Body, "")
	}
	for kind, answer := range answers {
		if answer != answers["known"] {
			t.Errorf("%s:\n%s\nknown:\n%s", kind, answer, answers["known"])
		}
	}
}
