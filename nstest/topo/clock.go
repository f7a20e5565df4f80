// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// ClockOffset gives the programs of a host another monotonic time and boot time: CLOCK_MONOTONIC and
// CLOCK_BOOTTIME, and so /proc/uptime, are later by d, or earlier if d is negative. It is as if the machine had
// been booted at another time. The time of day is the same (time_namespaces(7)).
//
// No clock can be before the boot of the machine that the test runs on, which may be a minute ago, as in CI: give the
// other hosts a positive offset, rather than this one a negative one.
//
// It applies to programs that [Host.Command] and [Host.Start] start, and to those that these start. The test
// itself, in Do or DialContext, has its own clocks: no thread of a Go program can join a time namespace.
func ClockOffset(d time.Duration) NodeOption {
	return func(c *nodeConfig) {
		c.only("ClockOffset", isHost, isRouter)
		c.clockOffset = d
	}
}

// setClock makes the fixture for the node's programs, if they have clocks of their own.
func (n *node) setClock() {
	n.network.tb.Helper()
	if n.config.clockOffset == 0 {
		return
	}
	d := n.config.clockOffset
	n.programs = nstest.New(n.network.tb, set.NS_TIME, nstest.Named(n.name),
		nstest.Unshare(set.WithTimeOffsets(d, d)), nstest.Sharing(n.fixture, n.fixture.Set().Flags()))
}

// Command returns the command to run a program on the host, as [nstest.Fixture.Command] does.
func (h *Host) Command(name string, args ...string) *set.Cmd {
	h.made().network.tb.Helper()
	return h.programsFixture().Command(name, args...)
}

// Start runs a program on the host for the rest of the test, as [nstest.Fixture.Start] does.
func (h *Host) Start(cmd *set.Cmd, opts ...nstest.StartOption) *nstest.Daemon {
	h.made().network.tb.Helper()
	return h.programsFixture().Start(cmd, opts...)
}

// programsFixture is where the host's programs run.
func (h *Host) programsFixture() *nstest.Fixture {
	if h.n.programs != nil {
		return h.n.programs
	}
	return h.Fixture
}
