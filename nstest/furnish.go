// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/seed-1bc5c4a2/gonso/internal/sandbox"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// furnish returns what runs inside of each new Set before a test gets it, or nil
// where there is nothing to do.
func (c *config) furnish() func() error {
	var steps []func() error
	if !c.raw {
		if c.flags&set.NS_NET != 0 {
			steps = append(steps, readyNetwork)
		}
		if c.flags&set.NS_MNT != 0 && c.flags&set.NS_NET != 0 {
			steps = append(steps, func() error {
				comfort("sysfs", sandbox.FreshSys)
				comfort("run", sandbox.PrivateNetns)
				return nil
			})
		}
	}
	for _, f := range c.setups {
		steps = append(steps, func() error { f(); return nil })
	}
	if len(steps) == 0 {
		return nil
	}
	return func() error {
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}
}

// readyNetwork makes the thread's network namespace usable at once: lo is up, there are
// ping sockets, settings are the kernel's own, and the kernel does not look whether
// somebody else has an IPv6 address.
func readyNetwork() error {
	comfort("settings", furnishSettings)
	if err := sys.InterfaceUp("lo"); err != nil {
		return fmt.Errorf("bring lo up: %w", err)
	}
	return nil
}

func furnishSettings() (err error) {
	var s sandbox.Settings
	defer func() { err = errors.Join(err, s.Close()) }()
	return errors.Join(s.Defaults(), skipDuplicateDetection(&s), s.AllowPing())
}

// skipDuplicateDetection makes new IPv6 addresses of the thread's network namespace valid
// as soon as the kernel has a route to them. It otherwise looks for a second or two whether
// somebody else has them (RFC 4862), and nobody else is there.
//
// An interface does without only if 'all' does too (net/ipv6/addrconf.c,
// addrconf_dad_begin); it copies 'default' when it is made.
func skipDuplicateDetection(s *sandbox.Settings) error {
	err := s.Set("net/ipv6/conf/default/accept_dad", "0")
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a kernel without IPv6
	}
	if err == nil {
		err = s.Set("net/ipv6/conf/all/accept_dad", "0")
	}
	return err
}
