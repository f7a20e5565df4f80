// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// removeGroup deletes all links of the group. That there is none is no error.
func (b *batch) removeGroup() (err error) {
	request := nl.NewNetlinkRequest(unix.RTM_DELLINK, unix.NLM_F_ACK)
	request.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	request.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(b.group)))
	if e := b.fixture.Set().Do(func() { _, err = request.Execute(unix.NETLINK_ROUTE, 0) }); e != nil {
		err = e
	}
	if err == nil || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return fmt.Errorf("link: delete those that were made in %s: %w", b.fixture.Name(), err)
}
