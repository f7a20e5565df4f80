// SPDX-License-Identifier: Apache-2.0

// Package everyframe has a handshake of three datagrams, in two versions, and the tests that tell them
// apart: one hangs if the last datagram is lost, which no test on a good network shows, and the other one repeats what was
// not answered. A ledger has bugs that a lost, a doubled, a late or an overtaken datagram shows, and each is found. Real
// protocols get by without any one frame: TLS, HTTP/2, DNS and QUIC.
//
//	go test -v ./examples/everyframe
package everyframe
