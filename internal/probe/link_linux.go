// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
)

// linkKinds are the kinds of network interfaces that there is a check for.
var linkKinds = []string{
	"veth", "bridge", "dummy", "macvlan", "macvtap", "ipvlan", "vlan", "vxlan", "geneve", "gre", "ip6gre", "wireguard", "bond",
	"team", "vrf", "ifb",
}

// tryLink makes a link of that kind. The kernel loads the module for it, if it is
// to be had.
func tryLink(kind string) Result {
	module := kind
	if kind == "vlan" {
		module = "8021q"
	}
	return inNewNet(module, func(handle *netlink.Handle) error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "probed"
		var link netlink.Link
		switch kind {
		case "veth":
			link = &netlink.Veth{LinkAttrs: attrs, PeerName: "peer"}
		case "vxlan":
			link = &netlink.Vxlan{LinkAttrs: attrs, VxlanId: 1, Port: 4789}
		case "geneve":
			link = &netlink.Geneve{LinkAttrs: attrs, ID: 1, Remote: net.IPv4(192, 0, 2, 1)}
		case "gre":
			link = &netlink.Gretun{LinkAttrs: attrs, Local: net.IPv4(192, 0, 2, 1), Remote: net.IPv4(192, 0, 2, 2)}
		case "ip6gre":
			link = &netlink.Gretun{LinkAttrs: attrs, Local: net.ParseIP("2001:db8::1"), Remote: net.ParseIP("2001:db8::2")}
		case "vrf":
			link = &netlink.Vrf{LinkAttrs: attrs, Table: 1}
		case "macvlan", "macvtap", "ipvlan", "vlan":
			parent, err := addParent(handle)
			if err != nil {
				return err
			}
			attrs.ParentIndex = parent
			link = &netlink.GenericLink{LinkAttrs: attrs, LinkType: kind}
			if kind == "vlan" { // it does not exist without a number
				link = &netlink.Vlan{LinkAttrs: attrs, VlanId: 1}
			}
		default:
			link = &netlink.GenericLink{LinkAttrs: attrs, LinkType: kind}
		}
		return handle.LinkAdd(link)
	})
}

// addParent makes an Ethernet device for another link to sit on, of the first
// kind that the kernel has, and returns its index.
func addParent(handle *netlink.Handle) (index int, err error) {
	for _, kind := range []string{"bridge", "dummy"} {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "parent"
		if err = handle.LinkAdd(&netlink.GenericLink{LinkAttrs: attrs, LinkType: kind}); err == nil {
			link, err := handle.LinkByName("parent")
			if err != nil {
				return 0, err
			}
			return link.Attrs().Index, nil
		}
	}
	return 0, fmt.Errorf("a parent for it: %w", errors.Join(errNoParent, err))
}

var errNoParent = errors.New("there is neither bridge nor dummy to sit on")

// inNewNet runs work with a handle to a new network namespace. If the kernel does
// not know what work asks for, it has tried to load the module already.
func inNewNet(module string, work func(*netlink.Handle) error) Result {
	if r := Named("net"); r.OK != Yes {
		return without(r)
	}
	err := inNew(kind.Net, func() error {
		handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer handle.Close()
		return work(handle)
	})
	switch {
	case err == nil:
		return Result{OK: Yes}
	case errors.Is(err, errNoParent):
		return Result{OK: No, Cause: err}
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.ENODEV):
		return Result{
			OK:     No,
			Cause:  fmt.Errorf("%w: the kernel has no %s, and there is no such module to load", err, module),
			Remedy: moreModules("/etc/os-release"),
		}
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return Result{OK: No, Cause: err}
	}
	return Result{OK: Inconclusive, Cause: err}
}

// moreModules returns what installs the modules that Ubuntu has in a package of
// their own. Elsewhere it takes another kernel.
func moreModules(osRelease string) string {
	text, err := os.ReadFile(osRelease)
	if err != nil || !slices.Contains(strings.Split(string(text), "\n"), "ID=ubuntu") {
		return ""
	}
	return `sudo apt-get install "linux-modules-extra-$(uname -r)"`
}
