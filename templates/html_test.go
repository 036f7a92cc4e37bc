package templates

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// elements lists every element of a document in order.
func elements(t *testing.T, page string) []*html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// TestS38_PagesNeedNoInlineCode holds every sample to what the policy allows: nothing inline, nothing from elsewhere.
func TestS38_PagesNeedNoInlineCode(t *testing.T) {
	s := testSet(t, func(l *Look) { l.Support = "https://help.example.net/" })
	for _, sample := range samples() {
		t.Run(sample.name, func(t *testing.T) {
			for _, n := range elements(t, render(t, s, sample.page)) {
				checkPolicy(t, n)
			}
		})
	}
}

func checkPolicy(t *testing.T, n *html.Node) {
	t.Helper()
	if n.Data == "style" || n.Data == "iframe" || n.Data == "base" || n.Data == "script" && (n.FirstChild != nil || attr(n, "src") == "") {
		t.Errorf("<%s> is not allowed", n.Data)
	}
	for _, a := range n.Attr {
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
			t.Errorf("<%s %s> is not allowed", n.Data, a.Key)
		}
		if strings.Contains(a.Val, "ZgotmplZ") {
			t.Errorf("<%s %s> was refused by html/template", n.Data, a.Key)
		}
		if a.Key != "href" && a.Key != "src" && a.Key != "action" {
			continue
		}
		u, err := url.Parse(a.Val)
		if err != nil {
			t.Errorf("<%s %s=%q>: %v", n.Data, a.Key, a.Val, err)
			continue
		}
		inside := u.Scheme == "" && u.Host == "" && (strings.HasPrefix(a.Val, "/") || strings.HasPrefix(a.Val, "#"))
		support := n.Data == "a" && a.Val == "https://help.example.net/"
		if !inside && !support && u.Scheme != "otpauth" && u.Scheme != "data" {
			t.Errorf("<%s %s=%q> leaves the origin", n.Data, a.Key, a.Val)
		}
	}
}

// TestFieldsAreBound checks what a screen reader needs on every sample.
func TestFieldsAreBound(t *testing.T) {
	s := testSet(t, func(l *Look) { l.Logo = writeLogo(t) })
	for _, sample := range samples() {
		t.Run(sample.name, func(t *testing.T) {
			all := elements(t, render(t, s, sample.page))
			ids, labels := map[string]bool{}, map[string]string{}
			for _, n := range all {
				if id := attr(n, "id"); id != "" {
					if ids[id] {
						t.Errorf("id %q occurs twice", id)
					}
					ids[id] = true
				}
				if n.Data == "label" {
					labels[attr(n, "for")] = textOf(n)
				}
			}
			counts := map[string]int{}
			for _, n := range all {
				counts[n.Data]++
				if has(n, "autofocus") {
					counts["autofocus"]++
				}
				checkBound(t, n, ids, labels)
			}
			if counts["h1"] != 1 || counts["main"] != 1 || counts["title"] != 1 || counts["autofocus"] > 1 {
				t.Errorf("h1, main, title, autofocus: %d, %d, %d, %d", counts["h1"], counts["main"], counts["title"], counts["autofocus"])
			}
		})
	}
}

func checkBound(t *testing.T, n *html.Node, ids map[string]bool, labels map[string]string) {
	t.Helper()
	switch n.Data {
	case "input":
		if attr(n, "type") != "hidden" && labels[attr(n, "id")] == "" {
			t.Errorf("input %q has no label", attr(n, "name"))
		}
		if has(n, "aria-invalid") && !strings.HasSuffix(attr(n, "aria-describedby"), "-fault") {
			t.Errorf("input %q does not name its fault", attr(n, "name"))
		}
	case "label":
		if !ids[attr(n, "for")] {
			t.Errorf("label for %q has no field", attr(n, "for"))
		}
	case "button", "a", "h1", "title":
		if textOf(n) == "" {
			t.Errorf("<%s> says nothing", n.Data)
		}
	case "form":
		if attr(n, "method") != "post" || attr(n, "action") == "" {
			t.Errorf("form %q posts nowhere", attr(n, "action"))
		}
	case "img":
		if !has(n, "alt") {
			t.Errorf("image without alt")
		}
	}
	for _, id := range strings.Fields(attr(n, "aria-describedby")) {
		if !ids[id] {
			t.Errorf("aria-describedby names %q, which is not there", id)
		}
	}
}

