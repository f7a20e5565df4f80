// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

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
