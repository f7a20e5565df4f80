// SPDX-License-Identifier: Apache-2.0

package exhaustion_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

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

// runChild has a process try, and shows its table. It has a /proc of its own, where it
// sees quickly which processes are left.
func runChild(t *testing.T, name string, opts ...func(*set.Cmd)) {
	t.Helper()
	nstest.Require(t, set.NS_USER|set.NS_PID|set.NS_NET|set.NS_MNT)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := set.Unshare(set.NS_PID | set.NS_MNT)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cmd := s.Command(t.Context(), "sh", "-c", `mount -t proc proc /proc && exec "$0"`, exe)
	cmd.Env = append(os.Environ(), childEnv+"="+name+"="+t.TempDir())
	for _, opt := range opts {
		opt(cmd)
	}
	out, err := cmd.CombinedOutput()
	last, crashed := "", false
	for line := range strings.Lines(string(out)) {
		if row, ok := strings.CutPrefix(line, "row "); ok {
			columns := strings.SplitN(strings.TrimSpace(row), "|", 3)
			t.Logf("%-28s %-10s %s", columns[0], columns[1], columns[2])
			continue
		}
		if crashed = crashed || strings.HasPrefix(line, "panic: "); !crashed {
			last = line
		}
		if strings.HasPrefix(line, "bad ") {
			t.Error(line)
		}
	}
	if err != nil && !t.Failed() {
		_, crash, _ := strings.Cut(string(out), "\npanic: ")
		t.Errorf("%v at %s%s", err, last, crash)
	}
}

func within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

func (w *world) calls() []call {
	return append(append(w.setCalls(), w.poolCalls()...), w.reexecCalls()...)
}
