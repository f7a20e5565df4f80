// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func TestNewPidNamespaceIsNewAndAlive(t *testing.T) {
	s := unshare(t, set.NS_PID)
	if id(t, s, set.NS_PID) == here(t, "pid") {
		t.Fatal("the pid namespace is the process's own")
	}
	noError(t, s.Do(func() {
		for range 3 { // a namespace without an init is dead after the first
			out, err := exec.Command("sh", "-c", "echo $$").Output()
			noError(t, err)
			if pid := atoi(t, strings.TrimSpace(string(out))); pid > 100 {
				t.Errorf("the child has pid %d, as in the host's namespace", pid)
			}
		}
	}))
}

func TestPidNamespaceLivesAsLongAsASetHasIt(t *testing.T) {
	s, err := set.Unshare(set.NS_PID | set.NS_UTS)
	noError(t, err)
	dup := closing(t)(s.Dup(set.NS_PID))
	merged := closing(t)(unshare(t, set.NS_NET).Merge(s))
	more := closing(t)(s.Unshare(set.NS_UTS))
	noError(t, s.Close())
	for _, s := range []set.Set{dup, merged, more} {
		noError(t, s.Do(func() { noError(t, exec.Command("true").Run()) }))
	}
}

func TestClosingThePidNamespaceEndsItsProcesses(t *testing.T) {
	s, err := set.Unshare(set.NS_PID)
	noError(t, err)
	cmd := exec.Command("sleep", "1000")
	noError(t, s.Do(func() { noError(t, cmd.Start()) }))
	ended := make(chan error)
	go func() { ended <- cmd.Wait() }()
	noError(t, s.Close())
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("a process of the namespace survives it")
		_ = cmd.Process.Kill()
	}
}

func TestOrphansInAPidNamespaceAreReaped(t *testing.T) {
	orphans := "2000"
	if testing.Short() {
		orphans = "50"
	}
	s := unshare(t, set.NS_PID|set.NS_MNT)
	noError(t, s.Do(func() {
		// Each sh leaves a child behind, which the init of the namespace inherits.
		out, err := exec.Command("sh", "-c", "mount -t proc proc /proc; i=0; while [ $i -lt "+orphans+" ]; do sh -c 'true & exit'; i=$((i+1)); done; "+
			// One that has just ended may not be reaped yet.
			"t=0; n=1; while [ $n -gt 0 ] && [ $t -lt 500 ]; do t=$((t+1)); n=$(grep -l 'State:.*zombie' /proc/[0-9]*/status 2>/dev/null | wc -l); done; echo $n").Output()
		noError(t, err)
		if n := atoi(t, strings.TrimSpace(string(out))); n > 0 {
			t.Errorf("%d zombies are left", n)
		}
	}))
}

func TestNestedPidNamespace(t *testing.T) {
	outer := unshare(t, set.NS_PID)
	inner := closing(t)(outer.Unshare(set.NS_PID))
	cmd := exec.Command("sleep", "1000")
	noError(t, inner.Do(func() { noError(t, cmd.Start()) }))
	status, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/status")
	noError(t, err)
	noError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "NSpid:"); ok && len(strings.Fields(rest)) != 3 {
			t.Errorf("pids are %s, want one in each of three namespaces", rest)
		}
	}
}

func TestNewUserNamespace(t *testing.T) {
	for name, opt := range map[string]set.UnshareOpt{
		"root": set.WithRootMapped(),
		"maps": set.WithIDMaps(
			[]set.IDMap{{ContainerID: 7, HostID: os.Geteuid(), Size: 1}},
			[]set.IDMap{{ContainerID: 9, HostID: os.Getegid(), Size: 1}}),
	} {
		t.Run(name, func(t *testing.T) {
			s := unshare(t, set.NS_USER|set.NS_NET|set.NS_UTS, opt)
			if id(t, s, set.NS_USER) == here(t, "user") {
				t.Fatal("the user namespace is the process's own")
			}
			if err := s.Do(func() { t.Error("f ran") }); !errors.Is(err, set.ErrNeedsProcess) ||
				!strings.Contains(err.Error(), "Dup") || !strings.Contains(err.Error(), "Command") || !strings.Contains(err.Error(), "reexec") {
				t.Errorf("Do: %v, want ErrNeedsProcess that names the ways out", err)
			}
			without := closing(t)(s.Dup(set.NS_NET))
			noError(t, without.Do(func() {
				if here(t, "net") != id(t, s, set.NS_NET) {
					t.Error("not in the net namespace of the Set")
				}
			}))
		})
	}
}

func TestFailedMapsLeaveNothing(t *testing.T) {
	tooMany := make([]set.IDMap, 341) // one more than the kernel takes (user_namespaces(7))
	for i := range tooMany {
		tooMany[i] = set.IDMap{ContainerID: 2 * i, HostID: os.Geteuid() + 2*i, Size: 1}
	}
	files := openFiles(t)
	_, err := set.Unshare(set.NS_USER|set.NS_PID, set.WithIDMaps(tooMany, nil))
	var e *set.Error
	if !errors.As(err, &e) || e.Kind != set.NS_USER || !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EPERM) {
		t.Errorf("%v, want the maps of the user namespace refused", err)
	}
	if now := openFiles(t); now != files {
		t.Errorf("%d descriptors are open, want %d", now, files)
	}
}
