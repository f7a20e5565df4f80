// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/testfield"
)

// A stay is what is known of a test whose goroutine has entered fixtures.
type stay struct {
	instances []*instance
	process   bool // the whole of it is inside, with all subtests
	// Whether it has started subtests that are inside, by Run, and others, by t.Run, that are outside. Package testing
	// does not count those, so that they have to be noticed before the first of ours.
	inside, outside bool
}

// stays has those of the tests that run.
var stays = tests{of: make(map[testing.TB]*stay), inside: make(map[testing.TB]bool)}

type tests struct {
	sync.Mutex
	of     map[testing.TB]*stay
	inside map[testing.TB]bool // those whose first subtest was one of ours
}

// begin notes that a test is in an instance from now on.
func (s *tests) begin(tb testing.TB, in *instance, process bool) {
	if !reflect.ValueOf(tb).Comparable() {
		return // somebody's own, which no map can have for a key
	}
	s.Lock()
	defer s.Unlock()
	if s.of[tb] == nil {
		s.of[tb] = new(stay)
	}
	v := s.of[tb]
	v.instances = append(v.instances, in)
	v.process = v.process || process
}

// end notes that a test leaves the instance that it has entered last.
func (s *tests) end(tb testing.TB) error {
	if !reflect.ValueOf(tb).Comparable() {
		return nil
	}
	s.Lock()
	defer s.Unlock()
	v := s.of[tb]
	if v.instances = v.instances[:len(v.instances)-1]; len(v.instances) > 0 {
		return nil
	}
	delete(s.of, tb)
	if v.process || !v.outside && (v.inside || !testfield.HasSubtests(tb)) {
		return nil
	}
	return errOutside(tb)
}

// errOutside is the error of a test that is inside, and has others around a function that is not.
func errOutside(tb testing.TB) error {
	if _, fuzz := tb.(*testing.F); fuzz {
		return errors.New("the fuzz target has run outside of the fixture, on another goroutine: call Enter in the target")
	}
	return errors.New("subtests have run outside of the fixture, since t.Run starts goroutines: " +
		"start them with Fixture.Run, or with nstest.Run for namespaces of their own")
}

// instances returns where the test is.
func (s *tests) instances(tb testing.TB) (instances []*instance) {
	s.Lock()
	defer s.Unlock()
	for other, v := range s.of {
		if v.process && strings.HasPrefix(tb.Name(), other.Name()+"/") {
			instances = append(instances, v.instances[0])
		}
	}
	if reflect.ValueOf(tb).Comparable() && s.of[tb] != nil {
		instances = append(instances, s.of[tb].instances...)
	}
	return instances
}

// around reports whether a test around the one with that name is in an instance.
func (s *tests) around(name string) bool {
	s.Lock()
	defer s.Unlock()
	for tb := range s.of {
		if strings.HasPrefix(name, tb.Name()+"/") {
			return true
		}
	}
	return false
}

// knows reports whether it is known of the test's first subtest where that is: it is one of ours, or end sees to it.
func (s *tests) knows(tb testing.TB) bool {
	if !reflect.ValueOf(tb).Comparable() {
		return true
	}
	s.Lock()
	defer s.Unlock()
	v := s.of[tb]
	return s.inside[tb] || v != nil && !v.process
}

// runSubtestOf is t.Run for subtests that are where they are to be.
func runSubtestOf(t *testing.T, name string, f func(t *testing.T)) bool {
	t.Helper()
	stays.Lock()
	if v := stays.of[t]; v != nil {
		v.outside = v.outside || !v.inside && testfield.HasSubtests(t)
		v.inside = true
	}
	if !testfield.HasSubtests(t) && !stays.inside[t] {
		stays.inside[t] = true
		t.Cleanup(func() {
			stays.Lock()
			defer stays.Unlock()
			delete(stays.inside, t)
		})
	}
	stays.Unlock()
	return t.Run(name, f)
}
