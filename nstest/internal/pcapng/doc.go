// SPDX-License-Identifier: Apache-2.0

// Package pcapng writes what was captured in one test to a file of that form, for tcpdump, tshark and Wireshark.
//
//  1. What is added collects in memory, and Write writes it by one write(2): whatever ends the process, the file
//     has whole blocks.
//  2. All interfaces are Ethernet, since tcpdump reads no file with several kinds. A packet of one that has no Ethernet header
//     gets one of zeroes.
//  3. Close writes the file once more: with the secrets of TLS first, which tshark wants to know before it meets
//     what they are for, and with the packets in the order of their times.
//  4. A file that cannot be written any further, because the disk is full, keeps what it has. Its size is bounded, too. What
//     is left out is counted.
//
// Blocks and options are described in draft-ietf-opsawg-pcapng.
package pcapng
