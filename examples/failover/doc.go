// SPDX-License-Identifier: Apache-2.0

// Package failover has no code but a test: a client has two ways to a server, over two routers. When one is
// cut, the other one is used. Then a partition separates client and server, and is healed. It runs as root or
// as yourself, and needs no other program.
//
//	go test -v ./examples/failover
package failover
