// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"os"
	"path/filepath"

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
			steps = append(steps, sandbox.FreshSys, sandbox.PrivateNetns)
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

// readyNetwork makes the thread's network namespace usable at once: lo is up, there
// are ping sockets, and an IPv6 address that is added later is valid from the first moment. The kernel
// otherwise looks for a second or two whether somebody else has it (duplicate
// address detection, RFC 4862), and nobody else is there.
func readyNetwork() error {
	const conf = "/proc/sys/net/ipv6/conf" // of the network namespace of the thread that opens it
	if _, err := os.Stat(conf); err == nil {
		// An interface does without only if 'all' does too (net/ipv6/addrconf.c,
		// addrconf_dad_begin); it copies 'default' when it is made.
		for _, name := range []string{"all", "default"} {
			if err := os.WriteFile(filepath.Join(conf, name, "accept_dad"), []byte("0"), 0); err != nil {
				return fmt.Errorf("switch off duplicate address detection: %w", err)
			}
		}
	}
	if err := sys.InterfaceUp("lo"); err != nil {
		return fmt.Errorf("bring lo up: %w", err)
	}
	return sandbox.AllowPing()
}
