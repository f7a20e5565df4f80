// SPDX-License-Identifier: Apache-2.0

package rtnl

import (
	"encoding/binary"
	"errors"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// MTUs returns which MTUs an interface takes. A most of 0 stands for any, and so do both on kernels that do not say it (before Linux 4.19).
func (c *Conn) MTUs(index int) (least, most int, err error) {
	err = c.dump(unix.RTM_GETLINK, nl.NewIfInfomsg(unix.AF_UNSPEC), func(m syscall.NetlinkMessage) error {
		if int(nl.DeserializeIfInfomsg(m.Data).Index) != index {
			return nil
		}
		bound := func(kind uint16) (int, error) {
			value, err := attribute(m.Data[unix.SizeofIfInfomsg:], kind)
			if len(value) < 4 {
				return 0, err
			}
			return int(binary.NativeEndian.Uint32(value)), err
		}
		var leastErr, mostErr error
		least, leastErr = bound(unix.IFLA_MIN_MTU)
		most, mostErr = bound(unix.IFLA_MAX_MTU)
		return errors.Join(leastErr, mostErr)
	})
	return least, most, err
}