// TestTitleNamesFaults: the title begins with "Error:" exactly on the samples that have a fault.
func TestTitleNamesFaults(t *testing.T) {
	s := testSet(t, nil)
	for _, sample := range samples() {
		page := render(t, s, sample.page)
		_, title, _ := strings.Cut(page, "<title>")
		faulty := strings.Contains(page, `class="box error"`) || strings.Contains(page, `class="fault"`) || sample.page.file() == "error"
		if got := strings.HasPrefix(title, "Error: "); got != faulty {
			t.Errorf("%s: faulty %v, title %.60q", sample.name, faulty, title)
		}
	}
}

// TestContractOfPages holds the field names, words and addresses that programs outside rely on (design 3.3).
func TestContractOfPages(t *testing.T) {
	type want map[string]string // input name → autocomplete
	tests := map[string]struct {
		inputs  want
		buttons []string // buttons and links, in any order
	}{
		"login":          {want{"username": "username", "password": "current-password"}, []string{"Log in", "Forgot your password?"}},
		"verify-trust":   {want{"code": "one-time-code", "trust_device": ""}, []string{"Verify", "Use a recovery code", "Start again"}},
		"verify":         {want{"code": "one-time-code"}, []string{"Verify"}},
		"verify-closed":  {want{}, []string{"Use a recovery code", "Start again"}},
		"recovery":       {want{"code": "off"}, []string{"Continue"}},
		"off":            {want{"code": "one-time-code"}, []string{"Enable", "Open in my app"}},
		"off-forced":     {want{"code": "one-time-code", "ticket": "off"}, []string{"Enable", "Log out"}},
		"codes-enabled":  {want{}, []string{"Download", "Print", "Copy", "I have saved them"}},
		"on":             {want{"code": "one-time-code"}, []string{"Make new codes", "Disable Two Factor Authentication"}},
		"on-full":        {want{"code": "one-time-code", "browser": ""}, []string{"Forget", "Log out the others"}},
		"disable":        {want{"code": "one-time-code", "password": "current-password"}, []string{"Disable Two Factor Authentication", "Keep it on"}},
		"disable-code":   {want{"code": "one-time-code"}, []string{"Disable Two Factor Authentication"}},
		"offer":          {want{}, []string{"Set up now", "Not now"}},
		"logout":         {want{}, []string{"Log out", "Stay"}},
		"error":          {want{}, []string{"Try again"}},
		"login-wait":     {want{"username": "username", "password": "current-password"}, []string{"Log in"}},
		"recovery-wrong": {want{"code": "off"}, []string{"Continue", "Start again"}},
	}
	s := testSet(t, nil)
	for _, sample := range samples() {
		tt, ok := tests[sample.name]
		if !ok {
			continue
		}
		got, words := want{}, []string{}
		for _, n := range elements(t, render(t, s, sample.page)) {
			switch n.Data {
			case "input":
				got[attr(n, "name")] = attr(n, "autocomplete")
			case "button", "a":
				words = append(words, textOf(n))
			}
		}
		if len(got) != len(tt.inputs) {
			t.Errorf("%s: inputs %v, want %v", sample.name, got, tt.inputs)
		}
		for name, complete := range tt.inputs {
			if c, ok := got[name]; !ok || c != complete {
				t.Errorf("%s: input %s has autocomplete %q, want %q", sample.name, name, c, complete)
			}
		}
		for _, b := range tt.buttons {
			if !slices.Contains(words, b) {
				t.Errorf("%s: no button %q among %q", sample.name, b, words)
			}
		}
		delete(tests, sample.name)
	}
	for name := range tests {
		t.Errorf("no sample %s", name)
	}
}
