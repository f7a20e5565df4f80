// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/workdir"
	"github.com/seed-1bc5c4a2/gonso/set"
	"github.com/vishvananda/netlink"
)

// NetNS returns a descriptor of the fixture's network namespace, for functions that take one:
//
//	nftables.New(nftables.WithNetNSFd(ns.NetNS()))
//	netlink.NewHandleAt(netns.NsHandle(ns.NetNS())) // of github.com/vishvananda
//
// Each call returns the same descriptor. The fixture closes it when the test ends: do not close it.
func (f *Fixture) NetNS() int {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	in.needNet(tb)
	fd, err := in.netFD()
	if err != nil {
		tb.Fatalf("nstest: %s: %v", in.Name, err)
	}
	return fd
}

// netFD returns a descriptor that is closed with the instance.
func (in *instance) netFD() (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.netns == nil {
		fds, err := in.Set.Fds(set.NS_NET)
		if err != nil {
			return 0, err
		}
		in.netns = fds.Get(set.NS_NET)
	}
	return int(in.netns.Fd()), nil
}

// Path returns the path of a file that stands for the fixture's network namespace until the test ends, for CNI
// plugins, nsenter(1) and the like. The file is in /proc: this process can use it, and others that see the same
// /proc and have no fewer privileges. For a name in /run/netns use [NamedNetNS].
func (f *Fixture) Path() string {
	tb := f.reporter()
	tb.Helper()
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.NetNS())
}

// netnsDir is where ip-netns(8) looks for names.
const netnsDir = "/run/netns"

// NamedNetNS makes a fixture with a network namespace that has a name for ip-netns(8), and for everything that
// looks into /run/netns:
//
//	router := nstest.NamedNetNS(t, "router")
//	router.Command("ip", "netns", "exec", "router", "ip", "link").Output()
//
// The name exists in the fixture's own mount namespace only, for programs that run in there. Parallel tests and
// the host have their own names. Fixtures that share the mount namespace see each other's names:
//
//	server := nstest.NamedNetNS(t, "server", nstest.Sharing(router, gonso.NS_MNT))
func NamedNetNS(tb testing.TB, name string, opts ...Option) *Fixture {
	needTest(tb, "NamedNetNS")
	tb.Helper()
	if !filepath.IsLocal(name) || filepath.Base(name) != name || name == "." {
		tb.Fatalf("nstest: NamedNetNS: %q is no name of a file: %v", name, os.ErrInvalid)
	}
	flags := set.NS_NET | set.NS_MNT
	if c := newConfig(0, opts); c.shared != nil {
		flags &^= c.sharedFlags & set.NS_MNT
	}
	f := New(tb, flags, append([]Option{Named(name)}, opts...)...)
	if in := f.instance(tb); in.Set.Flags()&set.NS_MNT != 0 {
		if err := in.bindName(tb, name); err != nil {
			tb.Fatalf("nstest: %s: give the network namespace its name: %v", in.Name, err)
		}
	}
	return f
}

// bindName has /run/netns of the mount namespace have the network namespace.
func (in *instance) bindName(tb testing.TB, name string) error {
	tb.Helper()
	file := filepath.Join(netnsDir, name)
	var ofProcess os.FileInfo
	workdir.OfProcess(func() { ofProcess, _ = os.Stat(netnsDir) }) // which need not be there
	err := inside.Do(in.Set, func() error {
		if own, err := os.Stat(netnsDir); err != nil || ofProcess != nil && os.SameFile(own, ofProcess) {
			return errors.Join(fmt.Errorf("%s is not the fixture's own: %w", netnsDir, errors.ErrUnsupported), err)
		}
		if _, err := os.Lstat(file); err == nil {
			return fmt.Errorf("%s: %w", file, os.ErrExist)
		}
		return in.Set.MountNS(set.NS_NET, file)
	})
	if err != nil {
		return err
	}
	in.cleanup(tb, func() error { // which matters where the mount namespace is shared
		return inside.Do(in.Set, func() error { return errors.Join(sys.Detach(file), os.Remove(file)) })
	})
	return nil
}

// MoveLink moves a link of the fixture to another one, where it has the same name, is down, and has lost its
// addresses and routes. The other end of a veth pair stays where it is. Links of package nstest/link have a
// MoveTo of their own.
func (f *Fixture) MoveLink(name string, to *Fixture) {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	target := to.instance(tb)
	target.needNet(tb)
	handle := f.Netlink()
	if err := target.takeLink(handle, name); err != nil {
		tb.Fatalf("nstest: %s: move %s to %s: %v", in.Name, name, target.Name, err)
	}
}

// takeLink moves a link from another network namespace to that of the instance.
func (in *instance) takeLink(from *netlink.Handle, name string) error {
	link, err := from.LinkByName(name)
	if err != nil {
		return err
	}
	fd, err := in.netFD()
	if err != nil {
		return err
	}
	err = from.LinkSetNsFd(link, fd)
	switch {
	case errors.Is(err, os.ErrExist):
		return fmt.Errorf("%w: a link there has that name: rename one", err)
	case errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("%w: links of its kind, such as lo, cannot be moved", err)
	}
	return err
}
