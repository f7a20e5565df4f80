// SPDX-License-Identifier: Apache-2.0

package nat

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Table is what Masquerade makes, with two counters of packets that leave by the outside interface.
const (
	Table      = "masquerade"
	Translated = "translated" // those with another source address than one inside
	Leaked     = "leaked"     // those with one inside
)

// Masquerade has what comes from the network inside leave by an interface with that one's address. It is for
// the network namespace of the calling thread.
func Masquerade(inside netip.Prefix, outside string) (err error) {
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	defer func() { err = errors.Join(err, conn.CloseLasting()) }()
	table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: Table})
	translate := conn.AddChain(&nftables.Chain{
		Name: "translate", Table: table, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	conn.AddRule(&nftables.Rule{Table: table, Chain: translate, Exprs: append(leaving(outside), &expr.Masq{})})

	// Chains of type nat see the first packet of a connection only, so that a chain after them counts.
	count := conn.AddChain(&nftables.Chain{
		Name: "count", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityRef(*nftables.ChainPriorityNATSource + 1),
	})
	for name, op := range map[string]expr.CmpOp{Leaked: expr.CmpOpEq, Translated: expr.CmpOpNeq} {
		conn.AddObj(&nftables.CounterObj{Table: table, Name: name})
		conn.AddRule(&nftables.Rule{Table: table, Chain: count, Exprs: append(append(leaving(outside), from(inside, op)...),
			&expr.Objref{Type: unix.NFT_OBJECT_COUNTER, Name: name})})
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("nftables: table %s: %w", Table, err)
	}
	return nil
}

// leaving is for packets that leave by an interface.
func leaving(by string) []expr.Any {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, by)
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name},
	}
}

// from is for packets whose source is in the network, or is not.
func from(network netip.Prefix, op expr.CmpOp) []expr.Any {
	const sourceAt = 12
	mask := make([]byte, 4)
	for i := range network.Bits() {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: sourceAt, Len: 4},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: mask, Xor: make([]byte, 4)},
		&expr.Cmp{Op: op, Register: 1, Data: network.Masked().Addr().AsSlice()},
	}
}

// Packets returns what a counter has counted in the network namespace of the calling thread.
func Packets(counter string) (uint64, error) {
	conn, err := nftables.New()
	if err != nil {
		return 0, fmt.Errorf("nftables: %w", err)
	}
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: Table}
	object, err := conn.GetObject(&nftables.CounterObj{Table: table, Name: counter})
	if err != nil {
		return 0, fmt.Errorf("nftables: counter %s of table %s: %w", counter, Table, err)
	}
	counted, is := object.(*nftables.CounterObj)
	if !is {
		return 0, fmt.Errorf("nftables: %s is a %T, want a counter", counter, object)
	}
	return counted.Packets, nil
}
