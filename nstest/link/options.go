// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
)

// An Option changes what a link is like.
type Option func(*config)

type config struct {
	name      string
	mtu       int
	mac       net.HardwareAddr
	down      bool
	addresses []string
	master    *Link
	in        *nstest.Fixture
	peer      []Option
	err       error // of an option
}

func newConfig(opts []Option) *config {
	c := new(config)
	c.err = errors.Join(c.err, option.Apply(c, opts))
	return c
}

// Name sets the link's name, of 1 to 15 bytes. Without it the link is called after its
// kind, with a number that is free in its fixture: eth0, br0, vlan1.
func Name(name string) Option {
	return func(c *config) { c.name, c.err = name, errors.Join(c.err, checkName(name)) }
}

// MTU sets the size in bytes of the largest packet.
func MTU(bytes int) Option {
	return func(c *config) {
		c.mtu = bytes
		if bytes <= 0 { // 0 has the kernel choose, and package netlink leaves out what is less
			c.err = errors.Join(c.err, fmt.Errorf("an MTU of %d: it is a number of bytes, such as 1500", bytes))
		}
	}
}

// MAC sets the hardware address, such as "02:00:5e:00:53:01".
func MAC(address string) Option {
	return func(c *config) {
		var err error
		if c.mac, err = net.ParseMAC(address); err != nil {
			c.err = errors.Join(c.err, err)
		}
	}
}

// Down leaves the link switched off.
func Down() Option { return func(c *config) { c.down = true } }

// Address gives the link addresses, such as "192.0.2.1/24", once it is made.
func Address(cidrs ...string) Option {
	return func(c *config) { c.addresses = append(c.addresses, cidrs...) }
}

// Master makes the link a port of another one of its fixture, see [Link.Attach].
func Master(master *Link) Option {
	return func(c *config) {
		c.master = master
		if master == nil {
			c.err = errors.Join(c.err, errors.New("Master: the link is nil"))
		}
	}
}

// In puts a link that sits on another one, such as a VLAN, into a fixture of its own.
// Without it, it is in the fixture of the link that it sits on.
func In(f *nstest.Fixture) Option {
	return func(c *config) {
		c.in = f
		if f == nil {
			c.err = errors.Join(c.err, errors.New("In: the *Fixture is nil"))
		}
	}
}

// Peer sets options of a veth's second end. Without it, both ends have the same options, except for addresses,
// hardware addresses and masters.
func Peer(opts ...Option) Option { return func(c *config) { c.peer = append(c.peer, opts...) } }

// maxName is IFNAMSIZ of linux/if.h less the byte that ends the name.
const maxName = 15

// checkName knows what the kernel takes (net/core/dev.c, dev_valid_name), since the kernel
// says 'invalid argument' to whatever it does not, and takes % for a pattern.
func checkName(name string) error {
	switch {
	case name == "", name == ".", name == "..", strings.ContainsAny(name, "/:% \t\n\v\f\r"):
		return fmt.Errorf("%q is no name of a link: it must not be empty, . or .., nor have a slash, a colon, a percent sign or a space", name)
	case len(name) > maxName:
		return fmt.Errorf("%q is no name of a link: it has %d bytes, and %d are the most", name, len(name), maxName)
	}
	return nil
}
