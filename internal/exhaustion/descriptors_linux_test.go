// SPDX-License-Identifier: Apache-2.0

package exhaustion_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// upTo is how many descriptors are left at most: a call that then still lacks one would
// be a surprise.
const upTo = 24

func TestDescriptors(t *testing.T) { runChild(t, "descriptors") }

func init() { children["descriptors"] = descriptors }

// descriptors tries each call with a table of descriptors that has room for 0, 1, 2 ...
func descriptors(dir string) (ok bool) {
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 256, Max: 256}); err != nil {
		return complain("setrlimit: %v", err)
	}
	w, err := newWorld(dir)
	if err != nil {
		return complain("%v", err)
	}
	ok = true
	for _, c := range w.calls() {
		ok = c.tryDescriptors() && ok
	}
	return ok
}

func (c *call) tryDescriptors() (ok bool) {
	// The first time, Go and package os set up things that stay.
	for range 2 {
		if err := c.run(); err != nil {
			return complain("%s: %v with all the room there is", c.name, err)
		}
	}
	threads, err := leak.Take()
	if err != nil {
		return complain("%s: %v", c.name, err)
	}
	enough := -1
	var failure error
	for free := 0; free <= upTo; free++ {
		say("%s with %d descriptors left", c.name, free)
		before := have()
		err := filled(free, c.run)
		if problem := c.judge(err); problem != "" {
			return complain("%s with %d left: %s", c.name, free, problem)
		}
		if lost := lost(before); lost != "" {
			return complain("%s with %d left, after %v: %s", c.name, free, err, lost)
		}
		switch {
		case err != nil && enough >= 0:
			return complain("%s works with %d left, and with %d: %v", c.name, enough, free, err)
		case err != nil:
			failure = err
			if err := c.run(); err != nil {
				return complain("%s after %d left: %v, though there is room again", c.name, free, err)
			}
		case enough < 0:
			enough = free
		case free == enough+2:
			free = upTo
		}
	}
	if enough < 0 {
		return complain("%s never works: %v", c.name, failure)
	}
	if report, err := leak.Settle(within(10*time.Second), threads); err != nil || !report.Empty() {
		return complain("%s: %v %v", c.name, report, err)
	}
	say("row %s|needs %d|%v", c.name, enough, failure)
	return true
}

// asPackageNet are calls whose errors are those of package net, which names no remedy.
var asPackageNet = regexp.MustCompile("Dial|Listen|Lookup")

// judge says what is wrong with an error.
func (c *call) judge(err error) string {
	switch {
	case err == nil:
		return ""
	case !errors.Is(err, unix.EMFILE):
		return fmt.Sprintf("%v is not EMFILE", err)
	case errors.Is(err, errBoth), errors.Is(err, errPanic):
		return err.Error()
	case !asPackageNet.MatchString(c.name) && !strings.Contains(err.Error(), "RLIMIT_NOFILE"):
		return fmt.Sprintf("%q does not say what helps", err)
	}
	return ""
}

var errPanic = errors.New("panic")

// filled runs f while the table of descriptors has room for just so many.
func filled(free int, f func() error) (err error) {
	var fillers []*sys.FD
	for {
		fd, err := sys.OpenDir("/")
		if err != nil {
			break
		}
		fillers = append(fillers, fd)
	}
	keep := len(fillers) - free
	for _, fd := range fillers[keep:] {
		fd.Close()
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, v, debug.Stack())
		}
		for _, fd := range fillers[:keep] {
			fd.Close()
		}
	}()
	return f()
}

// have returns what this process has: descriptors and children, by number.
func have() map[string]string {
	m := make(map[string]string)
	descriptors, err := procfs.Descriptors(procfs.Root, procfs.Self)
	for _, d := range descriptors {
		m[fmt.Sprintf("descriptor %d", d.Num)] = d.Target
	}
	processes, e := procfs.Children(procfs.Root, os.Getpid())
	for _, p := range processes {
		m[fmt.Sprintf("process %d", p.PID)] = strings.Join(p.Cmdline, " ")
	}
	if err = errors.Join(err, e); err != nil {
		m["nothing known"] = err.Error()
	}
	return m
}

// lost waits until this process has what it had, and returns what is different.
func lost(before map[string]string) (different string) {
	gomega.NewGomega(func(string, ...int) {}).Eventually(func() string {
		now := have()
		different = ""
		if !maps.Equal(before, now) {
			different = fmt.Sprintf("gone %v, new %v", without(before, now), without(now, before))
		}
		return different
	}, "10s", "1ms").Should(gomega.BeEmpty())
	return different
}

func without(m, other map[string]string) map[string]string {
	m = maps.Clone(m)
	maps.DeleteFunc(m, func(name, value string) bool { return other[name] == value })
	return m
}

func complain(format string, args ...any) bool {
	fmt.Fprintf(os.Stdout, "bad "+format+"\n", args...)
	return false
}

func say(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }
