// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/testfield"
)

// A bystander is told of failures where no test can be: its own methods stand in for those
// that package testing does not allow there.
type bystander struct {
	testing.TB // has ended, or runs its fuzz target; nil where a tree of Ginkgo is made
	instance   *instance
	inTarget   bool
}

func (b *bystander) Helper() {}

func (b *bystander) Fatalf(format string, args ...any) { b.Fatal(fmt.Sprintf(format, args...)) }

// Fatal ends the goroutine. One that runs a test has to panic: if it ended in any other way,
// package testing would say nothing but that it did. Any other goroutine ends as FailNow
// would end it, and the tests around have failed already.
func (b *bystander) Fatal(args ...any) {
	at, runsTest := caller()
	text := at + ": " + fmt.Sprint(args...)
	if b.TB == nil || b.inTarget || runsTest {
		panic(text)
	}
	b.Log(text)
	runtime.Goexit()
}

func (b *bystander) Errorf(format string, args ...any) { b.Log(fmt.Sprintf(format, args...)) }

// Log adds to the log of a test around that still runs. In a fuzz target none has one.
func (b *bystander) Log(args ...any) {
	defer func() {
		if recover() != nil { // it has ended just now
			fmt.Fprintln(os.Stderr, args...)
		}
	}()
	if b.inTarget || !testfield.Heard(b.TB) {
		fmt.Fprintln(os.Stderr, args...)
		return
	}
	b.TB.Log(args...)
}

func (b *bystander) Cleanup(f func()) {
	b.instance.mu.Lock()
	defer b.instance.mu.Unlock()
	b.instance.ends = append(b.instance.ends, f)
}

func (b *bystander) Context() context.Context { return context.Background() }

func (b *bystander) Output() io.Writer { return os.Stderr }

// ours are the packages whose functions pass on what a test asks of a fixture.
var ours = []string{thisPackage, thisPackage + "/link", thisPackage + "/topo", thisPackage + "/wire"}

// caller returns the file and line that called these packages, and whether the goroutine is
// one that runs a test.
func caller() (at string, runsTest bool) {
	pcs := make([]uintptr, 1000)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		frame, more := frames.Next()
		if at == "" && !slices.ContainsFunc(ours, func(path string) bool { return strings.HasPrefix(frame.Function, path+".") }) {
			at = fmt.Sprintf("%s:%d", frame.File, frame.Line)
		}
		for _, runner := range []string{"testing.tRunner", "testing.fRunner", "testing.(*B)."} {
			runsTest = runsTest || strings.HasPrefix(frame.Function, runner)
		}
		// Do brings the end of its function back to the goroutine that called it.
		runsTest = runsTest || strings.HasSuffix(frame.Function, "/internal/thread.locked")
		if !more {
			return at, runsTest
		}
	}
}
