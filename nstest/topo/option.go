// SPDX-License-Identifier: Apache-2.0

package topo

import "github.com/seed-1bc5c4a2/gonso/nstest"

// A NodeOption changes what a host, a router or a switch is like.
type NodeOption func(*nodeConfig)

// nodeConfig is what the options of a node say.
type nodeConfig struct {
	kind    nodeKind // which options may go by
	fixture []nstest.Option
	flags   int // kinds of namespaces of its own, besides that of its network
	err     error
}

func newNodeConfig(kind nodeKind, opts []NodeOption) nodeConfig {
	c := nodeConfig{kind: kind}
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// Fixture passes options to the fixture that the node is.
func Fixture(opts ...nstest.Option) NodeOption {
	return func(c *nodeConfig) { c.fixture = append(c.fixture, opts...) }
}
