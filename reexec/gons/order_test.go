// SPDX-License-Identifier: Apache-2.0

package gons_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/reexec/gons"
)

func TestOrderIsRead(t *testing.T) {
	for order, want := range map[string][]string{
		"net":             {"net"},
		"net,ipc":         {"net", "ipc"},
		"!user,mnt,!net":  {"!user", "mnt", "!net"},
		gons.DefaultOrder: {"!user", "!mnt", "!cgroup", "!ipc", "!net", "!pid", "!uts", "!time"},
	} {
		t.Run(order, func(t *testing.T) {
			g := NewWithT(t)
			names, err := gons.ParseOrder(order)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(names).To(Equal(want))
		})
	}
}

func TestDefaultOrderNamesEachKindOnce(t *testing.T) {
	g := NewWithT(t)
	names, err := gons.ParseOrder(gons.DefaultOrder)
	g.Expect(err).NotTo(HaveOccurred())
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, "!")
	}
	var kinds []string
	for _, k := range kind.Table {
		kinds = append(kinds, k.Name)
	}
	g.Expect(names).To(ConsistOf(kinds))
}

func TestOrderThatCannotBeReadIsRefused(t *testing.T) {
	for order, text := range map[string]string{
		"":         `unknown namespace "": invalid argument`,
		"net,":     `unknown namespace "": invalid argument`,
		",net":     `unknown namespace "": invalid argument`,
		"!":        `unknown namespace "": invalid argument`,
		"!!net":    `unknown namespace "!net": invalid argument`,
		"net, ipc": `unknown namespace " ipc": invalid argument`,
		"NET":      `unknown namespace "NET": invalid argument`,
		"net,foo":  `unknown namespace "foo": invalid argument`,
		"net,!net": `net is named twice: invalid argument`,
	} {
		t.Run(order, func(t *testing.T) {
			g := NewWithT(t)
			_, err := gons.ParseOrder(order)
			g.Expect(err).To(MatchError(text))
			g.Expect(errors.Is(err, os.ErrInvalid)).To(BeTrue())
		})
	}
}
