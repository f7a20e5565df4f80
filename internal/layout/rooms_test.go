// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/seed-1bc5c4a2/gonso"
	xsys   = "golang.org/x/sys"
)

// A room is a package, or with "/..." at the end a package and all below it.
type room struct {
	name    string
	imports []string // the rooms that it may import
	light   bool     // links golang.org/x/sys and no other module, itself or through what it imports
	planned bool     // may be empty
}

// Packages belong to the first room that fits. Imports go down only: a room's
// imports stand in rows above, or are the room itself.
var rooms = []room{
	{name: "internal/typecheck"},
	{name: "internal/probe/...", imports: []string{"internal/probe/...", "internal/..."}},
	{name: "internal/...", imports: []string{"internal/..."}, light: true},
	{name: "set", imports: []string{"internal/..."}, light: true},
	{name: "pool", imports: []string{"internal/...", "set"}, light: true},
	{name: ".", imports: []string{"set", "pool"}, light: true},
	{name: "reexec", imports: []string{"internal/...", "set"}, light: true},
	{name: "reexec/gons", imports: []string{"internal/..."}, light: true},
	{name: "nstest/internal/...", imports: []string{"internal/probe/...", "internal/...", "set", "pool", ".", "reexec", "nstest/internal/..."}},
	{name: "nstest", imports: []string{"internal/probe/...", "internal/...", "set", "pool", ".", "reexec", "nstest/internal/..."}},
	{name: "nstest/trace/...", imports: []string{"internal/probe/...", "internal/...", "set", "pool", ".", "reexec", "nstest/internal/...", "nstest", "nstest/trace/..."}},
	{name: "nstest/link/...", imports: []string{"internal/probe/...", "internal/...", "set", "pool", ".", "reexec", "nstest/internal/...", "nstest", "nstest/link/..."}},
	{name: "nstest/wire/...", imports: []string{"internal/probe/...", "internal/...", "set", "pool", ".", "reexec", "nstest/internal/...", "nstest", "nstest/link/...", "nstest/trace/...", "nstest/wire/..."}},
	{name: "nstest/topo/...", imports: []string{"internal/probe/...", "internal/...", "set", "pool", ".", "reexec", "nstest/internal/...", "nstest", "nstest/link/...", "nstest/trace/...", "nstest/wire/...", "nstest/topo/..."}},
	{name: "cmd/...", imports: []string{"internal/probe/...", "internal/...", "set", "pool", ".", "reexec", "nstest/internal/...", "nstest", "nstest/trace/...", "nstest/link/...", "cmd/..."}},
	{name: "docs"},
	{name: "examples/...", imports: []string{"set", "pool", ".", "reexec", "reexec/gons", "nstest", "nstest/trace/...", "nstest/link/...", "nstest/wire/...", "nstest/topo/...", "examples/..."}},
}

func (r room) has(path string) bool {
	below, tree := strings.CutSuffix(r.name, "/...")
	return path == below || tree && strings.HasPrefix(path, below+"/")
}

// roomOf returns the room of a package of this module, and whether there is one.
func roomOf(rooms []room, importPath string) (room, bool) {
	path := "."
	if importPath != module {
		path = strings.TrimPrefix(importPath, module+"/")
	}
	i := slices.IndexFunc(rooms, func(r room) bool { return r.has(path) })
	if i < 0 {
		return room{}, false
	}
	return rooms[i], true
}

// misplaced says what in packages, a list closed over imports, is not as rooms has it.
func misplaced(rooms []room, packages []*goPackage) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }

	byPath := map[string]*goPackage{}
	for _, p := range packages {
		byPath[p.ImportPath] = p
	}
	inhabited := map[string]bool{}
	for _, p := range packages {
		if !p.ours() {
			continue
		}
		r, ok := roomOf(rooms, p.ImportPath)
		if !ok {
			complain("%s is in no room: give it a row of the table", p.ImportPath)
			continue
		}
		inhabited[r.name] = true
		if p.Doc == "" {
			complain("%s has no package comment", p.ImportPath)
		}
		for _, path := range p.Imports {
			imported := byPath[path]
			if imported == nil || !imported.ours() {
				continue
			}
			if to, ok := roomOf(rooms, path); ok && !slices.Contains(r.imports, to.name) {
				complain("%s imports %s: room %s may import %v only", p.ImportPath, path, r.name, r.imports)
			}
		}
		for _, path := range p.Deps {
			if dep := byPath[path]; r.light && dep != nil && !dep.light() {
				complain("%s links %s: room %s links the standard library and %s only", p.ImportPath, path, r.name, xsys)
			}
		}
	}
	for _, r := range rooms {
		if !inhabited[r.name] && !r.planned {
			complain("room %s is empty: its row holds nothing", r.name)
		}
	}
	return complaints
}

