// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/vishvananda/netlink"
)

// Tun makes an interface whose IP packets, one for each call, are read from and written to
// the file. The link is gone when the file is closed. See [Tap].
func Tun(tb testing.TB, f *nstest.Fixture, opts ...Option) (*Link, *os.File) {
	lifecycle.NeedTest(tb, "link.Tun")
	tb.Helper()
	return tuntap(tb, f, "tun", sys.Tun, opts)
}

// Tap makes a Tun with Ethernet frames instead of IP packets. It needs /dev/net/tun, which on many machines
// only root may open.
func Tap(tb testing.TB, f *nstest.Fixture, opts ...Option) (*Link, *os.File) {
	lifecycle.NeedTest(tb, "link.Tap")
	tb.Helper()
	return tuntap(tb, f, "tap", sys.Tap, opts)
}

func tuntap(tb testing.TB, f *nstest.Fixture, kind string, mode uint16, opts []Option) (*Link, *os.File) {
	tb.Helper()
	needFixture(tb, f, "make "+kind)
	c := newConfig(opts)
	l := &Link{tb: tb, fixture: f, kind: kind}
	var file *os.File
	f.Cleanup(tb, func() error {
		if file == nil {
			return nil // there is none
		}
		if err := file.Close(); !errors.Is(err, os.ErrClosed) {
			return err
		}
		return nil
	})
	l.make(c, func(name string, _ uint32) (err error) {
		// The device belongs to the network of the thread that opens it.
		file, err = inside.Get(f.Set(), func() (*os.File, error) { return sys.OpenTun(name, mode) })
		switch {
		case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
			nstest.RequireFeatures(tb, "tun")
		case errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.EINVAL): // as for other kinds
			if _, e := f.Netlink().LinkByName(name); e == nil {
				return syscall.EEXIST
			}
		}
		return err
	})
	l.configure(c)
	l.finish(c)
	return l, file
}

// configure does what the device of /dev/net/tun cannot be asked for at once.
func (l *Link) configure(c *config) {
	l.tb.Helper()
	if c.mtu != 0 {
		l.do("set the MTU of", func(h *netlink.Handle) error {
			err := h.LinkSetMTU(l.handle(), c.mtu)
			if isInvalid(err) {
				err = l.explainMTU(err, c.mtu)
			}
			return err
		})
	}
	if c.mac != nil {
		l.do("set the address of", func(h *netlink.Handle) error { return h.LinkSetHardwareAddr(l.handle(), c.mac) })
	}
	if !c.down {
		l.Up()
	}
}
