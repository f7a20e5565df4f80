// SPDX-License-Identifier: Apache-2.0

package calls

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/reexec"
)

const (
	net   = gonso.NS_NET
	three = gonso.NS_CGROUP | gonso.NS_NET | gonso.NS_UTS
)

var double = reexec.Func("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

// TestOperations is what is traced; by itself it has nothing to do.
func TestOperations(t *testing.T) {
	if os.Getenv(child) == "" {
		return
	}
	inSets(t)
	ofProcesses(t)
	inFixtures(t) // last, since it leaves goroutines that make namespaces
}

func inSets(t *testing.T) {
	one, many := unshare(t, net), unshare(t, three)
	raw := func(s gonso.Set) func() {
		return func() { check(t, s.DoRaw(func() bool { return true }, true)) }
	}
	for range 100 { // until the runtime has what it needs
		raw(one)()
	}
	counted(t, "DoRaw, one kind", all, raw(one))
	counted(t, "DoRaw, three kinds", all, raw(many))
	counted(t, "Do, one kind", all, func() { check(t, one.Do(func() {})) })
	var s gonso.Set
	var err error
	counted(t, "Unshare, one kind", all, func() { s, err = gonso.Unshare(net) })
	check(t, err)
	counted(t, "Close, one kind", all, func() { check(t, s.Close()) })
	counted(t, "Unshare, three kinds", all, func() { s, err = gonso.Unshare(three) })
	check(t, err)
	check(t, s.Close())
	counted(t, "Current, one kind", all, func() { s, err = gonso.Current(net) })
	check(t, err)
	check(t, s.Close())
	counted(t, "Dup, three kinds", all, func() { s, err = many.Dup(0) })
	check(t, err)
	check(t, s.Close())
	done := make(chan error)
	go func() { // whose thread ends with it
		runtime.LockOSThread()
		var err error
		counted(t, "Enter, one kind", mine, func() { err = one.Enter() })
		done <- err
	}()
	check(t, <-done)
	pooled(t)
}

func pooled(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p := gonso.NewPool(net, nil)
	ended, stop := p.Run(context.Background(), 2)
	defer stop()
	for p.Len() < 2 {
		if ended.Err() != nil {
			t.Fatal(context.Cause(ended))
		}
		runtime.Gosched()
	}
	var s gonso.Set
	var err error
	counted(t, "Pool.Get, one is ready", mine, func() { s, err = p.Get() })
	check(t, err)
	check(t, s.Close())
}

func inFixtures(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fixture := func(flags int) { t.Run("", func(t *testing.T) { nstest.New(t, flags) }) }
	fixture(net) // the first of all compares the machine's settings with the kernel's own
	counted(t, "nstest.New and its clean-up, none is ready", all, func() { fixture(net | gonso.NS_UTS) })
	before := networks(t)
	t.Run("", func(t *testing.T) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		nstest.New(t, net)           // the second, from which on some are kept ready
		for networks(t) < before+3 { // this one, one that is made, and one that is ready
			runtime.Gosched()
		}
		counted(t, "nstest.New, one is ready", mine, func() { nstest.New(t, net) })
	})
}

// networks counts the descriptors of network namespaces.
func networks(t *testing.T) (n int) {
	files, err := os.ReadDir("/proc/self/fd")
	check(t, err)
	for _, file := range files {
		name, _ := os.Readlink("/proc/self/fd/" + file.Name()) // of the folder itself there is no more
		if strings.HasPrefix(name, "net:") {
			n++
		}
	}
	return n
}

func ofProcesses(t *testing.T) {
	s := unshare(t, net)
	pids, err := gonso.Unshare(gonso.NS_PID)
	check(t, err)
	inside := func() { check(t, s.Command(t.Context(), "/bin/true").Run()) }
	insidePIDs := func() { check(t, pids.Command(t.Context(), "/bin/true").Run()) }
	outside := func() { check(t, exec.Command("/bin/true").Run()) }
	action := func() {
		_, err := double.Run(t.Context(), 2)
		check(t, err)
	}
	for _, f := range []func(){inside, insidePIDs, outside, action} {
		f() // what is done once
	}
	counted(t, "Set.Command", all, inside)
	counted(t, "Set.Command, pid", all, insidePIDs)
	check(t, pids.Close()) // whose first process is a child, which fixtures would look for
	counted(t, "os/exec", all, outside)
	counted(t, "an action of reexec", all, action)

	run := func(args ...string) func() {
		return func() {
			cmd := exec.Command(args[0], args[1:]...)
			cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "NSTEST_") || strings.HasPrefix(v, child) })
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", cmd, err, out)
			}
		}
	}
	gonso := os.Getenv(child)
	counted(t, "gonso exec", programs, run(gonso, "exec", "--", "/bin/true"))
	counted(t, "unshare(1)", programs, run("unshare", "-UrnmpfiuC", "--mount-proc", "/bin/true"))
	counted(t, "gonso doctor", programs, run(gonso, "doctor"))
	self, err := os.Executable()
	check(t, err)
	counted(t, "a rootless run", programs, run("/usr/bin/env", "NSTEST_ROOTLESS=force", self, "-test.run=^$"))
	counted(t, "a run", programs, run("/usr/bin/env", self, "-test.run=^$"))
}

func unshare(t *testing.T, flags int) gonso.Set {
	s, err := gonso.Unshare(flags)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
