// SPDX-License-Identifier: Apache-2.0

// Package callsite finds lines of the test in the call stack, for messages.
package callsite

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// Outside returns the line that has called the packages with those import paths, such as "router_test.go:17", or nothing if
// none has: a goroutine began in them. It is for functions of these packages.
func Outside(paths ...string) string { return At(PlaceOutside(paths...)) }

// PlaceOutside is [Outside] for what is no message.
func PlaceOutside(paths ...string) tracedata.Place { return place(outside(paths)) }

func outside(paths []string) runtime.Frame {
	return frame(func(f runtime.Frame) bool { return !isOf(f, paths) })
}

// Panicked returns the line that has panicked, or has called one of those packages, which has: the first below the runtime's
// frames. It is for a deferred function.
func Panicked(paths ...string) string { return At(PlacePanicked(paths...)) }

// PlacePanicked is [Panicked] for what is no message.
func PlacePanicked(paths ...string) tracedata.Place { return place(panicked(paths)) }

func panicked(paths []string) runtime.Frame {
	panicking := false
	return frame(func(f runtime.Frame) bool {
		isRuntime := strings.HasPrefix(f.Function, "runtime.")
		panicking = panicking || isRuntime
		return panicking && !isRuntime && !isOf(f, paths)
	})
}

func isOf(f runtime.Frame, paths []string) bool {
	return slices.ContainsFunc(paths, func(path string) bool { return strings.HasPrefix(f.Function, path+".") })
}

// Under reports whether a function is in the call stack.
func Under(function string) (is bool) {
	frame(func(f runtime.Frame) bool {
		is = is || f.Function == function
		return is
	})
	return is
}

// starters are what is below the functions of a goroutine that is none of a test.
var starters = []string{"runtime.goexit", "sync.(*WaitGroup).Go.func1", "time.goFunc"}

// frame returns the first frame of the call stack that is wanted, from who has called this package on, or none.
func frame(wanted func(runtime.Frame) bool) runtime.Frame {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		switch {
		case slices.Contains(starters, frame.Function):
			return runtime.Frame{}
		case strings.HasPrefix(frame.Function, thisPackage):
		case wanted(frame) || !more:
			return frame
		}
	}
}

const thisPackage = "github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite."

// At is a place as messages have it, such as "router_test.go:17", or nothing if it is none.
func At(p tracedata.Place) string {
	if p.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", filepath.Base(p.File), p.Line)
}

func place(f runtime.Frame) tracedata.Place { return tracedata.Place{File: f.File, Line: f.Line} }

// Log logs a text as tb.Log does, at a line of the test that is not in the call stack. Somebody's own test logs the text alone.
func Log(tb testing.TB, where, text string) {
	switch tb.(type) {
	case *testing.T, *testing.B, *testing.F:
		// Package testing indents the second line and those that follow.
		fmt.Fprintf(tb.Output(), "%s: %s\n", where, strings.ReplaceAll(text, "\n", "\n    "))
	default:
		tb.Helper()
		tb.Log(text)
	}
}

// Error fails a test as tb.Error does, at a line as [Log] has it. Ginkgo takes only lines that are in the call stack, and
// panics.
func Error(tb testing.TB, where, text string) {
	switch tb.(type) {
	case *testing.T, *testing.B, *testing.F:
		Log(tb, where, text)
		tb.Fail()
	case *ginkgo.GinkgoTBWrapper:
		depth := 0
		found := frame(func(f runtime.Frame) bool {
			depth++
			return At(place(f)) == where
		})
		if At(place(found)) != where {
			ginkgo.Fail(where + ": " + text)
		}
		ginkgo.Fail(text, depth)
	default:
		tb.Helper()
		tb.Error(text)
	}
}
