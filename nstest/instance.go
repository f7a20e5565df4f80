// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keep"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/leftover"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/workdir"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// An instance is what a fixture has for the length of one test or spec.
type instance struct {
	*lifecycle.Instance

	mu     sync.Mutex
	client *http.Client
	links  *netlink.Handle
	netns  *os.File          // the network namespace, see NetNS
	files  map[string]string // path inside to the file that is mounted there
	whole  *instance         // with the Sets of those around it, see Here
	ends   []func()          // what is to be done at the end, and could be no clean-up of TB

	workDir workdir.Dir // as the test began
	chdir   string      // the line of a Do in which t.Chdir was called, if it is known
}

// newInstance takes a Set for a test. Where there is none to be had it ends the
// test.
func newInstance(tb testing.TB, c *config) *instance {
	tb.Helper()
	noteVariables()
	if err := keep.Begin(); err != nil {
		tb.Fatalf("nstest: %v", err)
	}
	if c.err != nil {
		tb.Fatalf("nstest: New: %v", c.err)
	}
	own, err := c.pool().Take()
	if err != nil {
		err = needsProcess(err, helpRaw)
		if c.at.FileName != "" { // the place of the failure is in here
			err = fmt.Errorf("the fixture of %v: %w", c.at, err)
		}
		unavailable(tb, c.flags, err)
	}
	name, nameless := c.name, c.name == ""
	if nameless {
		name = set.KindNames(c.flags)
	}
	all, err := c.share(own)
	if err != nil {
		tb.Fatalf("nstest: %s: %v", name, errors.Join(err, own.Close()))
	}
	return instanceOf(&lifecycle.Instance{
		TB: tb, Owner: tb.Name(), Name: name, Nameless: nameless,
		Set: all, Own: own, Leftover: leftover.In(own), Usual: c.usualMounts, At: c.at,
		Scope: lifecycle.ScopeOf(tb),
	})
}

func instanceOf(life *lifecycle.Instance) *instance {
	in := &instance{Instance: life}
	in.Leave, in.Undo, in.Close = in.leaveTarget, in.end, in.close
	return in
}

func (in *instance) close() (err error) {
	in.end()
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.links != nil {
		in.links.Close()
		in.links = nil
	}
	if in.netns != nil {
		err = in.netns.Close()
		in.netns = nil
	}
	if in.whole != nil {
		err = errors.Join(err, in.whole.close())
	}
	return errors.Join(err, in.Set.Close(), in.Own.Close())
}

// end does what is to be done at the end.
func (in *instance) end() {
	in.mu.Lock()
	ends := in.ends
	in.ends = nil
	in.mu.Unlock()
	for _, f := range slices.Backward(ends) {
		f()
	}
}
