// SPDX-License-Identifier: Apache-2.0

package exhaustion_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func TestDescriptors(t *testing.T) {
	runChild(t, "descriptors", inside(t, set.NS_PID|set.NS_MNT), nil)
}

func init() { children["descriptors"] = descriptors }

// descriptors tries each call with a full table of descriptors.
func descriptors(dir string) (ok bool) {
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 256, Max: 256}); err != nil {
		return complain("setrlimit: %v", err)
	}
	l := limit{"descriptors", unix.EMFILE, "RLIMIT_NOFILE", 24, fillTable}
	ok = probesStayOpen(l)
	w, err := newWorld(dir)
	if err != nil {
		return complain("%v", err)
	}
	for _, c := range w.calls() {
		ok = c.try(l) && ok
	}
	return fillerLives() && ok
}

// fillTable leaves just so many descriptors.
func fillTable(room int) (undo func(), err error) {
	var fillers []*sys.FD
	for {
		fd, err := sys.OpenDir("/")
		if err != nil {
			break
		}
		fillers = append(fillers, fd)
	}
	keep := len(fillers) - room
	closeEach := func(fds []*sys.FD) {
		for _, fd := range fds {
			_ = fd.Close() // nothing was written
		}
	}
	closeEach(fillers[keep:])
	return func() { closeEach(fillers[:keep]) }, nil
}

// probesStayOpen has Require find out what this machine can do while there are not enough
// descriptors for that: it must neither skip the test nor keep the answer.
func probesStayOpen(l limit) bool {
	r, w, err := os.Pipe() // Go's poller opens descriptors, and ends the program if it gets none
	must(errors.Join(err, r.Close(), w.Close()))
	require := asTest(func(tb testing.TB) { nstest.Require(tb, set.NS_NET|set.NS_USER|set.NS_PID) })
	for room := range l.most {
		say("the first Require with %d descriptors", room)
		err := l.reached(room, require)
		if err == nil {
			say("row First Require|needs %d descriptors|%v", room, "")
			return true
		}
		if !errors.Is(err, unix.EMFILE) || strings.Contains(err.Error(), skipped) {
			return complain("the first Require with %d descriptors: %v", room, err)
		}
	}
	return complain("the first Require never works")
}

// fillerLives has a pool's filler fail for want of descriptors, and go on.
func fillerLives() bool {
	var tries atomic.Int32
	p := pool.New(set.NS_UTS, nil, func(*set.UnshareConfig) { tries.Add(1) })
	undo, err := fillTable(0)
	if err != nil {
		return complain("%v", err)
	}
	ended, stop := p.Run(context.Background(), 2)
	defer stop()
	g := gomega.NewGomega(func(string, ...int) {})
	failed := g.Eventually(tries.Load, "10s", "1ms").Should(gomega.BeNumerically(">", 2))
	none := p.Len() == 0
	undo()
	if !failed || !none || !g.Eventually(p.Len, "10s", "1ms").Should(gomega.Equal(2)) {
		return complain("a pool's filler has %d Sets after %d tries: %v", p.Len(), tries.Load(), context.Cause(ended))
	}
	fmt.Printf("row %s|%s|%s\n", "Pool.Run", "goes on", "after two failures")
	return true
}
