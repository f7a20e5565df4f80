// SPDX-License-Identifier: Apache-2.0

// Package guarded has guards for the tests of mutants.
package guarded

// AtMostTen has one guard.
func AtMostTen(n int) int {
	if n > 10 {
		return 10
	}
	return n
}

// Twice has the same line twice.
func Twice(n int) int {
	n += n
	n += n
	return n / 2
}
