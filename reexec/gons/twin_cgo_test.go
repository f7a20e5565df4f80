// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package gons_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/reexec/gons"
)

func TestTheTablesInCAndGoAreTheSame(t *testing.T) {
	g := NewWithT(t)
	var wantNames []string
	var wantFlags []int
	for _, k := range kind.Table {
		wantNames, wantFlags = append(wantNames, k.Name), append(wantFlags, k.Flag)
	}
	names, flags, order := gons.Twins()
	g.Expect(names).To(Equal(wantNames))
	g.Expect(flags).To(Equal(wantFlags))
	g.Expect(order).To(Equal(gons.DefaultOrder))
}
