// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/refusal"
)

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
		if refusal.EnginesDev(procfs.Root) { // devices are the engine's to give
			r.Remedy = refusal.AddTun
		}
	case errors.Is(r.Cause, unix.EACCES):
		r.Cause = fmt.Errorf("the device file's mode forbids it: %w", r.Cause)
		r.Remedy = "sudo chmod 0666 /dev/net/tun"
	}
	return r
}
