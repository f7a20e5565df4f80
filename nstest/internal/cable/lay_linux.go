// SPDX-License-Identifier: Apache-2.0

package cable

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The interfaces in the middle. Where two ends of a veth have the same index, the kernel may wait for a second before it tells that one
// has lost its carrier (net/core/link_watch.c, linkwatch_urgent_event): nothing else has so high an index.
const (
	innerIndex = 1_000_000
	innerGroup = 0x77697265
	innerMTU   = 65535 // so that the MTU is that of the outer ends, whatever it is set to
)

// The ring of each direction. A frame that is larger than slotFrame takes the long way.
const (
	slotFrame = 1800
	slots     = 512
)

// lay makes the interfaces, and the sockets on those in the middle.
func (c *Cable) lay(ends [2]End) (err error) {
	if c.own, err = set.Unshare(set.NS_NET); err != nil {
		return err
	}
	// The kernel is not to say anything on the cable by itself.
	if err := inside.Do(c.own, nssetup.DisableIPv6); err != nil {
		return err
	}
	conn, err := rtnl.Dial(c.own)
	if err != nil {
		return err
	}
	defer conn.Close()
	for i, end := range ends {
		if err := c.layEnd(conn, i, end); err != nil {
			return fmt.Errorf("%s of its %s end: %w", end.Name, [...]string{"first", "second"}[i], err)
		}
	}
	c.poller, err = sys.NewPoller(c.ends[:]...)
	return err
}

// layEnd makes the interface of one end, and prepares it.
func (c *Cable) layEnd(conn *rtnl.Conn, i int, end End) (err error) {
	fds, err := end.Set.Fds(set.NS_NET)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fds.Close()) }()
	inner := rtnl.End{Name: innerName(i), Index: innerIndex + i, MTU: innerMTU, Group: innerGroup}
	outer := rtnl.End{Name: end.Name, Index: end.Index, MTU: end.MTU, MAC: end.MAC, Group: end.Group}
	if err := conn.Do(rtnl.AddVeth(inner, outer, int(fds.Get(set.NS_NET).Fd()))); err != nil {
		return err
	}
	if err := conn.Do(rtnl.SetUp(inner.Name, inner.Index, true)); err != nil {
		return err
	}
	at, err := linkAt(c.own, inner.Index)
	if err != nil {
		return err
	}
	if at, err = linkAt(end.Set, at.ParentIndex); err != nil { // its peer
		return err
	}
	c.names[i] = at.Name
	if err := inside.Do(end.Set, func() error { return sys.CompleteChecksums(at.Name) }); err != nil {
		return fmt.Errorf("switch off the checksum offload of %s: %w", at.Name, err)
	}
	c.ends[i], err = inside.Get(c.own, func() (*sys.PacketSocket, error) { return sys.OpenPacket(inner.Index, slotFrame, slots) })
	if err != nil {
		return fmt.Errorf("packet socket: %w", err)
	}
	return nil
}

func innerName(i int) string { return fmt.Sprintf("end%d", i) }

// linkAt returns what the kernel says of an interface of a Set.
func linkAt(s set.Set, index int) (*netlink.LinkAttrs, error) {
	return inside.Get(s, func() (*netlink.LinkAttrs, error) {
		handle, err := netlink.NewHandle()
		if err != nil {
			return nil, err
		}
		defer handle.Close()
		link, err := handle.LinkByIndex(index)
		if err != nil {
			return nil, err
		}
		return link.Attrs(), nil
	})
}

// free gives back what the cable has. Its namespace goes some time after it is let go of, but the interfaces go at once.
func (c *Cable) free() (err error) {
	if c.poller != nil {
		err = c.poller.Close()
	}
	for _, end := range c.ends {
		if end != nil {
			err = errors.Join(err, end.Close())
		}
	}
	if c.own.Flags() == 0 {
		return err
	}
	conn, e := rtnl.Dial(c.own)
	if e == nil {
		e = conn.Do(rtnl.DelGroup(innerGroup))
		conn.Close()
	}
	if !errors.Is(e, unix.ENODEV) { // they may have gone with the namespaces of their other ends
		err = errors.Join(err, e)
	}
	return errors.Join(err, c.own.Close())
}

// refusals are errors of sending that are about the frame, or the state of the interface, and not about the socket.
var refusals = []error{unix.ENOBUFS, unix.EMSGSIZE, unix.EINVAL, unix.ENETDOWN, unix.ENXIO, unix.ENODEV, unix.EAGAIN}

func refusal(err error) bool {
	return slices.ContainsFunc(refusals, func(r error) bool { return errors.Is(err, r) })
}
