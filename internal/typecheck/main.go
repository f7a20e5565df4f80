// SPDX-License-Identifier: Apache-2.0

// Command typecheck reports what does not compile on other platforms, tests included:
//
//	go run ./internal/typecheck linux/386 darwin/arm64
//
// Everything is read as source, and nothing is written: go vet says the same, but first compiles
// all that is imported, for each platform anew.
package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	status := 0
	for _, platform := range os.Args[1:] {
		wrong, err := check(platform, ".", "./...")
		if err != nil {
			fmt.Fprintln(os.Stderr, "typecheck:", err)
			os.Exit(2)
		}
		for _, w := range wrong {
			fmt.Fprintf(os.Stderr, "%s: %v\n", platform, w)
			status = 1
		}
	}
	os.Exit(status)
}

// check returns what is wrong with packages on a platform, which is GOOS/GOARCH.
func check(platform, dir, pattern string) (wrong []packages.Error, err error) {
	goos, goarch, ok := strings.Cut(platform, "/")
	if !ok {
		return nil, fmt.Errorf("%q is no GOOS/GOARCH", platform)
	}
	all, err := packages.Load(&packages.Config{
		Mode: packages.LoadAllSyntax,
		Dir:  dir,
		// cgo would take a C compiler for that platform.
		Env:       append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch),
		Tests:     true,
		ParseFile: parse,
	}, pattern)
	if err != nil {
		return nil, fmt.Errorf("load %s for %s: %w", pattern, platform, err)
	}
	packages.Visit(all, nil, func(p *packages.Package) {
		if len(p.GoFiles) == 0 || !standard(p.GoFiles[0]) {
			wrong = append(wrong, p.Errors...)
		}
	})
	return wrong, nil
}

// parse leaves out what functions of the standard library do, which is most of what there is to check, and right.
func parse(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if file == nil || !standard(name) {
		return file, err
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			f.Body = nil
		}
	}
	return file, err
}

var library = filepath.Join(build.Default.GOROOT, "src") + string(filepath.Separator)

// standard reports whether a file is one of the standard library.
func standard(name string) bool { return strings.HasPrefix(name, library) }
