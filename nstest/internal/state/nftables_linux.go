// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"fmt"
	"strings"

	nft "github.com/google/nftables"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

var nftFamilies = map[nft.TableFamily]string{
	nft.TableFamilyINet: "inet", nft.TableFamilyIPv4: "ip", nft.TableFamilyIPv6: "ip6",
	nft.TableFamilyARP: "arp", nft.TableFamilyNetdev: "netdev", nft.TableFamilyBridge: "bridge",
}

func readTables(s Subject) (func(*State), error) {
	list, err := listTables(s)
	return func(state *State) { state.Tables = list }, err
}

// listTables finds nothing where the kernel has no nf_tables.
func listTables(s Subject) (list []Table, err error) {
	err = inside.DoIn(s.Set, set.NS_NET, func() error {
		conn, err := nft.New(nft.AsLasting()) // a socket of this thread's namespace
		if err != nil {
			return err
		}
		list, err = tables(conn)
		return errors.Join(err, conn.CloseLasting())
	})
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPROTONOSUPPORT) {
		err = nil
	}
	return list, err
}

func tables(conn *nft.Conn) (list []Table, err error) {
	all, err := conn.ListTables()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	chains, err := conn.ListChains()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, t := range all {
		table := Table{Family: nftFamilies[t.Family], Name: t.Name}
		for _, c := range chains {
			if c.Table.Name != t.Name || c.Table.Family != t.Family {
				continue
			}
			chain, err := readChain(conn, t, c)
			errs = append(errs, err)
			table.Chains = append(table.Chains, chain)
		}
		list = append(list, table)
	}
	return list, errors.Join(errs...)
}

func readChain(conn *nft.Conn, t *nft.Table, c *nft.Chain) (Chain, error) {
	chain := chainOf(t.Family, c)
	rules, err := conn.GetRules(t, c)
	if err != nil {
		return chain, fmt.Errorf("rules of %s %s: %w", t.Name, c.Name, err)
	}
	for _, r := range rules {
		chain.Rules = append(chain.Rules, ruleText(t.Family, r))
	}
	return chain, nil
}

// Names of hooks by their number (linux/netfilter.h, linux/netfilter_arp.h).
var (
	inetHooks   = []string{"prerouting", "input", "forward", "output", "postrouting", "ingress"}
	arpHooks    = []string{"input", "output", "forward"}
	netdevHooks = []string{"ingress", "egress"}
)

func chainOf(family nft.TableFamily, c *nft.Chain) Chain {
	chain := Chain{Name: c.Name, Type: string(c.Type), Device: strings.TrimRight(c.Device, "\x00")}
	if c.Hooknum == nil {
		return chain
	}
	hooks := inetHooks
	switch family {
	case nft.TableFamilyARP:
		hooks = arpHooks
	case nft.TableFamilyNetdev:
		hooks = netdevHooks
	}
	chain.Hook = fmt.Sprint(*c.Hooknum)
	if int(*c.Hooknum) < len(hooks) {
		chain.Hook = hooks[*c.Hooknum]
	}
	if c.Priority != nil {
		chain.Priority = int(*c.Priority)
	}
	chain.Policy = "accept"
	if c.Policy != nil && *c.Policy == nft.ChainPolicyDrop {
		chain.Policy = "drop"
	}
	return chain
}
