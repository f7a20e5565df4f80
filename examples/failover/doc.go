// SPDX-License-Identifier: Apache-2.0

// Package failover has no code but a test: a client has two ways to a server, over two routers. One
// is cut, and the other one serves; then client and server are kept apart, and join again.
// It runs as root or as yourself, and needs no other program.
//
//	go test -v ./examples/failover
package failover
