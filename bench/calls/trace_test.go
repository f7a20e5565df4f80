// SPDX-License-Identifier: Apache-2.0

package calls

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A mark is a file that is nowhere; to look for it says that an operation begins, or has ended.
const mark = "/gonso-calls/"

// Whose calls count.
const (
	all      = "all"      // those of this process, and of its children until they become other programs
	mine     = "mine"     // those of this thread, to which the caller is locked: what fillers of a pool do comes when it comes
	programs = "programs" // those of the children, until they become /bin/true
)

// counted runs an operation between two marks.
func counted(t *testing.T, name, scope string, operation func()) {
	t.Helper()
	say := func(words ...string) {
		if err := unix.Faccessat(unix.AT_FDCWD, mark+strings.Join(words, "/"), unix.F_OK, 0); err != unix.ENOENT {
			t.Fatal(err)
		}
	}
	say("begin", scope, name)
	operation()
	say("end")
}

// runtimeCalls are those that the Go runtime and the C library make for threads, memory, signals, timers and goroutines
// that wait. The marks are no part of anything.
var runtimeCalls = regexp.MustCompile(`^(futex|nanosleep|clock_nanosleep|sched_yield|madvise|mmap|munmap|mprotect|brk|tgkill|` +
	`rt_sig\w+|sigaltstack|set_robust_list|rseq|restart_syscall|epoll_\w+|exit|timer_\w+|setitimer|sched_getaffinity|prctl)$`)

// A count is how often each call was made, by name.
type count map[string]int

// traced runs this program as strace traces it, and returns what each operation did.
func traced(t *testing.T, gonso string, args ...string) map[string]count {
	t.Helper()
	trace := t.TempDir() + "/trace"
	cmd := exec.Command("strace", append([]string{"-f", "-qq", "-e", "signal=none", "-s", "200", "-o", trace, "--"}, args...)...)
	// The runtime stops goroutines and collects garbage when it likes to, and needs calls for that.
	cmd.Env = append(os.Environ(), child+"="+gonso, "GODEBUG=asyncpreemptoff=1", "GOGC=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	file, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	counts, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

var (
	callLine    = regexp.MustCompile(`^(\d+) +(\w+)\((.*)`)
	resumedLine = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)`)
	markLine    = regexp.MustCompile(`"` + mark + `(begin/(all|mine|programs)/([^"]+)|end)"`)
)

// A reader counts the calls in what strace has written.
type reader struct {
	counts map[string]count
	now    count  // of the operation that goes on
	scope  string // whose calls count
	marker string // the thread that made the mark
	named  map[string]bool
	before map[string]bool   // the threads that were there before it
	become map[string]bool   // those that are another program
	undo   map[string]func() // by the thread whose call has not ended
}

func read(trace io.Reader) (map[string]count, error) {
	r := reader{counts: make(map[string]count), named: make(map[string]bool), undo: make(map[string]func())}
	lines := bufio.NewScanner(trace)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if call := callLine.FindStringSubmatch(lines.Text()); call != nil {
			r.undo[call[1]] = r.add(call[1], call[2], call[3])
			r.result(call[1], call[3])
		} else if end := resumedLine.FindStringSubmatch(lines.Text()); end != nil {
			r.result(end[1], end[2])
		}
	}
	if r.now != nil {
		return nil, fmt.Errorf("an operation has not ended: %v", r.now)
	}
	return r.counts, lines.Err()
}

// result takes a call back that found nothing to do yet: how often one looks depends on who is quicker.
func (r *reader) result(thread, text string) {
	if strings.Contains(text, "EAGAIN") && r.undo[thread] != nil {
		r.undo[thread]()
		r.undo[thread] = nil
	}
}

// add counts a call, and returns what takes that back.
func (r *reader) add(thread, name, rest string) (undo func()) {
	if m := markLine.FindStringSubmatch(rest); m != nil {
		r.now = nil
		if m[1] != "end" {
			r.now, r.scope, r.marker = make(count), m[2], thread
			r.before, r.become = maps.Clone(r.named), make(map[string]bool)
			r.counts[m[3]] = r.now
		}
		return nil
	}
	if name == "gettid" && !r.named[thread] {
		r.named[thread] = true // each thread of Go begins with it
		return nil
	}
	if r.now == nil || r.become[thread] || !r.counting(thread) || runtimeCalls.MatchString(name) || isThread(name, rest) {
		return nil
	}
	if strings.HasPrefix(name, "execve") {
		r.become[thread] = r.scope != programs || strings.Contains(rest, `"/bin/true"`)
	}
	if name == "fcntl" && strings.Contains(rest, "F_GETFD") {
		name = "fcntl(F_GETFD)" // of each descriptor that there is
		r.now[name] = 0
	}
	now := r.now
	now[name]++
	return func() { now[name]-- }
}

func (r *reader) counting(thread string) bool {
	switch r.scope {
	case mine:
		return thread == r.marker
	case programs:
		return !r.before[thread]
	}
	return true
}

// isThread reports whether a call is that of the runtime which makes a thread.
func isThread(name, rest string) bool {
	return strings.HasPrefix(name, "clone") && strings.Contains(rest, "CLONE_THREAD")
}
