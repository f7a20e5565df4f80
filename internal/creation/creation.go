// SPDX-License-Identifier: Apache-2.0

// Package creation remembers where a program has made what it has to give back: Sets, which have
// descriptors, calls that sit on a thread, and processes. A report of those left behind can then
// say where each was made:
//
//	descriptor 7: net:[4026532281] (a Set made at router_test.go:12 in router.TestForwards)
//
// It remembers only while it is switched on, as by nstest.Main. Otherwise it costs only the check
// of that switch.
package creation

import (
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// A Thing is what may be left behind, as the kernel numbers it.
type Thing struct {
	kind string
	id   int
}

// Descriptor is an open file of this process.
func Descriptor(number int) Thing { return Thing{"descriptor", number} }

// Thread is one of this process.
func Thread(id int) Thing { return Thing{"thread", id} }

// Process is a child.
func Process(id int) Thing { return Thing{"process", id} }

// A Site is a place in a program. The zero Site is unknown.
type Site struct {
	pcs     []uintptr
	started string // see goStatement
}

// Known reports whether it is.
func (s Site) Known() bool { return s.pcs != nil }

var watched atomic.Bool

// Watch begins or ends to remember. What is remembered is forgotten at the end.
func Watch(begin bool) {
	watched.Store(begin)
	if !begin {
		made.Lock()
		defer made.Unlock()
		clear(made.by)
	}
}

// depth is how many frames are kept. Those of this module, at the top, are a dozen at most.
const depth = 32

// Here is where the caller was called, or unknown if nothing is remembered.
func Here() Site {
	if !watched.Load() {
		return Site{}
	}
	var all [depth]uintptr
	pcs := all[:runtime.Callers(3, all[:])]
	return Site{slices.Clone(pcs), goStatement(pcs)}
}

// made has what there is, by what gives it back.
var made = struct {
	sync.Mutex
	by map[any]entry
}{by: make(map[any]entry)}

type entry struct {
	what   string
	site   Site
	things []Thing
}

// Add remembers what owner has, until [Remove]. It keeps the owner from being collected: where that
// would give things back, the owner is one of them. An unknown site is not remembered. The text says
// what it is and what was done, such as "a Set made".
func Add(owner any, what string, site Site, things ...Thing) {
	if !site.Known() {
		return
	}
	made.Lock()
	defer made.Unlock()
	made.by[owner] = entry{what, site, things}
}

// Hand replaces what is remembered of owner: from now on another line of code is
// responsible for it.
func Hand(owner any, what string, site Site) {
	if !site.Known() {
		return
	}
	made.Lock()
	defer made.Unlock()
	if e, known := made.by[owner]; known {
		made.by[owner] = entry{what, site, e.things}
	}
}

// Remove forgets what owner had. It comes before the numbers are given back to the kernel, which
// hands them out again.
func Remove(owner any) {
	if !watched.Load() {
		return
	}
	made.Lock()
	defer made.Unlock()
	delete(made.by, owner)
}

// Of tells where a thing is from, "" if that is not known.
func Of(thing Thing) string {
	made.Lock()
	defer made.Unlock()
	for _, e := range made.by {
		if slices.Contains(e.things, thing) {
			return e.what + " at " + e.site.String()
		}
	}
	return ""
}

// String has the first frame that is not of this module and, if that is in another function, the
// outermost that is not of a test library: a test, as a rule.
func (s Site) String() string {
	var first, last *runtime.Frame
	for frames, more := runtime.CallersFrames(s.pcs), len(s.pcs) > 0; more; {
		var f runtime.Frame
		f, more = frames.Next()
		switch {
		case ours(f) || f.Function == "" || f.Function == "runtime.goexit":
		case first == nil:
			first, last = &f, &f
		case !isRunner(f):
			last = &f
		}
	}
	switch {
	case first == nil && s.started != "":
		return s.started + ", by a go statement"
	case first == nil:
		return "an unknown place"
	case first.Function == last.Function:
		return show(first)
	}
	return show(first) + ", called at " + show(last)
}

func show(f *runtime.Frame) string { return showAt(f.File+":"+strconv.Itoa(f.Line), f.Function) }

func showAt(line, function string) string { return filepath.Base(line) + " in " + path.Base(function) }

// module is the path of this one.
var module = strings.TrimSuffix(reflect.TypeFor[Site]().PkgPath(), "/internal/creation")

// ours reports whether a frame is of this module, and not of its tests.
func ours(f runtime.Frame) bool {
	rest, in := strings.CutPrefix(f.Function, module)
	return in && strings.IndexAny(rest, "/.") == 0 &&
		!strings.HasSuffix(f.File, "_test.go") && !strings.Contains(f.File, "/testdata/")
}

// isRunner reports whether a frame is of what runs tests.
func isRunner(f runtime.Frame) bool {
	for _, name := range []string{"testing.", "runtime.", "github.com/onsi/ginkgo/", "main.main"} {
		if strings.HasPrefix(f.Function, name) {
			return true
		}
	}
	return false
}
