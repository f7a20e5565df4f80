// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A fake is a test whose end is up to the one that really runs.
type fake struct {
	testing.TB
	failed   bool
	cleanups []func()
	log      []string
}

func (f *fake) Helper()          {}
func (f *fake) Failed() bool     { return f.failed }
func (f *fake) Cleanup(g func()) { f.cleanups = append(f.cleanups, g) }
func (f *fake) Log(args ...any)  { f.log = append(f.log, fmt.Sprint(args...)) }
func (f *fake) Errorf(format string, args ...any) {
	f.failed = true
	f.Log(fmt.Sprintf(format, args...))
}

func (f *fake) end() {
	for len(f.cleanups) > 0 {
		last := f.cleanups[len(f.cleanups)-1]
		f.cleanups = f.cleanups[:len(f.cleanups)-1]
		last()
	}
}

// An observer notes what it is told of one test.
type observer struct {
	of    testing.TB
	ofAll func() // the clean-up of an instance that comes last, or nil
	notes []string
}

func (o *observer) note(what string, t *lifecycle.Test, instances []*lifecycle.Instance) {
	if t.TB() != o.of {
		return
	}
	for _, in := range instances {
		what += " " + in.Name
		if in.Set.Closed() {
			what += " (closed)"
		}
	}
	o.notes = append(o.notes, what)
}

func (o *observer) Began(in *lifecycle.Instance) {
	if o.ofAll != nil && in.TB == o.of {
		in.TB.Cleanup(o.ofAll)
	}
}

func (o *observer) Failed(t *lifecycle.Test) { o.note("failed", t, t.Instances()) }
func (o *observer) Hangs(t *lifecycle.Test)  { o.note("hangs", t, t.Instances()) }
func (o *observer) Ended(t *lifecycle.Test, instances []*lifecycle.Instance) {
	o.note("ended", t, instances)
}

// observed runs a test, and returns what an observer is told of it.
func observed(t *testing.T, run func(f *fake, note func(string))) []string {
	f := &fake{TB: t}
	o := &observer{of: f}
	remove := lifecycle.Observe(o)
	defer remove()
	run(f, func(what string) { o.notes = append(o.notes, what) })
	f.end()
	return o.notes
}

func TestObserversAreToldOfAFailureBeforeCleanUps(t *testing.T) {
	g := NewWithT(t)
	g.Expect(observed(t, func(f *fake, note func(string)) {
		for _, name := range []string{"first", "second"} {
			ns := nstest.New(f, set.NS_UTS, nstest.Named(name))
			ns.Cleanup(f, func() error { note("clean up " + name); return nil })
		}
		f.failed = true
	})).To(Equal([]string{"failed first second", "clean up second", "clean up first", "ended first second"}))

	g.Expect(observed(t, func(f *fake, note func(string)) {
		ns := nstest.New(f, set.NS_UTS, nstest.Named("only"))
		ns.Cleanup(f, func() error { note("clean up"); return nil })
	})).To(Equal([]string{"clean up", "ended only"}), "a test that passes has not failed")

	g.Expect(observed(t, func(f *fake, note func(string)) {
		nstest.New(f, set.NS_UTS, nstest.Named("first"))
		f.Cleanup(func() { f.Errorf("on purpose") })
		nstest.New(f, set.NS_UTS, nstest.Named("second"))
	})).To(Equal([]string{"failed first second", "ended first second"}), "the Set of the second one is kept until then")

	g.Expect(observed(t, func(f *fake, note func(string)) {
		ns := nstest.New(f, set.NS_UTS, nstest.Named("only"))
		ns.Cleanup(f, func() error { note("clean up"); return errors.New("on purpose") })
		f.failed = true
		f.Cleanup(func() { note("of the test itself") })
	})).To(Equal([]string{"of the test itself", "failed only", "clean up", "ended only"}), "once")
}

func TestAnObserversCleanUpIsAfterThatOfTheInstance(t *testing.T) {
	f := &fake{TB: t}
	o := &observer{of: f}
	o.ofAll = func() { o.notes = append(o.notes, "clean-up of the observer") }
	defer lifecycle.Observe(o)()
	nstest.New(f, set.NS_UTS, nstest.Named("only"))
	f.end()
	NewWithT(t).Expect(o.notes).To(Equal([]string{"ended only", "clean-up of the observer"}))
}

func TestObserversThatAreGoneAreToldNothing(t *testing.T) {
	f := &fake{TB: t}
	o := &observer{of: f}
	lifecycle.Observe(o)()
	nstest.New(f, set.NS_UTS)
	f.end()
	NewWithT(t).Expect(o.notes).To(BeEmpty())
}

func TestWhatIsLoggedIsBounded(t *testing.T) {
	g := NewWithT(t)
	f := &fake{TB: t}
	for i := range 20 {
		nstest.New(f, set.NS_UTS, nstest.Named(fmt.Sprint(i)))
	}
	f.failed = true
	f.end()
	g.Expect(f.log).To(HaveLen(16))
	g.Expect(f.log[0]).To(HavePrefix("nstest: fixture 15 as the test failed: "))
	g.Expect(f.log[15]).To(HavePrefix("nstest: fixture 0 as the test failed: "))
	g.Expect(strings.Join(f.log, "\n")).To(ContainSubstring("nstest: 4 other fixtures of this test are left out here"))
}

func TestWhereAProcessIsLeftIsShownInAnyCase(t *testing.T) {
	g := NewWithT(t)
	f := &fake{TB: t}
	for i := range 20 {
		ns := nstest.New(f, set.NS_UTS, nstest.Named(fmt.Sprint(i)))
		if i == 18 {
			cmd := ns.Set().Command(t.Context(), "sleep", "1000")
			g.Expect(cmd.Start()).To(Succeed())
			t.Cleanup(func() { _ = cmd.Wait() }) // it was killed
		}
	}
	f.failed = true
	f.end()
	g.Expect(f.log).To(ContainElement(MatchRegexp(`^nstest: fixture 18 as the test failed: [^\n]*\nprocesses\n  \d+  sleep  sleep 1000`)))
}

func TestATestThatNobodyCanCompareIsATest(t *testing.T) {
	g := NewWithT(t)
	f := &fake{TB: t}
	type incomparable struct {
		*fake
		_ []int
	}
	ns := nstest.New(incomparable{fake: f}, set.NS_UTS)
	f.end()
	g.Expect(ns.Set().Closed()).To(BeTrue())
	g.Expect(f.log).To(BeEmpty())
}
