// SPDX-License-Identifier: Apache-2.0

// Package vrf has no code but a test: two customers of a provider have the same addresses, and each of the provider's routers
// keeps them apart by a VRF for each. It runs as root or as yourself, where the kernel has VRFs, and needs no other program.
//
//	go test -v ./examples/vrf
package vrf
