// SPDX-License-Identifier: Apache-2.0

// Package setup makes new namespaces usable for tests: what of it cannot be had they go without.
package setup

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Namespaces returns what makes new namespaces of the kinds in flags usable, for a thread inside of them, or nil
// where there is nothing to do.
func Namespaces(flags int) func() error {
	if flags&set.NS_NET == 0 {
		return nil
	}
	if flags&set.NS_MNT == 0 {
		return Network
	}
	return func() error {
		if err := Network(); err != nil {
			return err
		}
		Optional("sysfs", nssetup.FreshSys)
		Optional("run", nssetup.PrivateNetns)
		return nil
	}
}

// Network makes the thread's network namespace usable at once: lo is up, there are
// ping sockets, settings are the kernel's own, and the kernel does not look whether
// somebody else has an IPv6 address.
func Network() error {
	Optional("settings", settings)
	if err := sys.InterfaceUp("lo"); err != nil {
		if help := denial.Exhausted("socket", err); help != "" {
			err = fmt.Errorf("%w (%s)", err, help)
		}
		return fmt.Errorf("bring lo up: %w", err)
	}
	return nil
}

func settings() (err error) {
	var s nssetup.Settings
	defer func() { err = errors.Join(err, s.Close()) }()
	return errors.Join(s.Defaults(), skipDuplicateDetection(&s), s.AllowPing())
}

// skipDuplicateDetection makes new IPv6 addresses of the thread's network namespace valid
// as soon as the kernel has a route to them. It otherwise looks for a second or two whether
// somebody else has them (RFC 4862), and nobody else is there.
//
// An interface does without only if 'all' does too (net/ipv6/addrconf.c,
// addrconf_dad_begin); it copies 'default' when it is made.
func skipDuplicateDetection(s *nssetup.Settings) error {
	err := s.Set("net/ipv6/conf/default/accept_dad", "0")
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a kernel without IPv6
	}
	if err == nil {
		err = s.Set("net/ipv6/conf/all/accept_dad", "0")
	}
	return err
}
