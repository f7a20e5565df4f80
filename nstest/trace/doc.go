// SPDX-License-Identifier: Apache-2.0

// Package trace keeps what happened in tests that use package nstest, for whoever looks at a failure later. Import it for
// that alone, in any _test.go file:
//
//	import _ "github.com/seed-1bc5c4a2/gonso/nstest/trace"
//
// It does nothing unless an environment variable asks for it.
//
// # Traces
//
// NSTEST_TRACE=failed writes a page for each test with fixtures that fails, NSTEST_TRACE=all of every one:
//
//	$ NSTEST_TRACE=failed go test ./...
//	    router_test.go:41: no answer from 192.0.2.2
//	    router_test.go:14: nstest: trace: /tmp/nstest-router-2417/TestRouter/trace.html
//
// It is one file, which any browser opens and which loads nothing: the network and what its links did to frames at each moment; what the test
// did ([nstest.Mark], the steps of Ginkgo's By, faults of nstest/topo); what the kernel said of links, addresses, routes,
// neighbours and rules of every fixture; daemons and what they printed; packets; the state of each fixture; the log, with the line that
// failed. A capture is beside it.
//
// What happens is written down at once. If the process is killed, 'gonso trace' makes the page of what it has left. That is bounded, and
// the page says what is left out. Nothing that goes wrong with a trace fails a test: it is said on standard error.
//
// # Captures
//
// NSTEST_PCAP=failed keeps a capture of each test that fails, NSTEST_PCAP=all of every test:
//
//	$ NSTEST_PCAP=failed go test ./...
//	    router_test.go:41: no answer from 192.0.2.2
//	    router_test.go:14: nstest: capture: /tmp/nstest-router-2417/TestRouter/capture.pcapng
//	$ tshark -r /tmp/nstest-router-2417/TestRouter/capture.pcapng -Y frame.comment
//
// It is a file in the form pcapng, which Wireshark, tshark and tcpdump read. It has the packets of all network
// namespaces of the test's fixtures, and of those that it shares with the tests around it, in the order of their times:
//
//   - Each interface is called after its fixture, such as client/eth0. A packet is there as often as an interface has sent or
//     received it. A loopback does both, which is one packet.
//   - What the test did at which moment is a comment on a frame of the interface called test.
//   - Frames that a cable of package nstest/wire or nstest/topo has lost, doubled or changed are there once more, with that as a comment, on an
//     interface called after both ends.
//   - With the secrets of TLS ([KeyLog]) in it, Wireshark shows what was encrypted. Programs that [nstest.Fixture.Start] starts
//     are told by SSLKEYLOGFILE where to write theirs; curl does.
//
// Reading packets does not change them. Between interfaces of one machine the kernel leaves out checksums, and passes on several TCP
// segments as one of up to 64 KB, which a comment says.
//
// What comes faster than it is read is dropped by the kernel, and counted in the log and in the file. A file has 256 MB at most; the log
// says what was left out. Nothing that goes wrong with a capture fails a test. If the process is killed, the
// file has what there was until a moment before.
//
// In Ginkgo a spec has one capture for each attempt. A fixture that several specs share, such as one of BeforeAll, has another one,
// from its beginning to its end.
package trace
