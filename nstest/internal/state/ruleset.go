// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// Ruleset returns the tables of nftables in the Set's network namespace, their chains and rules, as
// nft(8) lists them.
func Ruleset(s set.Set) (string, error) {
	list, err := listTables(Subject{Set: s})
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, t := range list {
		fmt.Fprintf(&out, "table %s %s {\n", t.Family, t.Name)
		for _, c := range t.Chains {
			fmt.Fprintf(&out, "\tchain %s {\n%s\t}\n", c.Name, c.body())
		}
		out.WriteString("}\n")
	}
	return out.String(), nil
}

// body is what stands between the braces of a chain.
func (c Chain) body() string {
	var out strings.Builder
	if c.Hook != "" {
		device := ""
		if c.Device != "" {
			device = fmt.Sprintf(" device %q", c.Device)
		}
		fmt.Fprintf(&out, "\t\ttype %s hook %s%s priority %d; policy %s;\n", c.Type, c.Hook, device, c.Priority, c.Policy)
	}
	for _, rule := range c.Rules {
		fmt.Fprintf(&out, "\t\t%s\n", rule)
	}
	return out.String()
}
