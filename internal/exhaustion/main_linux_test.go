// SPDX-License-Identifier: Apache-2.0

package exhaustion_test

import (
	"context"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// The children do not go through nstest.Main, and none of their calls is to be on the main thread,
// where Set.Enter is refused.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) {
	reexec.CheckAction()
	if child, dir, ok := strings.Cut(os.Getenv(childEnv), "="); ok {
		if !children[child](dir) {
			os.Exit(1)
		}
		return
	}
	nstest.Main(m)
}

// childEnv names what this process is to try, and a folder for it.
const childEnv = "GONSO_TEST_EXHAUSTION"

// children are what processes of their own try, since they are not to harm the tests.
// What they print begins with "row" for the table, with "bad" for what is wrong.
var children = make(map[string]func(dir string) bool)

// runChild has a process in the namespaces try, and shows its table. A new /proc shows
// quickly which processes are left.
func runChild(t *testing.T, name string, inside set.Set, credential *syscall.Credential) {
	t.Helper()
	cmd := inside.Command(t.Context(), "/proc/self/exe")
	if inside.Flags()&set.NS_PID != 0 {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd = inside.Command(t.Context(), "sh", "-c", `mount -t proc proc /proc && exec "$0"`, exe)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	cmd.Env = append(os.Environ(), childEnv+"="+name+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	last, crashed, bad := "", false, false
	for line := range strings.Lines(string(out)) {
		if row, ok := strings.CutPrefix(line, "row "); ok {
			columns := strings.SplitN(strings.TrimSpace(row), "|", 3)
			showRow(t, columns[0], columns[1], columns[2])
			continue
		}
		if crashed = crashed || crash.MatchString(line); !crashed {
			last = line
		}
		if strings.HasPrefix(line, "bad ") {
			t.Error(line)
			bad = true
		}
	}
	if err != nil && !bad {
		t.Errorf("%v at %s%s", err, last, crash.FindString(string(out)))
	}
}

// crash is how Go's last words begin.
var crash = regexp.MustCompile(`(?ms)^(panic|fatal error): .*`)

func showRow(t *testing.T, call, needs, says string) { t.Logf("%-33s %-20s %s", call, needs, says) }

// inside makes the namespaces that a child is to be in.
func inside(t *testing.T, flags int, opts ...set.UnshareOpt) set.Set {
	t.Helper()
	nstest.Require(t, flags|set.NS_USER|set.NS_PID|set.NS_NET|set.NS_MNT)
	s, err := set.Unshare(flags, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

func (w *world) calls() []call {
	return slices.Concat(w.setCalls(), w.poolCalls(), w.reexecCalls(), w.nstestCalls())
}
