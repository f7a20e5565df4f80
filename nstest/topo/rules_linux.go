// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"golang.org/x/sys/unix"
)

// Registers of the kernel's nftables, of 32 bits each. An address and its port stand side by side, as
// they do in keys of maps.
const (
	regAddress  = unix.NFT_REG32_00
	regPort     = regAddress + 1
	regExternal = regAddress + 2 // a port that stands for both
	regOutside  = regAddress + 3 // an address outside
)

// tables makes a table of a family, unless there is one of its name.
type tables func(family nftables.TableFamily) *rules

// dialNftables opens a socket of nftables in the node's network namespace, for the caller to close.
func (n *node) dialNftables(opts ...nftables.ConnOption) (*nftables.Conn, error) {
	conn, err := inside.Get(n.fixture.Set(), func() (*nftables.Conn, error) {
		return nftables.New(append(opts, nftables.AsLasting())...)
	})
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	return conn, nil
}

// withTables has the kernel do at once all that fill asks for.
func (n *node) withTables(name string, fill func(table tables) []error) (err error) {
	conn, err := n.dialNftables()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.CloseLasting()) }()
	errs := fill(func(family nftables.TableFamily) *rules {
		const manySets = 1 << 8 // of one family
		return &rules{conn: conn, table: conn.AddTable(&nftables.Table{Family: family, Name: name}), sets: uint32(family) * manySets}
	})
	err = errors.Join(append(errs, conn.Flush())...)
	if errors.Is(err, unix.ENOENT) {
		err = fmt.Errorf("%w: this kernel may lack nft_nat, nft_masq, nft_redir, nft_numgen, nft_ct or nft_reject", err)
	}
	if err != nil {
		err = fmt.Errorf("nftables: table %s: %w", name, err)
	}
	return err
}

// sides are those of a router.
type sides struct {
	out []uint32 // the indexes of interfaces that lead outside
}

func (n *node) sides() (s sides) {
	for _, e := range n.ends {
		if e.outside() {
			s.out = append(s.out, uint32(e.index))
		}
	}
	return s
}

// inside is for packets that have come from inside. What the router sends itself comes by interface 0.
func (s sides) inside() []expr.Any {
	all := index(expr.MetaKeyIIF, expr.CmpOpNeq, 0)
	for _, outside := range s.out {
		all = append(all, index(expr.MetaKeyIIF, expr.CmpOpNeq, outside)...)
	}
	return all
}

// base makes a chain that the kernel calls.
func (r *rules) base(name string, kind nftables.ChainType, hook *nftables.ChainHook, priority *nftables.ChainPriority) *nftables.Chain {
	return r.conn.AddChain(&nftables.Chain{Name: name, Table: r.table, Type: kind, Hooknum: hook, Priority: priority})
}

// regular makes a chain that others jump to.
func (r *rules) regular(name string) *nftables.Chain {
	return r.conn.AddChain(&nftables.Chain{Name: name, Table: r.table})
}

func (r *rules) add(chain *nftables.Chain, parts ...[]expr.Any) {
	r.conn.AddRule(&nftables.Rule{Table: r.table, Chain: chain, Exprs: slices.Concat(parts...)})
}

func verdict(kind expr.VerdictKind) []expr.Any { return []expr.Any{&expr.Verdict{Kind: kind}} }

func jump(to *nftables.Chain) []expr.Any {
	return []expr.Any{&expr.Verdict{Kind: expr.VerdictJump, Chain: to.Name}}
}

// number is a number as the kernel has it in its own variables.
func number(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

// index is for packets that have come or go by an interface, or by any other one.
func index(key expr.MetaKey, op expr.CmpOp, interfaceIndex uint32) []expr.Any {
	return []expr.Any{&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: op, Register: 1, Data: number(interfaceIndex)}}
}

// ct is for packets whose connection has one of the bits.
func ct(key expr.CtKey, bits uint32) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: key, Register: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: number(bits), Xor: number(0)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: number(0)},
	}
}

const (
	known           = expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED
	destinationDone = 1 << 5 // IPS_DST_NAT of linux/netfilter/nf_conntrack_common.h
)

// redirected is for packets whose destination has been translated.
func redirected() []expr.Any { return ct(expr.CtKeySTATUS, destinationDone) }

// endpoint loads an IPv4 packet's source address and port.
func endpoint() []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: regAddress, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: 4},
		&expr.Payload{DestRegister: regPort, Base: expr.PayloadBaseTransportHeader, Offset: 0, Len: 2},
	}
}

// destination is for IPv4 packets to an address of the set.
func destination(in *nftables.Set) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: regOutside, Base: expr.PayloadBaseNetworkHeader, Offset: 16, Len: 4},
		&expr.Lookup{SourceRegister: regOutside, SetName: in.Name, SetID: in.ID},
	}
}

// destinationPort loads a packet's.
func destinationPort(into uint32) []expr.Any {
	return []expr.Any{&expr.Payload{DestRegister: into, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2}}
}

// next loads the next of so many ports, in turn or at random.
func next(first, ports, into, kind uint32) []expr.Any {
	return []expr.Any{
		&expr.Numgen{Register: into, Modulus: ports, Offset: first, Type: kind},
		&expr.Byteorder{SourceRegister: into, DestRegister: into, Op: expr.ByteorderHton, Len: 2, Size: 2},
	}
}

// keepDestination remembers the packet's destination with its connection, for keptDestination. The kernel knows it
// too (ct original daddr), but rules that ask for it cannot be read by google/nftables v0.3.0.
func keepDestination() []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: regOutside, Base: expr.PayloadBaseNetworkHeader, Offset: 16, Len: 4},
		&expr.Ct{Key: expr.CtKeyMARK, Register: regOutside, SourceRegister: true},
	}
}

// keptDestination loads it.
func keptDestination() []expr.Any {
	return []expr.Any{&expr.Ct{Key: expr.CtKeyMARK, Register: regOutside}}
}

// fromEndpoint gives a packet the external address that is loaded, and the port of a register.
func fromEndpoint(port uint32) []expr.Any {
	return []expr.Any{&expr.NAT{Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: regOutside, RegProtoMin: port}}
}

// toEndpoint sends a packet to the address and port that were loaded.
func toEndpoint() []expr.Any {
	return []expr.Any{&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: regAddress, RegProtoMin: regPort}}
}

// find is for packets of which a register has what the map has, and loads what it leads to.
func find(in *nftables.Set, key, data uint32) []expr.Any {
	return []expr.Any{&expr.Lookup{SourceRegister: key, DestRegister: data, IsDestRegSet: true, SetName: in.Name, SetID: in.ID}}
}

// lacks is for packets of which a register has what the set has not.
func lacks(in *nftables.Set, key uint32) []expr.Any {
	return []expr.Any{&expr.Lookup{SourceRegister: key, SetName: in.Name, SetID: in.ID, Invert: true}}
}
