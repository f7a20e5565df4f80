// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// How a link is made:
//
//  1. The options are checked: what is wrong with them is an error before anything is made.
//  2. The clean-up is registered, which deletes the link whether or not what follows succeeds.
//  3. One request makes the link, in its namespace.
//  4. The link is looked up by its name, since old kernels do not answer with its index
//     (NLM_F_ECHO, Linux 6.2).

// New makes a link of any kind, described by spec; options override what spec says. LinkAttrs.Namespace of spec
// is the namespace of the link, if that is not the fixture's.
//
//	link.New(t, f, &netlink.Macvlan{
//		LinkAttrs: netlink.LinkAttrs{Name: "mv0", ParentIndex: parent.Index()},
//		Mode:      netlink.MACVLAN_MODE_PRIVATE,
//	})
func New(tb testing.TB, f *nstest.Fixture, spec netlink.Link, opts ...Option) *Link {
	lifecycle.NeedTest(tb, "link.New")
	tb.Helper()
	if name := spec.Attrs().Name; name != "" {
		opts = append([]Option{Name(name)}, opts...)
	}
	return create(tb, f, spec, newConfig(opts))
}

// newOn makes a link that sits on another one.
func newOn(tb testing.TB, parent *Link, spec netlink.Link, opts []Option) *Link {
	tb.Helper()
	if parent == nil {
		tb.Fatalf("link: make %s: the link that it is to sit on is nil", spec.Type())
	}
	c := newConfig(opts)
	spec.Attrs().ParentIndex = parent.index
	return create(tb, parent.fixture, spec, c)
}

// needFixture ends a test that has no fixture for a link.
func needFixture(tb testing.TB, f *nstest.Fixture, what string) {
	tb.Helper()
	if f == nil {
		tb.Fatalf("link: %s: the *Fixture is nil", what)
	}
}

// create makes a link from inside a fixture.
func create(tb testing.TB, f *nstest.Fixture, spec netlink.Link, c *config) *Link {
	tb.Helper()
	needFixture(tb, f, "make "+spec.Type())
	l := &Link{tb: tb, fixture: f, kind: spec.Type()}
	if c.in != nil {
		l.fixture = c.in
	}
	attrs := spec.Attrs()
	c.apply(attrs)
	if l.fixture != f {
		fd, err := netnsOf(l.fixture)
		if err != nil {
			l.fatal("make", err)
		}
		defer fd.Close()
		attrs.Namespace = netlink.NsFd(fd.Get(set.NS_NET).Fd())
	}
	l.make(c, func(name string, group uint32) error {
		attrs.Name = name
		if attrs.Group == 0 {
			attrs.Group, l.group = group, group
		}
		return l.orWithoutMTU(f.Netlink().LinkAdd(spec), []int{attrs.MTU}, func() error {
			attrs.MTU = 0
			return f.Netlink().LinkAdd(spec)
		})
	})
	l.finish(c)
	return l
}

// apply writes what a request that makes a link says of it.
func (c *config) apply(attrs *netlink.LinkAttrs) {
	if c.mtu != 0 {
		attrs.MTU = c.mtu
	}
	if c.mac != nil {
		attrs.HardwareAddr = c.mac
	}
	if !c.down {
		attrs.Flags |= net.FlagUp
	}
	if attrs.TxQLen == 0 {
		attrs.TxQLen = -1 // the kernel's default, see netlink.NewLinkAttrs
	}
}

// naming is held while a free name is chosen and taken. Making links waits for a lock of
// the kernel anyway (rtnl_mutex).
var naming sync.Mutex

// make makes a link by a request that takes a name and a group, and finds it.
func (l *Link) make(c *config, request func(name string, group uint32) error) {
	l.tb.Helper()
	l.check(c)
	group := l.undoAtEnd()
	naming.Lock()
	defer naming.Unlock()
	l.choose(c, "")
	l.made(request(l.name, group))
}

