// SPDX-License-Identifier: Apache-2.0

// Package calls has a test that counts the system calls of each operation, beside those that the work itself takes,
// and holds the table of both, bench/CALLS.md. strace(1) counts, between two calls by which the operation says that it
// begins and has ended, in all threads and children. What the Go runtime does for itself is left out by name.
package calls
