// SPDX-License-Identifier: Apache-2.0

// Package dns looks up the addresses of host names, in files and with servers
// that the caller chooses, through connections that the caller makes.
//
// Package net has a resolver in Go too, but reads /etc/hosts and
// /etc/resolv.conf on whichever thread it runs, keeps them for the whole
// process, and opens sockets of its own to sort what it found (net/addrselect.go).
// Where files and sockets have to be those of certain namespaces, none of that
// will do.
package dns
