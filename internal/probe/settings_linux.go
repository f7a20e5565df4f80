// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/refusal"
	"github.com/seed-1bc5c4a2/gonso/internal/sandbox"
)

// trySettings writes a setting of a new network namespace.
func trySettings() Result {
	if r := Named("net"); r.OK != Yes {
		return without(r)
	}
	err := inNew(unix.CLONE_NEWNET, sandbox.AllowPing)
	switch {
	case err == nil:
		return Result{OK: Yes}
	case errors.Is(err, unix.EROFS), errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return Result{OK: No, Cause: err, Remedy: refusal.Masks(procfs.Root).Remedy}
	}
	return Result{OK: Inconclusive, Cause: err}
}

// tryIPv6 adds an address in a new network namespace.
func tryIPv6() Result {
	r := inNewNet("IPv6", func(handle *netlink.Handle) error {
		var s sandbox.Settings
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
			Remedy: refusal.Masks(procfs.Root).Remedy,
		}
	}
	return r
}
