// SPDX-License-Identifier: Apache-2.0

package calls

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An operation is one that takes the calls needed, and these more.
type operation struct {
	name   string
	needed count
	more   []extra
}

// An extra is a call that the work itself does not take, with the reason for it.
type extra struct {
	call   string
	times  int
	reason string
}

var operations = []operation{
	{"DoRaw, one kind", count{"setns": 2}, nil},
	{"DoRaw, three kinds", count{"setns": 6}, nil},
	{"Do, one kind", count{"setns": 1}, nil},
	{"Enter, one kind", count{"setns": 1}, []extra{
		{"newfstatat", 1, "is the thread there already? Then it need not end with the goroutine"},
		{"fstat", 1, "the Set's namespace, to compare it with"},
		{"gettid", 1, "under `nstest.Main` only: its leak check names who moved the thread"},
	}},
	{"Unshare, one kind", count{"unshare": 1, "openat": 1, "setns": 1}, []extra{
		{"newfstatat", 1, "is the caller where the process is? What is new is copied from where the caller is"},
	}},
	{"Unshare, three kinds", count{"unshare": 1, "openat": 3, "setns": 3}, []extra{
		{"newfstatat", 3, "the same"},
	}},
	{"Close, one kind", count{"close": 1}, nil},
	{"Current, one kind", count{"openat": 1}, []extra{
		{"fstat", 1, "is it the process's? Then a `Do` need not join it"},
	}},
	{"Dup, three kinds", count{"fcntl": 3}, nil},
	{"Pool.Get, one is ready", count{}, nil},
	{"nstest.New, one is ready", count{}, []extra{
		{"getrusage", 1, "have children of the test ended, which it has to have waited for at its end?"},
	}},
	// Two kinds, net and uts, with lo up and three sysctls.
	{"nstest.New and its clean-up, none is ready", count{"unshare": 1, "openat": 5, "write": 3, "socket": 1, "ioctl": 1, "setns": 2, "close": 6}, []extra{
		{"newfstatat", 2, "as for Unshare"},
		{"setns", 4, "the settings are made by a `DoRaw` in the new Set, as a pool's afterCreate is run"},
		{"ioctl", 1, "the flags that lo has, which stay as they are but for the one"},
		{"getrusage", 2, "have children of the test ended?"},
		{"waitid", 1, "has it left a child that has ended?"},
	}},
}

// A start is an operation that starts processes, which is what takes its time. Each of these is made that often at most; the
// others of all are many, and some are made as often as something has to be waited for.
type start struct {
	name       string
	most       count
	beside     string // what does the same, or less, with as few as it takes
	besideMost count
	reason     string
}

var starts = []start{
	{"Set.Command", count{"execve": 1, "clone": 1, "setns": 2}, "os/exec", count{"execve": 1, "clone": 1},
		"the thread that forks joins, and comes back: the child has nothing to do but what os/exec does"},
	{"Set.Command, pid", count{"execve": 1, "clone": 1, "setns": 2}, "os/exec", count{"execve": 1, "clone": 1},
		"the same, but that the child plays a table, in the memory of this process"},
	{"an action of reexec", count{"execve": 1, "clone": 1}, "os/exec", count{"execve": 1, "clone": 1}, ""},
	{"gonso exec", count{"execve": 3, "clone": 4}, "unshare(1)", count{"execve": 2},
		"gonso starts itself again in the namespaces; its forks are the one that makes them, init in there, and the program; Go makes one to try pidfds"},
	{"a rootless run", count{"execve": 3, "clone": 2}, "a run", count{"execve": 2},
		"env(1) is the first; the binary starts again in the user namespace that its fork makes; Go makes one to try pidfds"},
	{"gonso doctor", count{"execve": 7, "clone": 6}, "", nil, "it tries what works here in children of its own"},
}

// all has what an operation takes.
func (o operation) all() count {
	sum := maps.Clone(o.needed)
	for _, e := range o.more {
		sum[e.call] += e.times
	}
	return sum
}

func (c count) String() string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		switch c[name] {
		case 0:
		case 1:
			texts = append(texts, name)
		default:
			texts = append(texts, fmt.Sprintf("%d %s", c[name], name))
		}
	}
	if texts == nil {
		return "none"
	}
	return strings.Join(texts, ", ")
}

// table is CALLS.md.
func table() []byte {
	var out bytes.Buffer
	fmt.Fprint(&out, `<!-- Written by go -C bench test ./calls -write, see README.md. -->
# System calls

What each operation takes, counted with strace(1) in a process under `+"`nstest.Main`"+`, which holds the main thread; without it the
first goroutine that lands there ends there, and the counts are the same. What the Go runtime does for threads, memory, signals
and waiting is left out: futex, nanosleep, mmap, epoll and the like. `+"`TestCounts`"+` fails if one is made more, or less.
Where a thread is known by gettid(2), on other processors than amd64, `+"`Do` and `DoRaw`"+` make two of these more.

| operation | the work takes | one more | why |
| --- | --- | --- | --- |
`)
	for _, o := range operations {
		var calls, reasons []string
		for _, e := range o.more {
			calls = append(calls, count{e.call: e.times}.String())
			reasons = append(reasons, e.reason)
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", o.name, o.needed, strings.Join(calls, "<br>"), strings.Join(reasons, "<br>"))
	}
	fmt.Fprint(&out, `
Of what starts processes, those calls are held that take its time, as upper bounds.

| operation | at most | beside | takes | why |
| --- | --- | --- | --- | --- |
`)
	for _, s := range starts {
		takes := ""
		if s.beside != "" {
			takes = s.besideMost.String()
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", s.name, s.most, s.beside, takes, s.reason)
	}
	return out.Bytes()
}
