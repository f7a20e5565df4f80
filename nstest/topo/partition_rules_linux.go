// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const tableName = "topo_partition"

// roomForSets lets a transaction be as large as the kernel allows: that of a router in a large
// network has all addresses.
func roomForSets(conn *netlink.Conn) error { return conn.SetWriteBuffer(1 << 22) }

// rules are those of one node's table while they are made.
type rules struct {
	conn  *nftables.Conn
	table *nftables.Table
	sets  uint32
	errs  []error
}

// A family is what rules have to know of IPv4 or IPv6.
type family struct {
	name     string
	number   byte // NFPROTO_*
	kind     nftables.SetDatatype
	size     uint32 // of an address
	from, to uint32 // where the two addresses are in a packet
	has      func(netip.Addr) bool
}

var families = []family{
	{"4", unix.NFPROTO_IPV4, nftables.TypeIPAddr, 4, 12, 16, netip.Addr.Is4},
	{"6", unix.NFPROTO_IPV6, nftables.TypeIP6Addr, 16, 8, 24, netip.Addr.Is6},
}

// input drops what is not for this node to see.
func (r *rules) input(v *view) {
	chain := r.chain("input", nftables.ChainHookInput)
	r.rule(chain, expr.VerdictAccept, discovery())
	if v.isolated {
		r.rule(chain, expr.VerdictAccept, meta(expr.MetaKeyIIFNAME, []byte("lo\x00")))
		r.rule(chain, expr.VerdictDrop)
		return
	}
	r.eachFamily("strangers", v.strange, func(f family, strangers *nftables.Set) {
		r.rule(chain, expr.VerdictDrop, f.match(f.from, strangers))
	})
}

// forward drops what goes from one group to another.
func (r *rules) forward(grouped []*view) {
	chain := r.chain("forward", nftables.ChainHookForward)
	var divided []netip.Addr
	for i, v := range grouped {
		if v.isolated {
			r.eachFamily(fmt.Sprintf("isolated%d_", i), v.own, func(f family, own *nftables.Set) {
				r.rule(chain, expr.VerdictDrop, f.match(f.from, own))
				r.rule(chain, expr.VerdictDrop, f.match(f.to, own))
			})
			continue
		}
		divided = append(divided, v.own...)
		r.eachFamily(fmt.Sprintf("group%d_", i), v.own, func(f family, own *nftables.Set) {
			r.rule(chain, expr.VerdictAccept, f.match(f.from, own), f.match(f.to, own))
		})
	}
	r.eachFamily("groups", divided, func(f family, all *nftables.Set) {
		r.rule(chain, expr.VerdictDrop, f.match(f.from, all), f.match(f.to, all))
	})
}

// eachFamily calls rule for each family that some of the addresses are of, with a set of those.
func (r *rules) eachFamily(name string, addresses []netip.Addr, rule func(family, *nftables.Set)) {
	for _, f := range families {
		if set := r.set(name, f, addresses); set != nil {
			rule(f, set)
		}
	}
}

// chain makes a base chain. The priority is that of nft(8)'s raw, before firewalls.
func (r *rules) chain(name string, hook *nftables.ChainHook) *nftables.Chain {
	return r.conn.AddChain(&nftables.Chain{
		Name: name, Table: r.table, Type: nftables.ChainTypeFilter, Hooknum: hook, Priority: nftables.ChainPriorityRaw,
	})
}

func (r *rules) rule(chain *nftables.Chain, verdict expr.VerdictKind, matches ...[]expr.Any) {
	r.conn.AddRule(&nftables.Rule{
		Table: r.table, Chain: chain, Exprs: append(slices.Concat(matches...), &expr.Verdict{Kind: verdict}),
	})
}

// chunk is how many addresses fit into one message: an attribute has 64 KB (netlink(7)).
const chunk = 1000

// set makes a set of the addresses of one family, or none if there is no address.
func (r *rules) set(name string, f family, addresses []netip.Addr) *nftables.Set {
	var elements []nftables.SetElement
	for _, a := range addresses {
		if f.has(a) {
			elements = append(elements, nftables.SetElement{Key: a.WithZone("").AsSlice()})
		}
	}
	if len(elements) == 0 {
		return nil
	}
	r.sets++ // left alone, the package numbers them by a global variable, not made for goroutines
	set := &nftables.Set{Table: r.table, ID: r.sets, Name: name + f.name, KeyType: f.kind}
	r.errs = append(r.errs, r.conn.AddSet(set, nil))
	for part := range slices.Chunk(elements, chunk) {
		r.errs = append(r.errs, r.conn.SetAddElements(set, part))
	}
	return set
}

// match is for packets of the family with an address of the set at that place.
func (f family) match(at uint32, set *nftables.Set) []expr.Any {
	return append(meta(expr.MetaKeyNFPROTO, []byte{f.number}),
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: at, Len: f.size},
		&expr.Lookup{SourceRegister: 1, SetName: set.Name, SetID: set.ID})
}

// discovery is for packets of IPv6 neighbour discovery: five types of ICMPv6 (RFC 4861).
func discovery() []expr.Any {
	const routerSolicitation, redirect = 133, 137
	return slices.Concat(
		meta(expr.MetaKeyNFPROTO, []byte{unix.NFPROTO_IPV6}),
		meta(expr.MetaKeyL4PROTO, []byte{unix.IPPROTO_ICMPV6}),
		[]expr.Any{
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 0, Len: 1},
			&expr.Cmp{Op: expr.CmpOpGte, Register: 1, Data: []byte{routerSolicitation}},
			&expr.Cmp{Op: expr.CmpOpLte, Register: 1, Data: []byte{redirect}},
		})
}

func meta(key expr.MetaKey, value []byte) []expr.Any {
	return []expr.Any{&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: value}}
}
