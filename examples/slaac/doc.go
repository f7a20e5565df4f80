// SPDX-License-Identifier: Apache-2.0

// Package slaac has no code but a test: a provider delegates an IPv6 network to a home router, which advertises
// a part of it at a switch; the hosts there form their addresses, and can be reached at these from outside. All
// of that happens by real packets. It runs as root or as yourself, and needs no other program.
//
//	go test -v ./examples/slaac
package slaac
