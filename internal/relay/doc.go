// SPDX-License-Identifier: Apache-2.0

// Package relay passes the signals that a process gets on to the program that it
// runs in its place, and connections out of the network that the program has.
package relay
