// SPDX-License-Identifier: Apache-2.0

// Package wireguard has no code but a test: two hosts behind home routers have a WireGuard tunnel between them,
// without a server in the middle. Each sends to the external address and port of the other one, until both
// routers let packets through. It runs as root or as yourself, where the kernel has WireGuard, and needs no
// other program.
//
//	go test -v ./examples/wireguard
package wireguard
