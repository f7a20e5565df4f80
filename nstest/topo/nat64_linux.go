// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"net/netip"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/cable"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
)

// translate64 gives the router the two interfaces between which its packets change their family.
func (n *node) translate64() error {
	in := n.fixture.Set()
	c, err := cable.Lay([2]cable.End{
		{Set: in, Name: name6, Index: index6, MAC: mac64},
		{Set: in, Name: name4, Index: index4, MAC: mac64, MTU: mtu4},
	})
	if err != nil {
		return fmt.Errorf("NAT64: %w", err)
	}
	n.network.services.own(c)
	c.SetHook(newTranslator().frame)
	if err := n.conn.Do(
		rtnl.SetUpWithoutARP(name6, index6), rtnl.SetUpWithoutARP(name4, index4),
		rtnl.AddAddress(name6, index6, netip.PrefixFrom(in64(of6), prefix64.Bits())),
		rtnl.AddAddress(name4, index4, netip.PrefixFrom(own4, prefix4.Bits())),
	); err != nil {
		return fmt.Errorf("NAT64: %w", err)
	}
	return nil
}
