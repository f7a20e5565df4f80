// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// named finds what ARCHITECTURE.md names as `set/do.go:Set.Do`.
var named = regexp.MustCompile("`([\\w/]+\\.go):([\\w.]+)`")

// missing returns what text names and the module at root has not, of functions in files.
func missing(root, text string) (complaints []string) {
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, m[1]), nil, parser.SkipObjectResolution)
		if err != nil {
			complaints = append(complaints, err.Error())
			continue
		}
		if !slices.ContainsFunc(parsed.Decls, func(d ast.Decl) bool {
			f, ok := d.(*ast.FuncDecl)
			return ok && funcName(f) == m[2]
		}) {
			complaints = append(complaints, fmt.Sprintf("%s has no function %s", m[1], m[2]))
		}
	}
	return complaints
}

// funcName is the name of a function, with that of the type that it is a method of.
func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	recv := f.Recv.List[0].Type
	if star, ok := recv.(*ast.StarExpr); ok {
		recv = star.X
	}
	switch generic := recv.(type) {
	case *ast.IndexExpr:
		recv = generic.X
	case *ast.IndexListExpr:
		recv = generic.X
	}
	return recv.(*ast.Ident).Name + "." + f.Name.Name
}

// The four walks of ARCHITECTURE.md lead through functions that are there.
func TestTheWalksLeadThroughWhatIsThere(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range missing(filepath.Join("..", ".."), string(text)) {
		t.Errorf("ARCHITECTURE.md: %s", complaint)
	}
	_, walks, _ := strings.Cut(string(text), "## Four walks\n")
	walks, _, _ = strings.Cut(walks, "\n## ")
	for _, begins := range []string{"\nAn action", "\nA Do", "\nA fixture", "\nA rootless run"} {
		_, walk, found := strings.Cut(walks, begins)
		if !found || named.FindString(walk) == "" {
			t.Errorf("ARCHITECTURE.md has no walk of: %s", strings.TrimSpace(begins))
		}
	}
}

func TestMissingFunctionsAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"`walks_test.go:funcName` and `walks_test.go:TestMissingFunctionsAreFound`": "[]",
		"`walks_test.go:lost`":    "[walks_test.go has no function lost]",
		"`file_test.go:file.dir`": "[]",
		"`file_test.go:dir`":      "[file_test.go has no function dir]",
		"`lost.go:dir`":           "[open lost.go: no such file or directory]",
	} {
		if got := fmt.Sprint(missing(".", text)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
