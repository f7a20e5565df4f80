// SPDX-License-Identifier: Apache-2.0

// Package cable joins two interfaces by a cable whose frames pass through this process. It is what
// package nstest/wire is the front of; package nstest/topo uses it where a link is to do what the kernel
// cannot.
//
// A cable is two veths, with a namespace of its own between them:
//
//	a: eth0 === end0 | this process | end1 === eth0 :b
//
// A packet socket on each of the ends takes frames in and sends them on. One goroutine does all
// the work of a cable, in both directions, so that what it calls is never called twice at a time:
//
//  1. It takes in what has been received, [sys.SendBatch] frames at most.
//  2. The hook says what becomes of each frame, then the rules of its direction do ([impair.Rules]). Frames that
//     have to wait do so in a heap, by the time at which they leave.
//  3. It sends what leaves now by one system call, and gives the kernel the memory back.
//  4. Where nothing was received it waits for frames, for the next one to leave, or for Close. While frames come all the
//     time it lets others run now and then, such as who receives them.
//
// Another goroutine hears of the interfaces in the middle, once [Cable.Couple] was called: if one of the outer ends is switched off, it
// switches off the interface in the middle that is at the other one, which so loses its carrier.
//
// No checksum of a frame is left to be completed, and no packet is larger than the MTU, since the ends in a and b
// do without what a veth otherwise leaves to its other end: a hook sees what a cable of copper would carry.
package cable
