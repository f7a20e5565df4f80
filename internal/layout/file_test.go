// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"
	"testing"
)

// A file is a Go file and what there is to say about it.
type file struct {
	path       string // from the top of the module, with slashes
	src        []byte
	ast        *ast.File
	fset       *token.FileSet
	complaints []string
}

func parse(t *testing.T, path string, src []byte) *file {
	t.Helper()
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, path, src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return &file{path: path, src: src, ast: parsed, fset: fset}
}

func (f *file) complain(line int, format string, args ...any) {
	f.complaints = append(f.complaints, fmt.Sprintf("%s:%d: ", f.path, line)+fmt.Sprintf(format, args...))
}

func (f *file) dir() string { return path.Dir(f.path) }

func (f *file) line(n ast.Node) int { return f.fset.Position(n.Pos()).Line }

func (f *file) handwritten() bool { return !ast.IsGenerated(f.ast) }

// linked is false for what only tests are made of.
func (f *file) linked() bool {
	return !strings.HasSuffix(f.path, "_test.go") && !strings.Contains("/"+f.path, "/testdata/")
}

// imported returns the import of a package, or nil.
func (f *file) imported(importPath string) *ast.ImportSpec {
	for _, spec := range f.ast.Imports {
		if spec.Path.Value == strconv.Quote(importPath) {
			return spec
		}
	}
	return nil
}

// uses calls visit for everything that the file takes from a package that it imports.
func (f *file) uses(importPath string, visit func(line int, name string)) {
	spec := f.imported(importPath)
	local := path.Base(importPath)
	if spec.Name != nil {
		local = spec.Name.Name
	}
	if local == "." {
		f.complain(f.line(spec), "a dot import hides what is used of %s", importPath)
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			// An identifier that the parser has resolved is a variable of the same name.
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && x.Obj == nil {
				visit(f.line(sel), sel.Sel.Name)
			}
		}
		return true
	})
}

// linknames returns the lines of the file's go:linkname directives.
func (f *file) linknames() (lines []int) {
	for _, group := range f.ast.Comments {
		for _, comment := range group.List {
			if strings.HasPrefix(comment.Text, "//go:linkname ") {
				lines = append(lines, f.line(comment))
			}
		}
	}
	return lines
}
