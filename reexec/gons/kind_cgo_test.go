// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package gons_test

import (
	"testing"

	"github.com/seed-1bc5c4a2/gonso/reexec/gons"
)

func TestTheTablesInCAndGoAreTheSame(t *testing.T) {
	tables, orders := gons.Twins()
	if !tables {
		t.Error("the kind tables differ")
	}
	if !orders {
		t.Error("the default orders differ")
	}
}
