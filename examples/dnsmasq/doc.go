// SPDX-License-Identifier: Apache-2.0

// Package dnsmasq has no code but a test: dnsmasq gives hosts at a switch their addresses, and resolves the
// names that they have told it. It runs as root or as yourself, and needs Debian's dnsmasq-base.
//
//	go test -v ./examples/dnsmasq
package dnsmasq
