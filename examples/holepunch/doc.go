// SPDX-License-Identifier: Apache-2.0

// Package holepunch is a program by which two hosts reach each other through the NAT routers between them (hole
// punching), and its test: it works with routers as in homes, and not with two symmetric ones. It runs as root
// or as yourself, and needs no other program.
//
//	go test -v ./examples/holepunch
package holepunch
