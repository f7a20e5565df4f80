// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"reflect"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
)

// A Scope is what has to end for a clean-up to run: a test or, in Ginkgo, the suite, an Ordered container or an attempt to run a
// spec. One that was not made by [ScopeOf], or for a testing.TB that cannot be compared, is the same as no other.
type Scope struct {
	known   bool
	tb      testing.TB // of plain testing
	node    types.NodeType
	inside  string // the container
	attempt attempt
}

// Same reports whether both end together.
func (s Scope) Same(as Scope) bool { return s.known && s == as }

// ScopeOf returns the scope of a clean-up that the running test, or node of Ginkgo, registers now.
func ScopeOf(tb testing.TB) Scope {
	if !IsGinkgo(tb) {
		if !reflect.ValueOf(tb).Comparable() {
			return Scope{}
		}
		return Scope{known: true, tb: tb}
	}
	report := ginkgo.CurrentSpecReport()
	if !report.LeafNodeType.Is(types.NodeTypeIt) {
		return Scope{known: true, node: types.NodeTypeBeforeSuite}
	}
	events := report.SpecEvents.WithType(types.SpecEventNodeStart)
	if len(events) > 0 && events[len(events)-1].NodeType.Is(types.NodeTypeBeforeAll) {
		return OrderedScope()
	}
	return Scope{known: true, node: types.NodeTypeIt, attempt: attempt{report.StartTime, report.NumAttempts}}
}

// OrderedScope returns that of the Ordered container in which a spec runs.
func OrderedScope() Scope {
	inside := strings.Join(ginkgo.CurrentSpecReport().ContainerHierarchyTexts, "\x00")
	return Scope{known: true, node: types.NodeTypeBeforeAll, inside: inside}
}