// check ends the test if an option is wrong.
func (l *Link) check(c *config) {
	l.tb.Helper()
	l.name = c.name
	if flags := l.fixture.Set().Flags(); flags&set.NS_NET == 0 {
		// Whatever follows would be done to the network of the process.
		l.fatal("make", fmt.Errorf("the fixture has no net namespace, only %s", set.KindNames(flags)))
	}
	if c.err != nil {
		l.fatal("make", c.err)
	}
}

// choose chooses a name, other than except, if nobody did.
func (l *Link) choose(c *config, except string) {
	l.tb.Helper()
	if c.name != "" {
		return
	}
	name, err := freeName(l.fixture.Netlink(), prefix(l.kind), except)
	if err != nil {
		l.fatal("make", err)
	}
	l.name = name
}

// freeName returns a name that no link has. Numbers are looked for in growing steps: counting
// up would make the thousandth link take a thousand requests.
func freeName(handle *netlink.Handle, prefix, except string) (string, error) {
	free := func(n int) (bool, error) {
		name := fmt.Sprint(prefix, n)
		if name == except {
			return false, nil
		}
		_, err := handle.LinkByName(name)
		if errors.As(err, new(netlink.LinkNotFoundError)) {
			return true, nil
		}
		return false, err
	}
	taken, n := -1, 0
	for {
		is, err := free(n)
		if err != nil {
			return "", err
		}
		if is {
			break
		}
		taken, n = n, 2*n+1
	}
	for n-taken > 1 { // taken is, and n is free
		middle := (taken + n) / 2
		is, err := free(middle)
		if err != nil {
			return "", err
		}
		if is {
			n = middle
		} else {
			taken = middle
		}
	}
	return fmt.Sprint(prefix, n), nil
}

// made takes the kernel's answer to the request for the link.
func (l *Link) made(err error) {
	l.tb.Helper()
	if errors.Is(err, syscall.EOPNOTSUPP) && slices.Contains(probe.Names(), l.kind) {
		nstest.RequireFeatures(l.tb, l.kind) // skips by that name, if it is the kernel's fault
	}
	if err != nil {
		l.fatal("make", explain(err))
	}
	if err := l.find(); err != nil {
		l.tb.Fatal(err)
	}
}

// find looks the link up by its name.
func (l *Link) find() error {
	found, err := lookUp(l.fixture.Netlink(), l.name)
	if err != nil {
		return l.failure("find", err)
	}
	l.index = found.Attrs().Index
	return nil
}

// lookUp is a variable for the test of a look-up that fails.
var lookUp = (*netlink.Handle).LinkByName

// finish does what takes requests of its own.
func (l *Link) finish(c *config) {
	l.tb.Helper()
	if c.master != nil {
		c.master.Attach(l)
	}
	for _, cidr := range c.addresses {
		l.AddAddress(cidr)
	}
}

// explain adds what is known of an error of the kernel.
func explain(err error) error {
	if errors.Is(err, syscall.EEXIST) {
		return fmt.Errorf("%w: there is a link of that name, or one with the same number or addresses: "+
			"choose another with link.Name, or other numbers", err)
	}
	return err
}

// prefix is what links of a kind are called, before a number.
func prefix(kind string) string {
	switch kind {
	case "veth":
		return "eth"
	case "bridge":
		return "br"
	case "wireguard":
		return "wg"
	}
	if len(kind) > maxName-3 {
		return "link"
	}
	return kind
}

// netnsOf returns the network namespace of a fixture, to be closed.
func netnsOf(f *nstest.Fixture) (set.FdSet, error) { return f.Set().Fds(set.NS_NET) }

// MoveTo moves the link to another fixture, where it is down and has no addresses.
func (l *Link) MoveTo(to *nstest.Fixture) {
	l.tb.Helper()
	if to == nil {
		l.fatal("move", errors.New("the *Fixture is nil"))
	}
	fds, err := netnsOf(to)
	if err != nil {
		l.fatal("move", err)
	}
	defer fds.Close()
	l.do("move to "+to.Name(), func(h *netlink.Handle) error {
		return h.LinkSetNsFd(l.handle(), int(fds.Get(set.NS_NET).Fd()))
	})
	l.fixture = to
	if err := l.find(); err != nil { // its number may be another one there
		l.tb.Fatal(err)
	}
}
