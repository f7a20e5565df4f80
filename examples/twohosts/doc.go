// SPDX-License-Identifier: Apache-2.0

// Package twohosts has no code but tests: two hosts that are joined by a cable, with addresses and names, talk
// TCP and ICMP. Each host is a network namespace, so that the machine's own network is not changed: run it as
// root or as yourself.
//
//	go test -v ./examples/twohosts
//
// plain_test.go does it with package testing alone, ginkgo_test.go with Ginkgo and
// Gomega, and network_test.go has what both share.
package twohosts
