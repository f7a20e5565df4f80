// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"net"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// trySettings writes a setting of a new network namespace.
func trySettings() Result {
	if r := Named("net"); r.OK != Yes {
		return without(r)
	}
	err := inNew(kind.Net, nssetup.AllowPing)
	switch {
	case err == nil:
		return Result{OK: Yes}
	case errors.Is(err, unix.EROFS), errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return Result{OK: No, Cause: err, Remedy: denial.Masks(procfs.Root).Remedy}
	}
	return Result{OK: Inconclusive, Cause: err}
}

// tryIPv6 adds an address in a new network namespace.
func tryIPv6() Result {
	r := inNewNet("IPv6", func(handle *netlink.Handle) error {
		var s nssetup.Settings
		err := s.Defaults() // some have switched it off, which others may undo
		if err = errors.Join(err, s.Close()); err != nil && !errors.Is(err, unix.EROFS) {
			return err
		}
		lo, err := handle.LinkByName("lo")
		if err != nil {
			return err
		}
		address := net.IPNet{IP: net.ParseIP("2001:db8::1"), Mask: net.CIDRMask(128, 128)}
		return handle.AddrAdd(lo, &netlink.Addr{IPNet: &address, Flags: unix.IFA_F_NODAD})
	})
	switch {
	case errors.Is(r.Cause, unix.EOPNOTSUPP), errors.Is(r.Cause, unix.EAFNOSUPPORT):
		return Result{OK: No, Cause: fmt.Errorf("add an address: %w: the kernel was built or started without IPv6 (ipv6.disable=1)", unix.EOPNOTSUPP)}
	case errors.Is(r.Cause, unix.EACCES):
		return Result{
			OK:     No,
			Cause:  fmt.Errorf("add an address: %w: net.ipv6.conf.default.disable_ipv6 is 1, and cannot be set", unix.EACCES),
			Remedy: denial.Masks(procfs.Root).Remedy,
		}
	}
	return r
}

// tryNftables asks for the generation of the ruleset, which every network
// namespace has if the kernel has nf_tables.
func tryNftables() Result {
	return inNewNet("nf_tables", func(*netlink.Handle) error {
		request := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETGEN, 0)
		request.AddData(&nl.Nfgenmsg{NfgenFamily: unix.AF_UNSPEC, Version: nl.NFNETLINK_V0})
		_, err := request.Execute(unix.NETLINK_NETFILTER, 0)
		return err
	})
}

// tryTun makes a tun interface. Unlike other links, that goes through a device
// file, with a mode of its own.
func tryTun() Result {
	if net := Named("net"); net.OK != Yes {
		return without(net)
	}
	r := inNewNet("tun", func(handle *netlink.Handle) (err error) {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = "probed"
		tun := &netlink.Tuntap{LinkAttrs: attrs, Mode: netlink.TUNTAP_MODE_TUN}
		err = handle.LinkAdd(tun)
		for _, queue := range tun.Fds {
			err = errors.Join(err, queue.Close())
		}
		return err
	})
	switch {
	case errors.Is(r.Cause, fs.ErrNotExist):
		r.OK = No
		r.Cause = fmt.Errorf("there is no device file for it: %w", r.Cause)
		r.Remedy = "sudo sh -c 'mkdir -p /dev/net && mknod -m 0666 /dev/net/tun c 10 200'"
		if remedy, engines := denial.AddTun(procfs.Root); engines {
			r.Remedy = remedy
		}
	case errors.Is(r.Cause, unix.EACCES):
		r.Cause = fmt.Errorf("the device file's mode forbids it: %w", r.Cause)
		r.Remedy = "sudo chmod 0666 /dev/net/tun"
	}
	return r
}
