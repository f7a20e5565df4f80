// SPDX-License-Identifier: Apache-2.0

package nstest

import "github.com/seed-1bc5c4a2/gonso/set"

// Eventually and Consistently ask a matcher with a method MatchMayChangeInTheFuture before each
// look, and end at once where it says that nothing will change. The types here are embedded into
// matchers for that.

// whileOpen is for what is found out inside of a Set: what is closed stays so.
type whileOpen struct{}

// MatchMayChangeInTheFuture reports whether a later look may have another result.
func (whileOpen) MatchMayChangeInTheFuture(actual any) bool {
	s, ok := alwaysTheSame(actual)
	return !ok || !s.Closed()
}

// settled is for what a Set never changes, such as which namespaces it holds.
type settled struct{}

// MatchMayChangeInTheFuture reports whether a later look may have another result.
func (settled) MatchMayChangeInTheFuture(actual any) bool {
	_, ok := alwaysTheSame(actual)
	return !ok
}

// ofValue is for a value that was read before, such as a netlink.Link.
type ofValue struct{}

// MatchMayChangeInTheFuture reports whether a later look may have another result.
func (ofValue) MatchMayChangeInTheFuture(any) bool { return false }

// alwaysTheSame returns the Set that actual stands for, if that is the same one each time. What else has
// a method Set() set.Set may have another one later.
func alwaysTheSame(actual any) (s set.Set, ok bool) {
	switch has := actual.(type) {
	case set.Set:
		return has, true
	case interface{ self() *Fixture }: // also what embeds one, such as a topo.Host
		s, ok := setIn(actual)
		return s, ok && has.self() != nil
	}
	return set.Set{}, false
}

// self is the fixture, also of what embeds it.
func (f *Fixture) self() *Fixture { return f }
