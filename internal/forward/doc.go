// SPDX-License-Identifier: Apache-2.0

// Package forward passes the signals that a process gets on to the program that it
// runs in its place, and connections out of the network that the program has.
package forward
