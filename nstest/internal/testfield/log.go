// SPDX-License-Identifier: Apache-2.0

package testfield

import (
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What a test logs is in a buffer of package testing, or with -test.v is printed at once. There is no
// method that shows it, nor one that has something done after all clean-ups. So this looks into the fields, under their
// locks. It is done where traces are asked for, or a test waits.

// common returns the fields that all kinds of tests have, or an invalid value.
func common(tb testing.TB) reflect.Value {
	switch tb.(type) {
	case *testing.T, *testing.B, *testing.F:
		return reflect.ValueOf(tb).Elem().FieldByName("common")
	}
	return reflect.Value{}
}

// field returns a pointer to a field of that type, or nil if there is none.
func field[T any](of reflect.Value, name string) *T {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return nil
	}
	f := of.FieldByName(name)
	if !f.IsValid() || !f.CanAddr() || f.Type() != reflect.TypeFor[T]() {
		return nil
	}
	return (*T)(f.Addr().UnsafePointer())
}

// Output returns what the test has logged and package testing has not printed, which is nothing with -test.v, but for that many
// bytes. It says whether the test has failed, and whether this could be found out. The test must not have ended.
func Output(tb testing.TB, but int) (text string, failed, ok bool) {
	fields := common(tb)
	mu, output, mark := field[sync.RWMutex](fields, "mu"), field[[]byte](fields, "output"), field[bool](fields, "failed")
	if mu == nil || output == nil || mark == nil {
		return "", false, false
	}
	mu.RLock()
	defer mu.RUnlock()
	return string((*output)[min(but, len(*output)):]), *mark, true
}

// Heard reports whether package testing prints what the test logs: it, or a test around it, still runs. What others log is thrown
// away, without a word.
func Heard(tb testing.TB) bool {
	for fields := common(tb); fields.Kind() == reflect.Struct; {
		parent := fields.FieldByName("parent")
		mu, done := field[sync.RWMutex](fields, "mu"), field[bool](fields, "done")
		if mu == nil || done == nil || parent.Kind() != reflect.Pointer || parent.IsNil() { // the last one is around all tests, and none
			return false
		}
		mu.RLock()
		ended := *done
		mu.RUnlock()
		if !ended {
			return true
		}
		fields = parent.Elem()
	}
	return false
}

// AtEnd has f called after all clean-ups of the test, those too that were registered before. It reports whether it will be.
func AtEnd(tb testing.TB, f func()) bool {
	fields := common(tb)
	mu, cleanups := field[sync.RWMutex](fields, "mu"), field[[]func()](fields, "cleanups")
	if mu == nil || cleanups == nil {
		return false
	}
	mu.Lock()
	defer mu.Unlock()
	*cleanups = slices.Insert(*cleanups, 0, f) // the last one is called first
	return true
}

// A Listener is shown what is printed while it is printed, by the goroutine that prints it, which holds locks of package testing.
// Whether the test fails by it is known by who has called: Error, Errorf, Fatal or
// Fatalf, or what stands for them.
type Listener func(test, text string, fails bool)

// A tee is a writer that shows what is written.
type tee struct {
	io.Writer
	name   *string // of the test that prints, under the lock that the writer holds
	listen Listener
}

func (w *tee) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if text := string(p); strings.HasPrefix(text, "    ") { // all else is package testing's own
		w.listen(*w.name, text, fails())
	}
	return n, err
}

// fails reports whether the calling goroutine is in a method that fails a test.
func fails() bool {
	var pcs [64]uintptr
	return slices.ContainsFunc(pcs[:runtime.Callers(1, pcs[:])], func(pc uintptr) bool {
		function := runtime.FuncForPC(pc - 1).Name()
		name, ours := strings.CutPrefix(function, "testing.(*common).")
		return function == "github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite.Error" || ours && (strings.HasPrefix(name, "Error") || strings.HasPrefix(name, "Fatal"))
	})
}

// Listen has what tests print with -test.v shown to a listener, until package testing has run all of them once. It reports
// whether it will be; without -test.v there is nothing to hear.
func Listen(tb testing.TB, listen Listener) bool {
	fields := common(tb)
	if !fields.IsValid() {
		return false
	}
	root := fields
	for parent := root.FieldByName("parent"); parent.Kind() == reflect.Pointer && !parent.IsNil(); parent = root.FieldByName("parent") {
		root = parent.Elem()
	}
	printer := fields.FieldByName("chatty")
	if printer.Kind() != reflect.Pointer || printer.IsNil() {
		return false
	}
	// Package testing compares the two writers, to know whether it prints or fills the buffer of a test.
	mu, name, writer := field[sync.Mutex](printer, "lastNameMu"), field[string](printer, "lastName"), field[io.Writer](printer, "w")
	rootMu, rootWriter := field[sync.RWMutex](root, "mu"), field[io.Writer](root, "w")
	if mu == nil || name == nil || writer == nil || rootMu == nil || rootWriter == nil {
		return false
	}
	rootMu.Lock()
	defer rootMu.Unlock()
	mu.Lock()
	defer mu.Unlock()
	if _, listens := (*writer).(*tee); listens {
		return true
	}
	if *writer != *rootWriter {
		return false
	}
	*writer = &tee{*writer, name, listen}
	*rootWriter = *writer
	return true
}
