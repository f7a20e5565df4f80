// SPDX-License-Identifier: Apache-2.0

package topo

import "testing"

// A test may call a method with a variable that it has not set, such as one that another of its name hides. What these
// accessors have to do with is found out at the test's line, as a nil *nstest.Fixture is.

// in returns the link's network.
func (l *Link) in() *Network {
	if l == nil {
		panicNil("*Link", "Network.Link")
	}
	return l.network
}

// test returns the network's test.
func (n *Network) test() testing.TB {
	if n == nil {
		panicNil("*Network", "New")
	}
	return n.tb
}

// made returns what the host is made of.
func (h *Host) made() *node {
	if h == nil {
		panicNil("*Host", "Network.Host")
	}
	return h.n
}

func panicNil(what, by string) {
	text := "topo: the " + what + " is nil: make it, with " + by + ", before it is used; in an inner function := makes another variable"
	if where := caller(); where != "" { // none if Network.At runs the method
		text = where + ": " + text
	}
	panic(text)
}
