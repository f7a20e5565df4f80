// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// A surface is what packages export: lines by the name of the package, which is its path
// below the module's or, for the one at its top, the last element of the module's.
type surface map[string][]string

// listed is what go list says of a package.
type listed struct {
	ImportPath, Name, Export string
	DepOnly                  bool
	Module                   *struct{ Path string }
}

// public reports whether other modules may import the package and are meant to.
func (p *listed) public() bool {
	hidden := func(element string) bool { return element == "internal" || element == "examples" }
	return !p.DepOnly && p.Name != "main" && !slices.ContainsFunc(strings.Split(p.ImportPath, "/"), hidden)
}

// load returns the surface of the module at root. The compiler's export data tells it.
func load(root string) (surface, error) {
	packages, err := list(root)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, p := range packages {
		exports[p.ImportPath] = p.Export
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("go list has no export data of %s", path)
		}
		return os.Open(exports[path])
	})
	s := surface{}
	for _, p := range packages {
		if !p.public() {
			continue
		}
		pkg, err := from.Import(p.ImportPath)
		if err != nil {
			return nil, fmt.Errorf("read what %s exports: %w", p.ImportPath, err)
		}
		name := strings.TrimPrefix(p.ImportPath, p.Module.Path+"/")
		if p.ImportPath == p.Module.Path {
			name = path.Base(p.ImportPath)
		}
		if lines := exported(pkg); len(lines) > 0 { // not what has tests alone
			s[name] = lines
		}
	}
	return s, nil
}

// list lists the packages of the module at root with all that they import, as they are on
// Linux, whatever machine this is.
func list(root string) (packages []*listed, err error) {
	cmd := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Name,Export,DepOnly,Module", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	cmd.Env = append(os.Environ(), "GOOS=linux")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cmd, err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := new(listed)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("%v: %w", cmd, err)
		}
		packages = append(packages, p)
	}
}
