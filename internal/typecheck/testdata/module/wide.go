// SPDX-License-Identifier: Apache-2.0

// Package platforms compiles where an int has 64 bits.
package platforms

const Wide int = 1 << 40
