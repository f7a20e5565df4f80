// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"unicode"
)

// ours is the module that the tests require.
const ours = "github.com/seed-1bc5c4a2/gonso"

// A module is the Go module into which a test is written.
type module struct {
	dir        string // of the package that gets the test
	root       string
	repository string // the root of what the module is in, or of the module if that is unknown
	version    string // of ours, "" if this program is not a released one
}

// findModule returns the module of a folder.
func findModule(dir string) (*module, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is no folder", dir)
	}
	out, err := goCommand(dir, "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOMOD: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if file == "" || file == os.DevNull {
		return nil, fmt.Errorf("%s is in no Go module: begin one by 'go mod init example.org/name'", dir)
	}
	m := &module{dir: dir, root: filepath.Dir(file)}
	m.repository = m.root
	for at := m.root; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			m.repository = at
			break
		} else if !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") && !strings.ContainsAny(info.Main.Version, "-+") {
		m.version = info.Main.Version
	}
	return m, nil
}

// workflow returns the path of the workflow.
func (m *module) workflow() string {
	return filepath.Join(m.repository, ".github", "workflows", "namespaces.yml")
}

// argument returns a folder as go test wants it.
func argument(dir string) string {
	if filepath.IsAbs(dir) {
		return dir
	}
	if dir = filepath.ToSlash(filepath.Clean(dir)); dir != "." && !strings.HasPrefix(dir, "../") {
		dir = "./" + dir
	}
	return dir
}

// require has the module require what the new test imports.
func (m *module) require() error {
	if m.version != "" && goCommand(m.dir, "list", "-m", ours).Run() != nil {
		if err := m.run("get", ours+"@"+m.version); err != nil {
			return err
		}
	}
	// As 'go get -t .', which does not look at what go.mod replaces.
	return m.run("list", "-mod=mod", "-test", "-deps", ".")
}

func (m *module) run(args ...string) error {
	var stderr bytes.Buffer
	cmd := goCommand(m.dir, args...)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return nil
}

func goCommand(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	return cmd
}

// starter looks at the package, and returns what it lacks.
func (m *module) starter() (*starter, error) {
	workdir, err := filepath.Rel(m.repository, m.root)
	if err != nil {
		return nil, err
	}
	s := &starter{Main: true, Suite: true, Action: m.version, Workdir: filepath.ToSlash(workdir)}
	if s.Action == "" {
		s.Action = "main"
	}
	if s.Workdir == "." {
		s.Workdir = ""
	}
	files, err := filepath.Glob(filepath.Join(m.dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		if err := s.heed(path); err != nil {
			return nil, err
		}
	}
	if s.Package == "" {
		if s.Package, err = m.packageName(); err != nil {
			return nil, err
		}
	}
	s.Package += "_test"
	return s, nil
}

// heed looks at a file that the package has.
func (s *starter) heed(path string) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if name := strings.TrimSuffix(file.Name.Name, "_test"); name != "main" || s.Package == "" {
		s.Package = name
	}
	if !strings.HasSuffix(path, "_test.go") {
		return nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && nameOf(call.Fun) == "RunSpecs" {
			s.Suite = false // Ginkgo allows one for a package
		}
		return true
	})
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "TestMain" || f.Recv != nil {
			continue
		}
		s.Main = false
		if !mentions(f, "nstest") {
			return fmt.Errorf("%s: this TestMain does not run the tests by nstest.Main(m), without which they need root.\n"+
				"Either change it (go doc %s/nstest.Main), or begin in a folder of its own: mkdir nettest && gonso init nettest", fset.Position(f.Pos()), ours)
		}
	}
	return nil
}

// nameOf returns the name of a function that is called, without its package.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// mentions reports whether a function uses the package with that name.
func mentions(f *ast.FuncDecl, name string) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if ok {
			x, ok := s.X.(*ast.Ident)
			found = found || ok && x.Name == name
		}
		return true
	})
	return found
}

// packageName makes a name of the folder's.
func (m *module) packageName() (string, error) {
	dir, err := filepath.Abs(m.dir)
	if err != nil {
		return "", err
	}
	name := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return -1
	}, filepath.Base(dir))
	if !token.IsIdentifier(name) {
		name = "namespaces"
	}
	return name, nil
}
