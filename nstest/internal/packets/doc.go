// SPDX-License-Identifier: Apache-2.0

// Package packets shows the frames that the interfaces of a Set's network namespace receive and send, those of interfaces
// included that are made later.
//
// A [Reader] has one socket of packet(7), which belongs to no interface, and one goroutine, which has ended when Close
// returns. The kernel shows such a socket a frame before it does anything else with it: whoever has seen what a frame
// has caused finds it in the socket, and [Reader.Flush] then shows it, without waiting for anything.
//
// What the kernel passes between the interfaces of a machine is not always what a cable would carry, and reading it changes
// nothing of that: checksums may be left to the device, and a frame may be as large as 64 KB, to be cut by the device into
// segments. A [Packet] says so.
//
// The memory is bounded: the socket has room for a number of frames, and the kernel drops and counts what comes when it is full.
package packets
