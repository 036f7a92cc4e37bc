package templates

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	"golang.org/x/text/language"
)

var keyShape = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)

// keysInCode lists every string of the package's own source that has the shape of a key.
func keysInCode(t *testing.T) (consts, all []Key) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Key" {
					k, _ := strconv.Unquote(n.Values[0].(*ast.BasicLit).Value)
					consts = append(consts, Key(k))
				}
			case *ast.BasicLit:
				if s, err := strconv.Unquote(n.Value); err == nil && keyShape.MatchString(s) {
					all = append(all, Key(s))
				}
			}
			return true
		})
	}
	return consts, all
}

// keysInTemplates lists every string in a template's actions that has the shape of a key.
func keysInTemplates(t *testing.T, s *Set) []Key {
	t.Helper()
	var found []Key
	for _, page := range s.pages {
		for _, part := range page.Templates() {
			if part.Tree != nil {
				walk(part.Tree.Root, func(n *parse.StringNode) {
					if keyShape.MatchString(n.Text) {
						found = append(found, Key(n.Text))
					}
				})
			}
		}
	}
	return found
}

func walk(n parse.Node, see func(*parse.StringNode)) {
	branch := func(b parse.BranchNode) {
		walk(b.Pipe, see)
		walk(b.List, see)
		if b.ElseList != nil {
			walk(b.ElseList, see)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			walk(c, see)
		}
	case *parse.ActionNode:
		walk(n.Pipe, see)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			walk(n.Pipe, see)
		}
	case *parse.IfNode:
		branch(n.BranchNode)
	case *parse.RangeNode:
		branch(n.BranchNode)
	case *parse.WithNode:
		branch(n.BranchNode)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			for _, a := range c.Args {
				walk(a, see)
			}
		}
	case *parse.ChainNode:
		walk(n.Node, see)
	case *parse.StringNode:
		see(n)
	}
}

// notKeys have the shape of a key and are none.
var notKeys = []Key{"layout.html", "parts.html", "style.css", "script.js", "icon.svg"}

// TestEveryTextIsThereAndUsed compares the keys of code and templates with the words.
func TestEveryTextIsThereAndUsed(t *testing.T) {
	s := testSet(t, nil)
	have := s.in(original).phrases
	consts, used := keysInCode(t)
	inTemplates := keysInTemplates(t, s)
	if len(consts) < 70 || len(inTemplates) < 60 {
		t.Fatalf("found only %d keys in code and %d in templates", len(consts), len(inTemplates))
	}
	used = slices.Concat(used, consts, inTemplates)
	for _, k := range used {
		if _, ok := have[k]; !ok && !slices.Contains(notKeys, k) {
			t.Errorf("%s has no text", k)
		}
	}
	for k := range have {
		if !slices.Contains(used, k) {
			t.Errorf("the text %s is not used", k)
		}
	}
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// TestPlaceholders: every placeholder is one that is known, and all plural forms but an exact number carry {n}.
func TestPlaceholders(t *testing.T) {
	known := []string{
		"{product}", "{issuer}", "{support}", "{n}", "{title}", "{day}", "{month}", "{year}", "{date}", "{time}", "{id}", "{account}", "{name}",
	}
	for key, p := range testSet(t, nil).in(original).phrases {
		for form, text := range p {
			for _, ph := range placeholder.FindAllString(text, -1) {
				if !slices.Contains(known, ph) {
					t.Errorf("%s has an unknown placeholder %s", key, ph)
				}
			}
			if len(p) > 1 && form[0] != '=' && !strings.Contains(text, "{n}") {
				t.Errorf("%s, form %s: no {n}", key, form)
			}
		}
	}
}

func TestText(t *testing.T) {
	tests := map[string]struct {
		message Message
		want    string
	}{
		"nothing":       {Message{}, ""},
		"plain":         {Say(LoginWrong), "That e-mail or password is not right. Check both and try again."},
		"many":          {Say(LoginWait, "n", 30), "Too many tries. Try again in 30 seconds."},
		"one":           {Say(LoginWait, "n", 1), "Too many tries. Try again in 1 second."},
		"other integer": {Say(LoginWait, "n", int64(1)), "Too many tries. Try again in 1 second."},
		"none left":     {Say(RecoveryUsed, "n", 0), "You used a recovery code. None are left."},
		"one left":      {Say(RecoveryUsed, "n", 1), "You used a recovery code. 1 is left."},
		"nine left":     {Say(RecoveryUsed, "n", 9), "You used a recovery code. 9 are left."},
		"behind":        {Say(EnableBehind, "n", 3), "Your phone's clock is about 3 minutes behind. Set it to automatic time and try again."},
		"product":       {Say(ErrPanelDown), "ISPBills is not answering"},
		"unknown":       {Say("no.such_text"), "no.such_text"},
		"odd arguments": {Say(LoginWait, "n"), "Too many tries. Try again in {n} seconds."},
	}
	s := testSet(t, nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := s.Text("en", tt.message); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := s.Text("xx", Say(LoginLoggedOut)); got != "You are logged out." {
		t.Errorf("unknown language: %q", got)
	}
	bare := testSet(t, func(l *Look) { l.Support = "" })
	if got := bare.Text("en", Say(VerifyClosed)); !strings.HasSuffix(got, "or ask your administrator.") {
		t.Errorf("without a support line: %q", got)
	}
}

// TestPluralsOfOtherLanguages: the forms follow the language, not English.
func TestPluralsOfOtherLanguages(t *testing.T) {
	p := phrase{"one": "1", "few": "2-4", "many": "5+", "other": "?"}
	for n, want := range map[int]string{1: "1", 3: "2-4", 5: "5+", 22: "2-4"} {
		if got := p.form(language.Polish, n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	s := testSet(t, nil)
	s.look.Languages = []string{"en", "bn"}
	s.words["bn"] = s.words["en"]
	s.matcher = language.NewMatcher([]language.Tag{language.English, language.Bengali})
	for _, tt := range []struct{ name, accept, cookie, want string }{
		{"nothing", "", "", "en"},
		{"header", "bn-BD,bn;q=0.9,en;q=0.8", "", "bn"},
		{"cookie before header", "bn", "en", "en"},
		{"cookie not on offer", "bn", "de", "bn"},
		{"neither", "de", "fr", "en"},
		{"broken header", "bn;q=x;;,", "", "en"},
		{"endless header", strings.Repeat("bn,", 1000), "", "en"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := s.Match(tt.accept, tt.cookie); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	fields := map[string][]string{}
	for _, n := range elements(t, render(t, s, Login{Action: "/x"})) {
		if attr(n, "action") == "/ispgate/language" {
			fields["form"] = append(fields["form"], attr(n, "method"))
		}
		fields[attr(n, "name")] = append(fields[attr(n, "name")], attr(n, "value"))
	}
	if !slices.Equal(fields["form"], []string{"post"}) || !slices.Equal(fields["lang"], []string{"en", "bn"}) || !slices.Equal(fields["back"], []string{sampleFrame.Path}) {
		t.Errorf("the language form has %q, %q, %q", fields["form"], fields["lang"], fields["back"])
	}
}
