// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// learned is what a router has learned of the mappings of UDP or TCP. All of it ends by itself.
type learned struct {
	name     string
	number   byte          // IPPROTO_*
	mappings *nftables.Set // from an address and port inside to the external port
	owners   *nftables.Set // from an external port to the address and port
	used     *nftables.Set // external ports: rules cannot ask whether a map lacks something
}

// learn makes the maps of UDP or TCP, which a symmetric NAT does without.
func (r *natRules) learn(name string, number byte, timeout time.Duration) *learned {
	m := &learned{name: name, number: number}
	if r.symmetric {
		return m
	}
	endpoint, err := nftables.ConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService)
	r.errs = append(r.errs, err)
	// No size is given: the kernel would make room for so many at once, a megabyte for each set.
	set := func(what string, key nftables.SetDatatype) *nftables.Set {
		r.sets++
		return &nftables.Set{
			Table: r.table, ID: r.sets, Name: name + "_" + what, KeyType: key, Concatenation: key == endpoint,
			Dynamic: true, HasTimeout: true, Timeout: timeout,
		}
	}
	m.mappings, m.owners, m.used = set("mappings", endpoint), set("owners", nftables.TypeInetService), set("used", nftables.TypeInetService)
	m.mappings.IsMap, m.mappings.DataType = true, nftables.TypeInetService
	m.owners.IsMap, m.owners.DataType = true, endpoint
	for _, s := range []*nftables.Set{m.mappings, m.owners, m.used} {
		r.errs = append(r.errs, r.conn.AddSet(s, nil))
	}
	return m
}

// proto is for packets of UDP, or TCP.
func (m *learned) proto() []expr.Any { return meta(expr.MetaKeyL4PROTO, []byte{m.number}) }

// remember has the endpoint's mapping to the port of a register live for another while.
func (m *learned) remember(external uint32) []expr.Any {
	update := func(s *nftables.Set, key, data uint32) expr.Any {
		return &expr.Dynset{SrcRegKey: key, SrcRegData: data, SetName: s.Name, SetID: s.ID, Operation: unix.NFT_DYNSET_OP_UPDATE}
	}
	return []expr.Any{update(m.mappings, regAddress, external), update(m.owners, external, regAddress), update(m.used, external, 0)}
}
