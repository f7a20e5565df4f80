// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// five are the kinds that a thread can make and join.
const five = set.NS_CGROUP | set.NS_IPC | set.NS_MNT | set.NS_NET | set.NS_UTS

// each calls f for every single kind in flags, as a subtest.
func each(t *testing.T, flags int, f func(t *testing.T, name string, flag int)) {
	t.Helper()
	for _, flag := range kind.Each(flags) {
		name := kind.Name(flag)
		t.Run(name, func(t *testing.T) { f(t, name, flag) })
	}
}

// unshare makes a Set that is closed when the test ends. Where the machine lets
// nobody have one, the test is skipped.
func unshare(t testing.TB, flags int, opts ...set.UnshareOpt) set.Set {
	t.Helper()
	nstest.Require(t, flags)
	return closing(t)(set.Unshare(flags, opts...))
}

// closing takes what a constructor returned.
func closing(t testing.TB) func(set.Set, error) set.Set {
	return func(s set.Set, err error) set.Set {
		t.Helper()
		noError(t, err)
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		return s
	}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func id(t testing.TB, s set.Set, flag int) string {
	t.Helper()
	id, err := s.ID(flag)
	noError(t, err)
	return id
}

// here returns the ID of the calling thread's namespace, by the name of its link
// in /proc/thread-self/ns.
func here(t testing.TB, link string) string {
	t.Helper()
	id, err := os.Readlink("/proc/thread-self/ns/" + link)
	noError(t, err)
	return id
}

// threads returns, for each thread of this process, where its namespaces are.
// Threads that end meanwhile are left out.
func threads(t testing.TB) map[string]string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/self/task/*/ns")
	noError(t, err)
	where := make(map[string]string)
	for _, dir := range dirs {
		var ids []string
		for _, name := range []string{"cgroup", "ipc", "mnt", "net", "pid_for_children", "time_for_children", "user", "uts"} {
			id, err := os.Readlink(filepath.Join(dir, name))
			if err != nil {
				id = fmt.Sprintf("%s:%v", name, err.(*os.PathError).Err) // only its text
			}
			ids = append(ids, id)
		}
		if _, err := os.Stat(dir); err == nil {
			where[strings.TrimSuffix(strings.TrimPrefix(dir, "/proc/self/task/"), "/ns")] = strings.Join(ids, " ")
		}
	}
	return where
}

// openFiles counts the files of this process that are open: no sockets, pipes and
// the like, which earlier tests, and the Go runtime, may still be closing.
func openFiles(t testing.TB) (n int) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	noError(t, err)
	for _, fd := range list {
		target, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if kind, _, _ := strings.Cut(target, ":"); err == nil && kind != "socket" && kind != "pipe" && kind != "anon_inode" {
			n++
		}
	}
	return n
}

func atoi(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	noError(t, err)
	return n
}

func hostname(t testing.TB) string {
	t.Helper()
	var uts unix.Utsname
	noError(t, unix.Uname(&uts))
	return unix.ByteSliceToString(uts.Nodename[:])
}
