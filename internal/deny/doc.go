// SPDX-License-Identifier: Apache-2.0

// Package deny is for tests of what happens where a seccomp filter forbids system calls, as
// those of containers do. It cannot be undone: the process is a child of the test.
package deny
