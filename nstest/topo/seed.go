// SPDX-License-Identifier: Apache-2.0

package topo

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/impair"
)

// Seed has links make the same random decisions each time that the test runs: the same frames are lost as long as
// nothing else sends one in between. Without it each network has a seed of its own, or that of the environment
// variable NSTEST_SEED, and the log of a test that fails names it:
//
//	NSTEST_SEED=17185236 go test -run TestFailover
func Seed(seed uint64) Option {
	return func(c *config) { c.seed, c.seeded = seed, true }
}

const seedVariable = "NSTEST_SEED"

// chooseSeed finds a seed where none was given.
func (c *config) chooseSeed() (err error) {
	if c.seeded {
		return nil
	}
	text := os.Getenv(seedVariable)
	if text == "" {
		c.seed = uint64(rand.Uint32()) // short enough to be typed
		return nil
	}
	if c.seed, err = strconv.ParseUint(text, 0, 64); err != nil {
		return fmt.Errorf("%s is no seed, which is a whole number up to 2^64-1: %w", seedVariable, err)
	}
	return nil
}

// seedFor begins the random decisions of one direction of a link, until its rules change again. They have
// nothing to do with those of other links.
func (l *Link) seedFor(d impair.Direction) uint64 {
	h := fnv.New64a()
	for _, part := range []uint64{l.network.config.seed, uint64(l.number), uint64(d), uint64(l.changes)} {
		h.Write(binary.LittleEndian.AppendUint64(nil, part)) // returns no error
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
	return fmt.Sprintf("\n  its links lose the same frames again with %s=%d", seedVariable, n.config.seed)
}
