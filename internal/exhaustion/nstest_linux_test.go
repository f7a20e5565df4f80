// SPDX-License-Identifier: Apache-2.0

package exhaustion_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/onsi/gomega/types"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// nstestCalls are those of package nstest that a test calls; what it logs and how it
// ends is their error. A fixture with a Setup has no pool, whose filler would be at work.
func (w *world) nstestCalls() []call {
	fresh := func(tb testing.TB, flags int) *nstest.Fixture { return nstest.New(tb, flags, nstest.Setup(func() {})) }
	inNet := func(f func(tb testing.TB, ns *nstest.Fixture)) func() error {
		return asTest(func(tb testing.TB) { f(tb, fresh(tb, set.NS_NET)) })
	}
	here := func(ns *nstest.Fixture, m types.GomegaMatcher) func(testing.TB) {
		return func(tb testing.TB) {
			if ok, err := m.Match(ns); err != nil || !ok {
				tb.Fatalf("%v %v", ok, err)
			}
		}
	}
	return []call{
		{"Fixture", asTest(func(tb testing.TB) { fresh(tb, set.NS_NET|set.NS_MNT) })},
		{"Fixture of processes", asTest(func(tb testing.TB) {
			nstest.New(tb, set.NS_USER|set.NS_PID, nstest.Unshare(set.WithRootMapped()))
		})},
		{"Require", asTest(func(tb testing.TB) { nstest.Require(tb, set.NS_NET|set.NS_PID) })},
		{"Enter", asTest(func(tb testing.TB) { nstest.Enter(tb, set.NS_NET, nstest.Setup(func() {})) })},
		{"Fixture.Do", inNet(func(_ testing.TB, ns *nstest.Fixture) { ns.Do(func() {}) })},
		{"Fixture.Netlink", inNet(func(tb testing.TB, ns *nstest.Fixture) {
			if _, err := ns.Netlink().LinkByName("lo"); err != nil {
				tb.Fatal(err)
			}
		})},
		{"Fixture.AddAddress", inNet(func(_ testing.TB, ns *nstest.Fixture) { ns.AddAddress("lo", "192.0.2.1/24") })},
		{"Fixture.Listen", inNet(func(tb testing.TB, ns *nstest.Fixture) { ns.Listen("tcp", "127.0.0.1:0") })},
		{"Fixture.ListenPacket", inNet(func(tb testing.TB, ns *nstest.Fixture) { ns.ListenPacket("udp", "127.0.0.1:0") })},
		{"BeIsolatedFrom", inNet(func(tb testing.TB, ns *nstest.Fixture) { here(ns, nstest.BeIsolatedFrom(w.net, set.NS_NET))(tb) })},
		{"HaveLink", inNet(func(tb testing.TB, ns *nstest.Fixture) { here(ns, nstest.HaveLink("lo", nstest.BeUp()))(tb) })},
		{"Reach", inNet(func(tb testing.TB, ns *nstest.Fixture) { here(ns, nstest.Reach("127.0.0.1"))(tb) })},
		{"HaveLeakedFds", asTest(func(tb testing.TB) {
			if leaked, err := nstest.HaveLeakedFds(nstest.Snapshot()).Match(nstest.Snapshot()); leaked || err != nil {
				tb.Fatalf("%v %v", leaked, err)
			}
		})},
	}
}

// A recorder is a test that nobody runs.
type recorder struct {
	testing.TB // nil: of what is not here, nstest has no need
	said       []string
	failed     bool
	cleanups   []func()
	ctx        context.Context
}

// skipped is what a recorder adds where a test is skipped.
const skipped = " (skipped)"

// asTest runs f as a test, with its clean-ups, and returns what it said.
func asTest(f func(testing.TB)) func() error {
	return func() error {
		ctx, cancel := context.WithCancel(context.Background())
		r := &recorder{ctx: ctx}
		done := make(chan any)
		go func() {
			defer func() { done <- recover() }()
			defer r.cleanUp()
			defer cancel()
			f(r)
		}()
		if v := <-done; v != nil {
			panic(v)
		}
		if !r.failed {
			return nil
		}
		// An errno has become text, if it is said at all.
		err := errors.New(strings.Join(r.said, "\n"))
		for _, errno := range []unix.Errno{unix.EMFILE, unix.ENOSPC} {
			if strings.Contains(err.Error(), errno.Error()) {
				err = fmt.Errorf("%w\n%w", err, errno)
			}
		}
		return err
	}
}

// cleanUp goes on where one of the clean-ups ends the goroutine.
func (r *recorder) cleanUp() {
	last := len(r.cleanups) - 1
	if last < 0 {
		return
	}
	f := r.cleanups[last]
	r.cleanups = r.cleanups[:last]
	defer r.cleanUp()
	f()
}

func (r *recorder) Helper()                   {}
func (r *recorder) Name() string              { return "TestRecorded" }
func (r *recorder) Failed() bool              { return r.failed }
func (r *recorder) Skipped() bool             { return false }
func (r *recorder) Context() context.Context  { return r.ctx }
func (r *recorder) Output() io.Writer         { return io.Discard }
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Log(args ...any)           { r.said = append(r.said, fmt.Sprint(args...)) }
func (r *recorder) Logf(f string, a ...any)   { r.Log(fmt.Sprintf(f, a...)) }
func (r *recorder) Error(args ...any)         { r.Log(args...); r.failed = true }
func (r *recorder) Errorf(f string, a ...any) { r.Error(fmt.Sprintf(f, a...)) }
func (r *recorder) Fatal(args ...any)         { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(f string, a ...any) { r.Fatal(fmt.Sprintf(f, a...)) }
func (r *recorder) Skip(args ...any) {
	r.Fatal(append(args, skipped)...)
}
func (r *recorder) Skipf(f string, a ...any) { r.Skip(fmt.Sprintf(f, a...)) }
func (r *recorder) TempDir() string {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
