// SPDX-License-Identifier: Apache-2.0

package topo_test

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/topo"
)

// A failing is a test that has failed, but for those around it.
type failing struct {
	testing.TB
	cleanups  []func()
	artifacts string // the folder
	mu        sync.Mutex
	log       []string
}

func (f *failing) Helper()             {}
func (f *failing) ArtifactDir() string { return f.artifacts }
func (f *failing) Failed() bool        { return true }
func (f *failing) Cleanup(g func())    { f.cleanups = append(f.cleanups, g) }
func (f *failing) Log(args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, strings.TrimSuffix(fmt.Sprintln(args...), "\n"))
}
func (f *failing) Logf(format string, args ...any)   { f.Log(fmt.Sprintf(format, args...)) }
func (f *failing) Error(args ...any)                 { f.Log(args...) }
func (f *failing) Errorf(format string, args ...any) { f.Log(fmt.Sprintf(format, args...)) }
func (f *failing) Fatalf(format string, args ...any) {
	f.Log(fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// A panicking is a test that has not failed, but panics.
type panicking struct{ *failing }

func (panicking) Failed() bool { return false }

// cleanUp runs the clean-ups.
func (f *failing) cleanUp() {
	for len(f.cleanups) > 0 {
		last := f.cleanups[len(f.cleanups)-1]
		f.cleanups = f.cleanups[:len(f.cleanups)-1]
		last()
	}
}

// logOf runs a test that fails and returns those entries of its log that begin with "topo: ".
func logOf(t *testing.T, run func(tb testing.TB)) (log []string) {
	t.Helper()
	f := &failing{TB: t}
	run(f)
	f.cleanUp()
	return f.ofTopo()
}

func (f *failing) ofTopo() (log []string) {
	for _, text := range f.log {
		if strings.HasPrefix(text, "topo: ") {
			log = append(log, text)
		}
	}
	return log
}

func TestFailureTellsWhatWasDone(t *testing.T) {
	g := NewWithT(t)
	log := logOf(t, func(tb testing.TB) {
		n := topo.New(tb)
		a, b := n.Host("a"), n.Host("b")
		l := n.Link(a, b)
		n.Up()
		l.Down()
		l.Down() // it is down already
		l.Up()
		n.Partition([]topo.Node{a}, []topo.Node{b})
		n.Isolate(a)
		n.Heal()
	})
	g.Expect(log).To(HaveLen(2))
	line := func(what string) string { return ` +\d+\.\d{3}s  ` + regexp.QuoteMeta(what) }
	at := func(what string) string { return line(what) + ` \(log_linux_test\.go:\d+\)` }
	g.Expect(log[1]).To(MatchRegexp(strings.Join([]string{
		"^topo: what was done to the network, by the time since Up:",
		at("cut a-b"), at("mend a-b"), at("partition [a] [b]"), at("isolate [a]"), at("heal"), line("the test failed, and ends"),
	}, "\n")))
}

func TestLogOfFaultsIsBounded(t *testing.T) {
	g := NewWithT(t)
	log := logOf(t, func(tb testing.TB) {
		n := topo.New(tb)
		l := n.Link(n.Host("a"), n.Host("b"))
		n.Up()
		for range 40 {
			l.Down()
			l.Up()
		}
	})
	g.Expect(log).To(HaveLen(2))
	g.Expect(strings.Count(log[1], "\n")).To(Equal(52))
	g.Expect(log[1]).To(ContainSubstring(" 30 events, left out here\n"))
}

func TestAPanicShowsTheNetwork(t *testing.T) {
	g := NewWithT(t)
	f := &failing{TB: t}
	func() {
		defer func() { g.Expect(recover()).To(Equal("on purpose")) }()
		defer f.cleanUp() // as package testing does it
		n := topo.New(panicking{f})
		l := n.Link(n.Host("a"), n.Host("b"))
		n.Up()
		l.Down()
		panic("on purpose")
	}()
	g.Expect(f.ofTopo()).To(ConsistOf(
		ContainSubstring("the network as the test failed"), ContainSubstring("what was done to the network")))
}

func TestNodesAreShownInTheOrderInWhichTheyWereMade(t *testing.T) {
	g := NewWithT(t)
	f := &failing{TB: t}
	n := topo.New(f)
	for i := range 20 {
		n.Host(fmt.Sprintf("h%d", i))
	}
	f.cleanUp()
	const shown = 16
	var fixtures []string
	for _, text := range f.log {
		if strings.HasPrefix(text, "nstest: fixture ") {
			fixtures = append(fixtures, text)
		}
	}
	g.Expect(fixtures).To(HaveLen(shown))
	for i, text := range fixtures {
		g.Expect(text).To(HavePrefix(fmt.Sprintf("nstest: fixture h%d as the test failed: net:[", i)))
	}
	g.Expect(fixtures[shown-1]).To(HaveSuffix("\nnstest: 4 other fixtures of this test are left out here: there is the state of the first 16"))
}
