// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"strings"
)

// A Table is one of nftables.
type Table struct {
	Family string // "ip", "ip6", "inet", "arp", "bridge", "netdev"
	Name   string
	Chains []Chain
}

// A Chain is a list of rules. Only a base chain has a Hook.
type Chain struct {
	Name     string
	Type     string // "filter", "nat", "route"
	Hook     string // "input", "prerouting" ...
	Device   string // of a netdev chain
	Priority int
	Policy   string   // "accept" or "drop"
	Rules    []string // as nft(8) has them, as far as they are understood
}

func tableLines(list []Table) (lines []string) {
	for _, t := range list {
		lines = append(lines, t.Family+" "+t.Name)
		for _, c := range t.Chains {
			lines = append(lines, "  chain "+c.head())
			for _, rule := range c.Rules {
				lines = append(lines, "    "+rule)
			}
		}
	}
	return lines
}

func (c Chain) head() string {
	if c.Hook == "" {
		return c.Name
	}
	parts := []string{c.Type, "hook " + c.Hook}
	if c.Device != "" {
		parts = append(parts, "device "+c.Device)
	}
	return fmt.Sprintf("%s: %s priority %d, policy %s", c.Name, strings.Join(parts, " "), c.Priority, c.Policy)
}
