// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/option"
)

// A NodeOption changes what a host, a router or a switch is like.
type NodeOption func(*nodeConfig)

// nodeConfig is what the options of a node say.
type nodeConfig struct {
	kind    nodeKind // which options may go by
	fixture []nstest.Option
	flags   int // kinds of namespaces of its own, besides that of its network
	addressing
	clockOffset time.Duration
	sysctls     [][2]string // name and value
	routerPresets
	err error
}

// only refuses an option at nodes of other kinds.
func (c *nodeConfig) only(what string, kinds ...nodeKind) {
	if !slices.Contains(kinds, c.kind) {
		c.err = errors.Join(c.err, fmt.Errorf("%s is no option of a %v", what, c.kind))
	}
}

func newNodeConfig(kind nodeKind, opts []NodeOption) nodeConfig {
	c := nodeConfig{kind: kind}
	c.err = errors.Join(c.err, option.Apply(&c, opts))
	return c
}

// Fixture passes options to the fixture of the node.
func Fixture(opts ...nstest.Option) NodeOption {
	return func(c *nodeConfig) {
		for i, opt := range opts {
			if opt == nil {
				c.err = errors.Join(c.err, fmt.Errorf("topo.Fixture: %w", option.Nil(i)))
			}
		}
		c.fixture = append(c.fixture, opts...)
	}
}
