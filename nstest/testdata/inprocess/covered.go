// SPDX-License-Identifier: Apache-2.0

// Package inprocess has functions that are called in children alone.
package inprocess

// Inside tells that it was called.
func Inside() bool { return true }

// Deeper tells that it was called.
func Deeper() bool { return true }
