// SPDX-License-Identifier: Apache-2.0

// Package siit translates packets of IPv6 into those of IPv4, and back, as RFC 7915 says: Stateless IP/ICMP
// Translation. It knows UDP, TCP, ICMP echo and ICMP errors, and fragments. It neither makes packets of its own
// nor keeps any state; whose address becomes which one is the caller's affair.
//
// A packet without a meaning in the other family, or one that is cut off, is an error, and to be dropped.
// Options of IPv4 and extension headers of IPv6, fragments apart, are left out.
package siit
