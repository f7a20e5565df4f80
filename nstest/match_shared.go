// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"

	"github.com/onsi/gomega/format"
	"github.com/seed-1bc5c4a2/gonso/set"
)

type shareNamespaces struct {
	settled
	other any
	kinds []int
	none  bool // of the kinds is to be shared, instead of all: BeIsolatedFrom

	is comparison
}

func (m *shareNamespaces) Match(actual any) (success bool, err error) {
	if m.none {
		m.is, err = compareWith("BeIsolatedFrom", actual, m.other, m.kinds)
		return err == nil && len(m.is.same) == 0, err
	}
	m.is, err = compareWith("ShareNamespaces", actual, m.other, m.kinds)
	return err == nil && len(m.is.differ) == 0, err
}

func (m *shareNamespaces) FailureMessage(actual any) string {
	if m.none {
		return m.is.message(actual, "to share no namespace of the kinds %s with", m.other, m.is.same)
	}
	return m.is.message(actual, "to share all namespaces of the kinds %s with", m.other, m.is.differ)
}

func (m *shareNamespaces) NegatedFailureMessage(actual any) string {
	if m.none {
		return m.is.message(actual, "to share a namespace of the kinds %s with", m.other, m.is.differ)
	}
	return m.is.message(actual, "not to share all namespaces of the kinds %s with", m.other, m.is.same)
}

// A comparison tells in which kinds two Sets are in the same namespaces. It has a
// line for each kind, from when both were held.
type comparison struct {
	kinds        int
	same, differ []string
}

// compareWith compares what a matcher got with what it was made with.
func compareWith(matcher string, actual, other any, kinds []int) (comparison, error) {
	a, err := setOf(matcher, actual)
	if err != nil {
		return comparison{}, err
	}
	b, err := setOf(matcher, other)
	if err != nil {
		return comparison{}, err
	}
	flags := 0
	for _, kind := range kinds {
		flags |= kind
	}
	if len(kinds) > 0 {
		err = checkKinds(matcher, flags)
	} else if flags = a.Flags() & b.Flags(); flags == 0 {
		err = fmt.Errorf("%s matcher: %v and %v have no kind of namespace in common", matcher, a, b)
	}
	if err != nil {
		return comparison{}, err
	}
	return compare(matcher, a, b, flags)
}

func compare(matcher string, a, b set.Set, kinds int) (comparison, error) {
	c := comparison{kinds: kinds}
	for _, kind := range set.Kinds(kinds) {
		same, err := a.Same(b, kind)
		if err != nil {
			return comparison{}, fmt.Errorf("%s matcher: %w", matcher, err)
		}
		if same {
			c.same = append(c.same, idOf(a, kind)+" is in both")
		} else {
			c.differ = append(c.differ, idOf(a, kind)+" is not "+idOf(b, kind))
		}
	}
	return c, nil
}

func (c comparison) message(actual any, wanted string, other any, but []string) string {
	wanted = fmt.Sprintf(wanted, set.KindNames(c.kinds))
	return format.Message(actual, wanted, other) + "\nbut\n" + lines(but)
}
