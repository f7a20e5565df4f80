// SPDX-License-Identifier: Apache-2.0

// Package nat is a little router's masquerading, by github.com/google/nftables, and its test: a client's
// packets reach a server with the router's address, and the counters of nftables show that no packet left with
// another address. It runs as root or as yourself, and needs no other program.
//
//	go test -v ./examples/nat
package nat
