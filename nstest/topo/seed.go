// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// Seed makes links take the same random decisions each time that the test runs: the same frames are lost as
// long as nothing else sends one in between. Without it each network has a seed of its own, or that of the
// environment variable NSTEST_SEED, and the log of a test that fails names it:
//
//	NSTEST_SEED=17185236 go test -run TestFailover
func Seed(seed uint64) Option {
	return func(c *config) { c.seed, c.seeded = seed, true }
}

// chooseSeed finds a seed where none was given.
func (c *config) chooseSeed() (err error) {
	if !c.seeded && c.record == nil {
		c.seed, err = impair.Seed()
	}
	return err
}

// seedFor begins the random decisions of one direction of a link, until its rules change again. They have
// nothing to do with those of other links.
func (l *Link) seedFor(d impair.Direction) uint64 {
	h := fnv.New64a()
	for _, part := range []uint64{l.network.config.seed, uint64(l.number), uint64(d), uint64(l.changes)} {
		h.Write(binary.LittleEndian.AppendUint64(nil, part)) // which never fails
	}
	return h.Sum64()
}

// seedText says how the same random decisions are to be had again, if there were any.
func (n *Network) seedText() string {
	if !n.random {
		return ""
	}
	if n.config.seeded {
		return fmt.Sprintf("\n  its links lose frames by the test's topo.Seed(%d)", n.config.seed)
	}
	return fmt.Sprintf("\n  its links lose the same frames again with %s=%d", impair.SeedVariable, n.config.seed)
}
