// SPDX-License-Identifier: Apache-2.0

package attack_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// What is called while children are killed and stopped. Each call may fail, and none may hang
// or leave anybody behind.
var chaos = map[string]func(t *testing.T) error{
	"Unshare": func(*testing.T) error {
		s, err := set.Unshare(set.NS_USER|set.NS_PID|set.NS_NET, set.WithRootMapped())
		return errors.Join(err, s.Close())
	},
	"nested Unshare": func(*testing.T) error {
		s, err := set.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped())
		if err != nil {
			return err
		}
		inner, err := s.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped())
		return errors.Join(err, inner.Close(), s.Close())
	},
	"Command": func(t *testing.T) error {
		s, err := set.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped())
		if err != nil {
			return err
		}
		return errors.Join(s.Command(t.Context(), "true").Run(), s.Close())
	},
	"reexec": func(t *testing.T) error {
		_, err := nothing.Run(t.Context(), struct{}{}, reexec.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped()))
		return err
	},
}

// Whoever kills or stops a process that helps a call costs it an error at most.
func TestKilledHelpers(t *testing.T) {
	nstest.Require(t, set.NS_USER|set.NS_PID|set.NS_NET)
	calls, err := strconv.Atoi(cmp.Or(os.Getenv("CHAOS_CALLS"), "15"))
	if err != nil {
		t.Fatal(err)
	}
	g := NewWithT(t)
	before := own(t)
	var (
		workers sync.WaitGroup
		mu      sync.Mutex
		said    = map[string]int{}
	)
	for name, call := range chaos {
		for range 2 {
			workers.Go(func() {
				for range calls {
					err := call(t)
					if err == nil {
						continue
					}
					if strings.Contains(err.Error(), "does not call reexec.CheckAction") {
						t.Errorf("%s blames the program: %v", name, err)
					}
					mu.Lock()
					said[name+": "+numbers.ReplaceAllString(err.Error(), "N")]++
					mu.Unlock()
				}
			})
		}
	}
	over := make(chan struct{})
	go func() {
		workers.Wait()
		close(over)
	}()
	killed := kill(t, before, over)
	for _, text := range slices.Sorted(maps.Keys(said)) {
		t.Logf("%d x %s", said[text], text)
	}
	t.Logf("%d calls, %d processes killed or stopped", 2*calls*len(chaos), killed)
	// What Close did not wait for is waited for soon.
	g.Eventually(func() map[string]bool { return own(t) }).Should(Equal(before))
}

var numbers = regexp.MustCompile(`\d+`)

// kill kills and stops children of this process at random until the work is over.
func kill(t *testing.T, spared map[string]bool, over <-chan struct{}) (count int) {
	for {
		select {
		case <-over:
			return count
		default:
		}
		for child := range own(t) {
			pid, err := strconv.Atoi(child)
			if _, ok := spared[child]; ok || err != nil || rand.IntN(4) > 0 {
				continue
			}
			signal := unix.SIGKILL
			if rand.IntN(3) == 0 {
				signal = unix.SIGSTOP
			}
			if unix.Kill(pid, signal) == nil {
				count++
			}
			if signal == unix.SIGSTOP && program(child) {
				// It is nobody's business but the caller's to have a program go on.
				_ = unix.Kill(pid, unix.SIGCONT)
			}
		}
		if _, err := unix.Poll(nil, 2); err != nil && !errors.Is(err, unix.EINTR) {
			t.Error(err)
		}
	}
}

// program reports whether a process is one, and no copy of this process: that has no arguments.
func program(pid string) bool {
	args, err := os.ReadFile(fmt.Sprintf("/proc/%s/cmdline", pid))
	return err == nil && len(args) > 0
}

// own returns the children of this process.
func own(t *testing.T) map[string]bool {
	files, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Error(err)
	}
	children := map[string]bool{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, unix.ESRCH) {
			t.Error(err)
		}
		for _, pid := range strings.Fields(string(b)) {
			children[pid] = true
		}
	}
	return children
}