// acyclic says which rows import rooms of rows below them.
func acyclic(rooms []room) (complaints []string) {
	for i, r := range rooms {
		for _, name := range r.imports {
			// A room and its own exceptions, which stand above it, may import each other.
			at := slices.IndexFunc(rooms, func(r room) bool { return r.name == name })
			if at < 0 || at > i && !rooms[at].has(r.name) {
				complaints = append(complaints, fmt.Sprintf("room %s may import %s, which is no row above it", r.name, name))
			}
		}
	}
	return complaints
}

func TestImportsGoOneWay(t *testing.T) {
	for _, complaint := range acyclic(rooms) {
		t.Error(complaint)
	}
	for _, build := range builds {
		t.Run(build.name, func(t *testing.T) {
			for _, complaint := range misplaced(rooms, list(t, build.env, "-deps", "./...")) {
				t.Error(complaint)
			}
		})
	}
}

func TestRoomsFindWhatIsMisplaced(t *testing.T) {
	table := []room{
		{name: "internal/...", imports: []string{"internal/..."}, light: true},
		{name: "set", imports: []string{"internal/..."}, light: true},
		{name: "pool", imports: []string{"set"}},
		{name: "later", planned: true},
	}
	const gomega = "github.com/onsi/gomega"
	world := func(change func(set, pool *goPackage)) []*goPackage {
		ours := &goModule{Path: module}
		sys := &goPackage{ImportPath: module + "/internal/sys", Module: ours, Doc: "sys", Imports: []string{"C", "os"}}
		set := &goPackage{ImportPath: module + "/set", Module: ours, Doc: "set", Imports: []string{sys.ImportPath}}
		pool := &goPackage{ImportPath: module + "/pool", Module: ours, Doc: "pool", Imports: []string{set.ImportPath, gomega}}
		change(set, pool)
		for _, p := range []*goPackage{sys, set, pool} {
			p.Deps = p.Imports
		}
		return []*goPackage{
			{ImportPath: "os", Standard: true},
			{ImportPath: xsys + "/unix", Module: &goModule{Path: xsys}},
			{ImportPath: gomega, Module: &goModule{Path: gomega}},
			sys, set, pool,
		}
	}
	for want, change := range map[string]func(set, pool *goPackage){
		"":                                   func(set, pool *goPackage) {},
		"/set imports " + module + "/pool":   func(set, pool *goPackage) { set.Imports = append(set.Imports, pool.ImportPath) },
		"/set links " + gomega:               func(set, pool *goPackage) { set.Imports = append(set.Imports, gomega) },
		"/attic is in no room":               func(set, pool *goPackage) { pool.ImportPath = module + "/attic" },
		"/setting is in no room":             func(set, pool *goPackage) { pool.ImportPath = module + "/setting" },
		"room pool is empty":                 func(set, pool *goPackage) { pool.ImportPath = module + "/later" },
		"/pool has no package comment":       func(set, pool *goPackage) { pool.Doc = "" },
		"/pool imports " + module + "/later": func(set, pool *goPackage) { set.ImportPath = module + "/later"; pool.Imports[0] = set.ImportPath },
	} {
		got := misplaced(table, world(change))
		if want == "" && len(got) != 0 {
			t.Errorf("a world in order: %q", got)
		}
		if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, want) }) && want != "" {
			t.Errorf("no complaint has %q: %q", want, got)
		}
	}

	table[1].imports = append(table[1].imports, "pool")
	if got := acyclic(table); len(got) != 1 || !strings.Contains(got[0], "room set may import pool") {
		t.Errorf("a table that lets set import pool: %q", got)
	}
}
