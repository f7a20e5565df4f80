// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"golang.org/x/sys/unix"
)

const portalTable = "topo_portal"

// capture has the router's kernel lead hosts to the portal.
func (n *node) capture() error {
	port, err := n.config.portal.serve(n)
	if err != nil {
		return fmt.Errorf("captive portal: %w", err)
	}
	return n.withTables(portalTable, func(table tables) []error {
		r := &filterRules{rules: table(nftables.TableFamilyINet), sides: n.sides()}
		r.portal(port)
		return r.errs
	})
}

// portal has those that are not admitted reach DNS outside, and the portal in place of port 80.
func (r *filterRules) portal(to uint16) {
	// Before others: the router's external address is no way round the portal.
	early := nftables.ChainPriorityRef(*nftables.ChainPriorityNATDest - 1)
	destination := r.base("prerouting", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, early)
	forward := r.base("forward", nftables.ChainTypeFilter, nftables.ChainHookForward, nftables.ChainPriorityFilter)
	for _, f := range families {
		admitted := r.admitted(f)
		r.errs = append(r.errs, r.conn.AddSet(admitted, nil))
		stranger := f.mismatch(f.from, admitted)
		r.add(destination, r.inside(), stranger, tcp(portHTTP), []expr.Any{
			&expr.Immediate{Register: 1, Data: binary.BigEndian.AppendUint16(nil, to)},
			&expr.Redir{RegisterProtoMin: 1},
		})
		for _, outside := range r.out {
			out := append(index(expr.MetaKeyOIF, expr.CmpOpEq, outside), stranger...)
			r.add(forward, out, udp(portDNS), verdict(expr.VerdictAccept))
			r.add(forward, out, tcp(portDNS), verdict(expr.VerdictAccept))
			r.add(forward, out, prohibit())
			in := append(index(expr.MetaKeyIIF, expr.CmpOpEq, outside), f.mismatch(f.to, admitted)...)
			r.add(forward, in, ct(expr.CtKeySTATE, known), verdict(expr.VerdictAccept))
			r.add(forward, in, verdict(expr.VerdictDrop))
		}
	}
}

// admitted is the set of addresses that are let through.
func (r *rules) admitted(f family) *nftables.Set {
	r.sets++
	return &nftables.Set{Table: r.table, ID: r.sets, Name: "admitted" + f.name, KeyType: f.kind}
}

// admit lets the addresses through that nodes have now.
func (n *node) admit(nodes []*node) error {
	var addresses []netip.Addr
	var errs []error
	for _, node := range nodes {
		list, err := inside.Get(node.fixture.Set(), func() ([]netip.Addr, error) { return appendAddresses(node.addrs()) })
		addresses = append(addresses, list...)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return n.withTables(portalTable, func(table tables) (errs []error) {
		inet := table(nftables.TableFamilyINet)
		for _, f := range families {
			var elements []nftables.SetElement
			for _, a := range addresses {
				if f.has(a) {
					elements = append(elements, nftables.SetElement{Key: a.WithZone("").AsSlice()})
				}
			}
			errs = append(errs, inet.conn.SetAddElements(inet.admitted(f), elements))
		}
		return errs
	})
}

// mismatch is for packets of the family with an address at that place that the set lacks.
func (f family) mismatch(at uint32, set *nftables.Set) []expr.Any {
	all := f.match(at, set)
	all[len(all)-1].(*expr.Lookup).Invert = true
	return all
}

// prohibit refuses a packet, and says that an administrator wants it so.
func prohibit() []expr.Any {
	return []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_ICMPX_UNREACH, Code: unix.NFT_REJECT_ICMPX_ADMIN_PROHIBITED}}
}
