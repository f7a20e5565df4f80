// SPDX-License-Identifier: Apache-2.0

// Package wireguard has no code but a test: two hosts behind home routers have a tunnel of WireGuard with each
// other, without a server between them. Each sends to where the other one is seen outside, until both routers let
// packets through. It runs as root or as yourself, where the kernel has WireGuard, and needs no other program.
//
//	go test -v ./examples/wireguard
package wireguard
