// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// waitTime is how long a link may take to come up.
const waitTime = 10 * time.Second

// WaitUp waits until the link is up and runs: it is switched on, and the kernel has seen a
// carrier. A veth has one if both ends are up, a bridge if one of its ports has. After ten
// seconds the test fails.
func (l *Link) WaitUp() {
	l.tb.Helper()
	if err := l.waitUp(waitTime); err != nil {
		l.fatal("wait for", err)
	}
}

// waitUp subscribes before it looks, so that no change is missed.
func (l *Link) waitUp(limit time.Duration) error {
	changes, err := rtnl.Dial(l.fixture.Set(), unix.RTNLGRP_LINK)
	if err != nil {
		return err
	}
	defer changes.Close()
	deadline := time.Now().Add(limit)
	for {
		found, err := l.fixture.Netlink().LinkByIndex(l.index)
		if err != nil {
			return err
		}
		attrs := found.Attrs()
		if rtnl.StateOf(attrs.RawFlags) == rtnl.Up {
			return nil
		}
		// Whatever has changed, and also if there were too many changes to list: look again.
		if _, err := changes.Receive(deadline); errors.Is(err, unix.EAGAIN) {
			return notUp(attrs, limit)
		} else if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return err
		}
	}
}

func notUp(attrs *netlink.LinkAttrs, limit time.Duration) error {
	if rtnl.StateOf(attrs.RawFlags) == rtnl.Down {
		return fmt.Errorf("it is switched off, and was not switched on for %v", limit)
	}
	return fmt.Errorf("it has been %s for %v (state %v): is its other end up?", rtnl.StateOf(attrs.RawFlags), limit, attrs.OperState)
}
