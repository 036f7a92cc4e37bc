package test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ispgate/ispgate/test/harness"
)

const (
	longestFunction = 60  // lines: a screen
	usualFunction   = 35  // lines: nine of ten functions
	longestFile     = 300 // lines
)

// topLevel is what a newcomer sees first.
var topLevel = []string{
	"authflow", "cmd", "deploy", "docs", "internal", "proxy", "templates", "test",
	".ci", ".dockerignore", ".gitignore", "CHANGELOG.md", "Dockerfile", "LICENSE", "Makefile", "README.md", "SECURITY.md", "config.example.yaml", "go.mod", "go.sum",
}

// machinePath finds directories of the machines that the program was written on.
var machinePath = regexp.MustCompile(`(^|[^\w.-])/(work|root/go|root/\.cache|tmp/w|tmp/bash_jobs[\w.]*)/`)

// tracked returns the paths of all files that are, or are about to be, in the repository.
func tracked(t *testing.T) []string {
	t.Helper()
	list := exec.Command(harness.Need(t, "git", "git"), "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = harness.Root(t)
	output, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var paths []string
	for name := range strings.SplitSeq(strings.Trim(string(output), "\x00"), "\x00") {
		// Not what is deleted and not yet committed.
		if info, err := os.Lstat(filepath.Join(list.Dir, name)); err == nil && info.Mode().IsRegular() {
			paths = append(paths, name)
		}
	}
	return paths
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(harness.Root(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// goFile is one parsed file of Go.
type goFile struct {
	path  string
	lines int
	set   *token.FileSet
	tree  *ast.File
}

// isTest tells whether the file is no part of the product.
func (f goFile) isTest() bool {
	return strings.HasSuffix(f.path, "_test.go") || strings.HasPrefix(f.path, "test/")
}

func (f goFile) directory() string { return path.Dir(f.path) }

func (f goFile) imports() []string {
	var imported []string
	for _, spec := range f.tree.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		imported = append(imported, name)
	}
	return imported
}

func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	for _, name := range tracked(t) {
		if path.Ext(name) != ".go" {
			continue
		}
		content, set := read(t, name), token.NewFileSet()
		tree, err := parser.ParseFile(set, name, content, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, goFile{name, bytes.Count(content, []byte("\n")), set, tree})
	}
	if len(files) == 0 {
		t.Fatal("no Go files found")
	}
	return files
}

func TestFilesAndFunctionsFitAScreen(t *testing.T) {
	var spans []int
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file.path, "_test.go") {
			continue
		}
		if file.lines > longestFile {
			t.Errorf("%s has %d lines, want at most %d", file.path, file.lines, longestFile)
		}
		for _, declaration := range file.tree.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			span := file.set.Position(function.End()).Line - file.set.Position(function.Type.Func).Line + 1
			if spans = append(spans, span); span > longestFunction {
				t.Errorf("%s: %s has %d lines, want at most %d", file.path, function.Name.Name, span, longestFunction)
			}
		}
	}
	slices.Sort(spans)
	if usual := spans[len(spans)*9/10]; usual > usualFunction {
		t.Errorf("one function in ten has %d lines or more, want %d", usual, usualFunction)
	}
}

func TestNamesSayWhatIsInside(t *testing.T) {
	for _, file := range goFiles(t) {
		name := strings.TrimSuffix(path.Base(file.path), ".go")
		if file.isTest() {
			continue
		}
		if slices.Contains(vague, file.tree.Name.Name) {
			t.Errorf("%s: package %s says nothing about what is inside", file.path, file.tree.Name.Name)
		}
		// Files may be called after the type they hold.
		if slices.Contains(vague, name) && name != "manager" {
			t.Errorf("%s: the file's name says nothing about what is inside", file.path)
		}
	}
}

func TestTopLevel(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range tracked(t) {
		first, _, _ := strings.Cut(name, "/")
		if !slices.Contains(topLevel, first) && !seen[first] {
			t.Errorf("%s does not belong at the top: only %s", first, strings.Join(topLevel, " "))
		}
		seen[first] = true
	}
}

func TestNoMachinePaths(t *testing.T) {
	for _, name := range tracked(t) {
		content := read(t, name)
		if bytes.IndexByte(content, 0) >= 0 {
			continue
		}
		for number, line := range strings.Split(string(content), "\n") {
			if found := machinePath.FindString(line); found != "" {
				t.Errorf("%s:%d names a directory of one machine: %s", name, number+1, found)
			}
		}
	}
}
