// SPDX-License-Identifier: Apache-2.0

// Package shardplan deals tests out to shards, so that each shard takes about as long as the others did in an earlier run.
package shardplan

import (
	"cmp"
	"hash/fnv"
	"slices"
	"time"
)

// A Test is what one shard runs: a test function with its subtests, or of a Ginkgo suite, for which Package is "", a spec
// or a top-level container with ordered ones.
type Test struct{ Package, Name string }

// Times has how long tests took.
type Times map[Test]time.Duration

// A Plan says which shard runs a test. It depends on nothing but the times and the number of shards, so that all shards
// make the same one.
type Plan struct {
	shards []Shard
	of     map[Test]int
}

// A Shard is a part of the tests.
type Shard struct {
	Tests []Test        // the longest first
	Time  time.Duration // of all of them, one after the other
}

// New makes a plan for that many shards: the longest test first, each goes to the shard that has least to do
// (LPT, R. L. Graham, "Bounds on multiprocessing timing anomalies", 1969: at most a third longer than the best plan).
func New(times Times, shards int) *Plan {
	p := &Plan{shards: make([]Shard, shards), of: make(map[Test]int, len(times))}
	for _, t := range times.sorted() {
		least := 0
		for i, s := range p.shards {
			if s.Time < p.shards[least].Time {
				least = i
			}
		}
		s := &p.shards[least]
		s.Tests = append(s.Tests, t)
		s.Time += times[t]
		p.of[t] = least
	}
	return p
}

// sorted returns the tests, the longest first.
func (times Times) sorted() []Test {
	tests := make([]Test, 0, len(times))
	for t := range times {
		tests = append(tests, t)
	}
	slices.SortFunc(tests, func(a, b Test) int {
		return cmp.Or(cmp.Compare(times[b], times[a]), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Name, b.Name))
	})
	return tests
}

// Shards returns what each shard runs of the tests that have times.
func (p *Plan) Shards() []Shard { return p.shards }

// Of returns the number of the shard that runs a test, from 0. A test without a time goes where its name says.
func (p *Plan) Of(t Test) int {
	if shard, ok := p.of[t]; ok {
		return shard
	}
	hash := fnv.New32a()
	hash.Write([]byte(t.Package + "\x00" + t.Name)) // never fails (hash.Hash)
	return int(hash.Sum32() % uint32(len(p.shards)))
}
