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
	"time"

	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"golang.org/x/sys/unix"
)

// A limit is what there is only so much of.
type limit struct {
	of    string
	errno unix.Errno
	helps string // what errors have to name
	most  int    // with so much room every call works
	// reach takes all but so much of it.
	reach func(room int) (undo func(), err error)
}

// try runs the call with no room, with room for 1, for 2 ... It has to fail until there is
// enough, to leave nothing behind, and to work after each failure once there is room.
func (c *call) try(l limit) (ok bool) {
	// The first time, Go and package os set up things that stay.
	for range 2 {
		if err := c.run(); err != nil {
			return complain("%s with all the room there is: %v", c.name, err)
		}
	}
	threads, err := leak.Take()
	if err != nil {
		return complain("%s: %v", c.name, err)
	}
	enough := -1
	var failure error
	for room := 0; room <= l.most; room++ {
		say("%s with %d %s", c.name, room, l.of)
		before := have()
		err := l.reached(room, c.run)
		if problem := c.judge(err, l); problem != "" {
			return complain("%s with %d %s: %s", c.name, room, l.of, problem)
		}
		if lost := lost(before); lost != "" {
			return complain("%s with %d %s, after %v: %s", c.name, room, l.of, err, lost)
		}
		switch {
		case err != nil && enough >= 0:
			return complain("%s works with %d, and with %d %s: %v", c.name, enough, room, l.of, err)
		case err != nil:
			failure = err
			if err := c.run(); err != nil {
				return complain("%s after %d %s: %v, though there is room again", c.name, room, l.of, err)
			}
		case enough < 0:
			enough = room
		case room == enough+2:
			room = l.most
		}
	}
	if enough < 0 {
		return complain("%s never works: %v", c.name, failure)
	}
	if report, err := leak.Settle(within(10*time.Second), threads); err != nil || !report.Empty() {
		return complain("%s: %v %v", c.name, report, err)
	}
	say("row %s|needs %d %s|%v", c.name, enough, l.of, failure)
	return true
}

// reached runs f with so much room.
func (l limit) reached(room int, f func() error) (err error) {
	undo, err := l.reach(room)
	if err != nil {
		return err
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, v, debug.Stack())
		}
		undo()
	}()
	return f()
}

var errPanic = errors.New("panic")

// Errors of these calls are those of package net and of netlink, or of a matcher, and
// name no remedy.
var noRemedy = regexp.MustCompile("Dial|Listen|Lookup|Have|Reach|Require|Netlink|AddAddress")

// judge says what is wrong with an error.
func (c *call) judge(err error, l limit) string {
	switch {
	case err == nil:
		return ""
	case !errors.Is(err, l.errno):
		return fmt.Sprintf("%v is not %q", err, l.errno)
	case errors.Is(err, errBoth), errors.Is(err, errPanic):
		return err.Error()
	case !noRemedy.MatchString(c.name) && !strings.Contains(err.Error(), l.helps):
		return fmt.Sprintf("%q does not say what helps", err)
	}
	return ""
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
		m[fmt.Sprintf("process %d", p.PID)] = fmt.Sprintf("%s %q", p.Comm, p.Cmdline) // which ends with the process, before it is waited for
	}
	if err = errors.Join(err, e); err != nil {
		m["nothing known"] = err.Error()
	}
	return m
}

// lost waits until this process has what it had, and returns what is different. A process that it had may end: the first one of a pid
// namespace does so some time after the call before has let go of that.
func lost(before map[string]string) (different string) {
	gomega.NewGomega(func(string, ...int) {}).Eventually(func() string {
		now := have()
		different = ""
		gone, more := without(before, now), without(now, before)
		maps.DeleteFunc(gone, func(name, _ string) bool { return strings.HasPrefix(name, "process ") })
		if len(gone) > 0 || len(more) > 0 {
			different = fmt.Sprintf("gone %v, new %v", gone, more)
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
