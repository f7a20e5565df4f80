// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"golang.org/x/sys/unix"
)

// How addresses are translated where the mapping is endpoint-independent. The kernel's masquerading alone
// gives a port that depends on the destination as soon as two hosts inside have the same one. So:
//
//  1. The first packet of a connection (chains of type nat see no other) looks for the external port of
//     its address and port, in the map mappings. If there is none, a port is chosen that is not in the set
//     used, and remembered in both, and in the map owners, which leads back.
//  2. Each packet from inside has these last for another while.
//  3. A packet from inside to an external address goes to the port's owner (hairpinning), and one from outside
//     does if the filtering is endpoint-independent. All else from outside is dropped unless the kernel
//     knows its connection.
//  4. It is dropped at input or where it is forwarded, so that the kernel forgets its connection: the next
//     packet may be one from inside to the same endpoint, whose port would be taken.
//
// Interfaces are meant by their index: a test may rename them, and change their addresses.

const natTable = "topo_nat"

// translate has the router's kernel translate addresses.
func (n *node) translate() error {
	t := n.config.nat
	err := n.withTables(natTable, func(table tables) []error {
		r := &natRules{rules: table(nftables.TableFamilyIPv4), nat: t, sides: n.sides()}
		r.learned = []*learned{r.learn("udp", unix.IPPROTO_UDP, t.udp), r.learn("tcp", unix.IPPROTO_TCP, t.tcp)}
		r.outside(n)
		r.source()
		if !t.symmetric {
			r.destination()
			r.refresh()
		}
		f := &filterRules{rules: table(nftables.TableFamilyINet), sides: r.sides}
		f.behind(t)
		return append(r.errs, f.errs...)
	})
	if err != nil {
		return err
	}
	return n.trackFor(t)
}

// trackFor sets for how long the kernel knows connections: they are what filters.
func (n *node) trackFor(t *nat) error {
	loose := "1"
	if t.resets {
		loose = "0"
	}
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
	return inside.Do(n.fixture.Set(), func() (err error) {
		for name, value := range map[string]string{
			"udp_timeout":             seconds(t.udp),
			"udp_timeout_stream":      seconds(t.udp),
			"tcp_timeout_established": seconds(t.tcp),
			"tcp_loose":               loose,
		} {
			err = errors.Join(err, nssetup.SetSysctl("net/netfilter/nf_conntrack_"+name, value))
		}
		return err
	})
}

// natRules are those of a table of IPv4.
type natRules struct {
	*rules
	*nat
	sides
	addresses *nftables.Set // by interfaces that lead outside
	external  *nftables.Set // all of these
	learned   []*learned
}

// outside makes the sets of the addresses that hosts inside have outside.
func (r *natRules) outside(n *node) {
	r.outsideSets()
	first, all := n.outsideAddresses()
	r.errs = append(r.errs, r.conn.AddSet(r.addresses, first), r.conn.AddSet(r.external, all))
}

func (r *natRules) outsideSets() {
	set := func(name string, key nftables.SetDatatype) *nftables.Set {
		r.sets++
		return &nftables.Set{Table: r.table, ID: r.sets, Name: name, KeyType: key, KeyByteOrder: binaryutil.NativeEndian}
	}
	r.addresses, r.external = set("addresses", nftables.TypeIFIndex), set("external", nftables.TypeIPAddr)
	r.addresses.IsMap, r.addresses.DataType = true, nftables.TypeIPAddr
}

// outsideAddresses returns the first IPv4 address of each interface that leads outside, and all of them.
func (n *node) outsideAddresses() (first, all []nftables.SetElement) {
	for _, e := range n.ends {
		if !e.outside() {
			continue
		}
		if a, has := e.address(IPv4); has {
			first = append(first, nftables.SetElement{Key: number(uint32(e.index)), Val: a.AsSlice()})
		}
		for _, p := range e.addresses {
			if p.Addr().Is4() {
				all = append(all, nftables.SetElement{Key: p.Addr().AsSlice()})
			}
		}
	}
	return first, all
}

