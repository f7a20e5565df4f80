// SPDX-License-Identifier: Apache-2.0

// Package wire joins two fixtures by a cable made of Go: every frame passes through the test, which may lose, delay,
// duplicate, corrupt or replace it. It works where the kernel has no netem, and does what netem cannot: lose the third
// acknowledgement, or only what carries a certain text.
//
//	w := wire.Join(t, client, server, wire.Delay(5*time.Millisecond))
//	w.Filter(func(f *wire.Frame) wire.Verdict {
//		if tcp := f.TCP(); tcp != nil && tcp.SYN && w.Seen(f) == 1 {
//			return wire.Drop // the first SYN: the client has to send it again
//		}
//		return wire.Pass
//	})
//
// A filter sees what a cable would carry: frames with complete checksums, no larger than the MTU, with the tags
// of VLANs. It also sees what the kernel sends by itself, such as ARP and neighbour discovery.
//
// # What happens to a frame
//
// The filters see it in the order in which they were added. A frame that passes them is then lost, doubled,
// corrupted or delayed, as the options of [Join] and [Wire.Set] say. [Wire.Counters] counts all of that, and
// the log of a test that fails has the counts, with the seed that repeats the random decisions.
//
// # Where not to use it
//
// Frames take some six microseconds longer than on a veth, and a processor carries a hundred thousand of them
// in a second; bench/README.md has figures. If frames come faster than the process can receive them, some are
// lost, as by a network interface that is too slow, and counted as Missed. For a link that only joins two
// fixtures, use [link.Veth].
//
// The ends are interfaces of kind veth without checksum offload. Before Linux 6.11, a program cannot send
// several datagrams by one system call over such an interface (UDP_SEGMENT fails with EIO); libraries for QUIC
// then send them one by one. If one end is switched off, the other one loses its carrier, as with
// [link.Veth], but some moments later; frames that are on their way are then counted as Refused.
package wire
