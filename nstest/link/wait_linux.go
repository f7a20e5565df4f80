// SPDX-License-Identifier: Apache-2.0

package link

import (
	"fmt"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
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

func (l *Link) waitUp(limit time.Duration) error {
	return rtnl.Await(l.fixture.Set(), limit, func() (missing []string, err error) {
		found, err := l.fixture.Netlink().LinkByIndex(l.index)
		if err != nil {
			return nil, err
		}
		switch attrs := found.Attrs(); rtnl.StateOf(attrs.RawFlags) {
		case rtnl.Up:
			return nil, nil
		case rtnl.Down:
			return []string{"it is switched off"}, nil
		default:
			return []string{fmt.Sprintf("it is %s (state %v): is its other end up?", rtnl.StateOf(attrs.RawFlags), attrs.OperState)}, nil
		}
	}, unix.RTNLGRP_LINK)
}
