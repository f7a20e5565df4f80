// SPDX-License-Identifier: Apache-2.0

// Package wires has a test that measures a wire (package nstest/wire) beside a veth alone and, where the kernel has it, a veth
// with netem: frames received in a second, their CPU time, and how long a frame takes. All of them are there at once and take
// turns, many in a second: whatever else the machine does disturbs each of them alike, so that their ratios hold on a
// busy machine, too.
//
// With -figures FILE it writes them as a section of bench/WIRE.md; `.ci/run wire` does so here and in the virtual machine.
//
// The benchmarks of package bench have the same filters.
package wires
