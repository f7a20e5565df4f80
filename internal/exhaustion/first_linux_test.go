// SPDX-License-Identifier: Apache-2.0

package exhaustion_test

import (
	"fmt"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// firstCalls need nothing that another call has made.
var firstCalls = []string{"Unshare user and pid", "Pool.Get user and pid", "Action.Run, Unshare", "Fixture"}

// firstRooms is how many descriptors there are, one less, at the first call.
const firstRooms = 12

// The first call of a process has Go and this module set up things for the others, such as
// Go's poller, without which Go ends the program, and the thread that forks. So each is
// tried in a process of its own.
func TestFirstCall(t *testing.T) {
	s := inside(t, set.NS_UTS)
	for _, name := range firstCalls {
		for room := range firstRooms {
			runChild(t, firstCall(name, room), s, nil)
		}
	}
}

func firstCall(name string, room int) string { return fmt.Sprintf("first %s with %d", name, room) }

func init() {
	w := newPools()
	for _, name := range firstCalls {
		for room := range firstRooms {
			children[firstCall(name, room)] = func(string) bool { return tryFirst(w.call(name), room) }
		}
	}
}

func tryFirst(c call, room int) bool {
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 256, Max: 256}); err != nil {
		return complain("setrlimit: %v", err)
	}
	l := limit{"descriptors", unix.EMFILE, "RLIMIT_NOFILE", 0, fillTable}
	failure := l.reached(room, c.run)
	if problem := c.judge(failure, l); problem != "" {
		return complain("%s first, with %d descriptors: %s", c.name, room, problem)
	}
	if err := c.run(); err != nil {
		return complain("%s, though there is room again: %v", c.name, err)
	}
	say("row %s first|with %d descriptors|%v", c.name, room, failure)
	return true
}
