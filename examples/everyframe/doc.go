// SPDX-License-Identifier: Apache-2.0

// Package everyframe has a handshake of three datagrams, in two versions, and the tests that show the
// difference. One version hangs if the last datagram is lost, which no test on a good network shows. The other
// one repeats what was not answered. A ledger has two bugs, which show when a certain datagram is lost,
// doubled, late or overtaken, and the tests find both. Other tests show that TLS, HTTP/2, DNS and QUIC cope with
// the loss of any one frame.
//
//	go test -v ./examples/everyframe
package everyframe
