// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package gons

// Twins tells whether the kind table and the default order in gons.c are those
// of Go, in the same order.
func Twins() (tables, orders bool) {
	table, order := cTable()
	return table == kinds, order == defaultOrder
}