// readdress has hosts inside have the addresses outside that the router has got.
func (n *node) readdress() error {
	if n.config.nat == nil {
		return nil
	}
	return n.withTables(natTable, func(table tables) []error {
		r := &natRules{rules: table(nftables.TableFamilyIPv4)}
		r.outsideSets()
		r.conn.FlushSet(r.addresses)
		r.conn.FlushSet(r.external)
		first, all := n.outsideAddresses()
		return []error{r.conn.SetAddElements(r.addresses, first), r.conn.SetAddElements(r.external, all)}
	})
}

// address loads that of the interface by which a packet leaves. The kernel's masquerading finds it by itself, but
// google/nftables v0.3.0 does not tell it that a port is given, too.
func (r *natRules) address() []expr.Any {
	return append([]expr.Any{&expr.Meta{Key: expr.MetaKeyOIF, Register: regOutside}}, find(r.addresses, regOutside, regOutside)...)
}

// source translates those of packets on their way outside, and of those that come back inside.
func (r *natRules) source() {
	chain := r.base("postrouting", nftables.ChainTypeNAT, nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource)
	out := r.regular("out")
	for _, outside := range r.out {
		// What the router sends itself may have no address yet (DHCP).
		r.add(chain, index(expr.MetaKeyOIF, expr.CmpOpEq, outside), r.inside(), jump(out))
	}
	for _, m := range r.learned {
		if r.symmetric {
			r.add(out, m.proto(), next(r.first, r.ports, regPort, unix.NFT_NG_INCREMENTAL), r.address(), fromEndpoint(regPort))
			continue
		}
		chosen := r.regular(m.name + "_out")
		r.add(out, m.proto(), jump(chosen))
		r.choose(chosen, m, r.address())
		if r.hairpin {
			back := r.regular(m.name + "_hairpin")
			r.add(chain, r.inside(), redirected(), m.proto(), jump(back))
			r.choose(back, m, keptDestination())
		}
	}
	r.add(out, []expr.Any{&expr.Masq{}}) // ICMP and others, which have no ports
}

// tries is how often a port is looked for at random when the next one is in use.
const tries = 8

// choose finds the external port of a packet, or drops it if none is free.
func (r *natRules) choose(chain *nftables.Chain, m *learned, outside []expr.Any) {
	r.add(chain, endpoint(), find(m.mappings, regAddress, regExternal), outside, fromEndpoint(regExternal))
	if r.preserves {
		r.add(chain, endpoint(), lacks(m.used, regPort), m.remember(regPort), outside, fromEndpoint(regPort))
	}
	for i := range tries {
		kind := uint32(unix.NFT_NG_RANDOM)
		if i == 0 {
			kind = unix.NFT_NG_INCREMENTAL
		}
		r.add(chain, endpoint(), next(r.first, r.ports, regExternal, kind), lacks(m.used, regExternal), m.remember(regExternal), outside, fromEndpoint(regExternal))
	}
	r.add(chain, verdict(expr.VerdictDrop))
}

// destination sends packets to the owner of the port that they are for.
func (r *natRules) destination() {
	chain := r.base("prerouting", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest)
	for _, m := range r.learned {
		owner := slices.Concat(m.proto(), destination(r.external), destinationPort(regExternal), find(m.owners, regExternal, regAddress))
		if r.hairpin {
			r.add(chain, r.inside(), owner, keepDestination(), toEndpoint())
		}
		for _, outside := range r.out {
			if r.open {
				r.add(chain, index(expr.MetaKeyIIF, expr.CmpOpEq, outside), owner, toEndpoint())
			}
		}
	}
}

// refresh has mappings that packets from inside use last.
func (r *natRules) refresh() {
	chain := r.base("refresh", nftables.ChainTypeFilter, nftables.ChainHookForward, nftables.ChainPriorityMangle)
	for _, m := range r.learned {
		// With all of it in one rule, nft(8) 1.0 ends by an assertion as it prints that.
		again := r.regular(m.name + "_refresh")
		r.add(chain, r.inside(), m.proto(), jump(again))
		r.add(again, endpoint(), find(m.mappings, regAddress, regExternal), m.remember(regExternal))
	}
}
