// SPDX-License-Identifier: Apache-2.0

// Package bench compares gonso with the bare system calls, the floor, and with
// its neighbours, in one run on one machine. It is a module of its own, so that
// nobody who uses gonso gets the neighbours too.
package bench
