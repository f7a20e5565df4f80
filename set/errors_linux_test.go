// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// hostile is what a process that is run by provoke does before it tries.
var hostile = map[string]func() error{
	"no privilege":           func() error { return nil },
	"a limit":                func() error { return limitNet("0") },
	"a limit that is raised": func() error { return limitNet("0") },
	"open files": func() error {
		return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(lowestFree()), Max: 4096})
	},
	"a filter":        forbidUnshare,
	"a foreign /proc": func() error { return nil }, // it is run in a pid namespace of its own
}

func limitNet(to string) error {
	return os.WriteFile("/proc/sys/user/max_net_namespaces", []byte(to), 0)
}

// provokeEnv tells the process that provoke starts what to do.
const provokeEnv = "GONSO_TEST_PROVOKE"

// provoke runs the calling test again in a process in a user namespace, where it
// spoils something and tries to make a net namespace. It returns the error text.
func provoke(t *testing.T, what string, user set.Set) string {
	t.Helper()
	cmd := user.Command(t.Context(), "/proc/self/exe", "-test.run=^TestProvoked$", "-test.v")
	cmd.Env = append(os.Environ(), "NSTEST_ROOTLESS=off", "GOCOVERDIR="+t.TempDir(), provokeEnv+"="+what)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, text, _ := strings.Cut(string(out), "error: ")
	text, _, _ = strings.Cut(text, "\n")
	return text
}

// TestProvoked is what provoke runs; by itself it has nothing to do.
func TestProvoked(t *testing.T) {
	what, ok := os.LookupEnv(provokeEnv)
	if !ok {
		return
	}
	fmt.Println() // package testing does not end its lines
	if err := hostile[what](); err != nil {
		t.Fatal(err)
	}
	before := threadsElsewhere(t)
	kinds := set.NS_NET
	if what == "a foreign /proc" {
		kinds = set.NS_USER
	}
	_, err := set.Unshare(kinds)
	noError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 4096, Max: 4096}))
	// A thread that could not go back ends with its goroutine, some time later.
	gomega.NewWithT(t).Eventually(func() int { return threadsElsewhere(t) }, "10s", "1ms").
		Should(gomega.Equal(before), "threads are elsewhere after the failure")
	if what == "a limit that is raised" {
		noError(t, limitNet("7"))
		var e *set.Error
		if !errors.As(err, &e) || !strings.Contains(e.Hint(), "user.max_net_namespaces is 7") {
			t.Errorf("%v: the hint is %q, want what is found by who looks", err, e.Hint())
		}
	}
	fmt.Printf("error: %v\n", err)
}

func threadsElsewhere(t *testing.T) (n int) {
	main := here(t, "net")
	for _, where := range threads(t) {
		if !strings.Contains(where, main) {
			n++
		}
	}
	return n
}

// lowestFree is the lowest descriptor that is not open.
func lowestFree() int {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	_ = unix.Close(fd)
	return fd
}

// forbidUnshare installs a seccomp filter as container engines have it: unshare(2)
// gives EPERM, everything else works.
func forbidUnshare() error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_UNSHARE, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	return installFilter(filter, unix.SECCOMP_FILTER_FLAG_TSYNC)
}

func TestErrorsNameCauseAndRemedy(t *testing.T) {
	root := unshare(t, set.NS_USER, set.WithRootMapped())
	nobody := unshare(t, set.NS_USER, set.WithIDMaps([]set.IDMap{{ContainerID: 1000, HostID: os.Geteuid(), Size: 1}}, nil))
	for what, want := range map[string][]string{
		"no privilege":           {"gonso: unshare net: operation not permitted", "no CAP_SYS_ADMIN", "nstest.Main"},
		"a limit":                {"gonso: unshare net: no space left on device", "user.max_net_namespaces is 0"},
		"a limit that is raised": {"gonso: unshare net: no space left on device", "user.max_net_namespaces is 7"},
		"open files":             {"too many open files", "RLIMIT_NOFILE"},
		"a filter":               {"gonso: unshare net: operation not permitted", "seccomp"},
		"a foreign /proc":        {"gonso: unshare user: /proc is missing, or of another pid namespace", "mount -t proc"},
	} {
		user := root
		switch what {
		case "no privilege":
			user = nobody
		case "a foreign /proc":
			user = closing(t)(root.Unshare(set.NS_PID))
		}
		text := provoke(t, what, user)
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q, want %q in it", what, text, part)
			}
		}
	}
}

func TestAnErrorKeepsItsErrno(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	noError(t, set.BreakFd(s, set.NS_UTS))
	err := s.Do(func() {})
	var e *set.Error
	if !errors.As(err, &e) || e.Op != "setns" || e.Kind != set.NS_UTS || !errors.Is(err, unix.EINVAL) {
		t.Errorf("%#v, want setns of uts with EINVAL", e)
	}
	if want := "gonso: setns uts: invalid argument"; err.Error() != want {
		t.Errorf("it reads %q, want %q", err, want)
	}
}

func TestADeadPidNamespaceSaysSo(t *testing.T) {
	s, err := set.Unshare(set.NS_PID)
	noError(t, err)
	fds, err := s.Fds(0)
	noError(t, err)
	defer fds.Close()
	dead := closing(t)(set.FromFds(fds)) // keeps the namespace, not its first process
	noError(t, s.Close())
	_, err = dead.Command(t.Context(), "true").Output()
	if !errors.Is(err, unix.ENOMEM) || !strings.Contains(err.Error(), "the first process of the pid namespace has ended") {
		t.Errorf("%v, want an error that says the namespace is dead", err)
	}
}
