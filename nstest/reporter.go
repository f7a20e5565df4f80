// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/callsite"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
)

// Whom a fixture's method tells of a failure:
//
//  1. The test that the fixture was made for or, with For, the other one.
//  2. That one may have ended, and then has no line to fail at any more: FailNow would end the
//     program without saying where. So the test around it fails, if nstest has met it.
//  3. Package testing lets nobody ask which test a goroutine runs. Where that is not known, or
//     the methods of a *testing.F are forbidden since its fuzz target runs, a bystander ends
//     the goroutine.

// reporter returns what is told of failures. Its Helper has to be called by the method
// that the user has called.
func (f *Fixture) reporter() testing.TB {
	in := f.load()
	if in == nil {
		if ginkgo.CurrentSpecReport().LeafNodeType == types.NodeTypeInvalid {
			return &bystander{} // of a failure in a container's body Ginkgo shows no text
		}
		return ginkgo.GinkgoTB()
	}
	tb := f.tb
	if tb == nil {
		tb = in.TB
	}
	if fuzz, is := tb.(*testing.F); is && inTarget(fuzz) {
		return &bystander{TB: tb, instance: in, inTarget: true}
	}
	if !in.Set.Closed() || lifecycle.Fail(tb) {
		return tb
	}
	if around := lifecycle.Around(tb.Name()); around != nil {
		return around
	}
	return &bystander{TB: tb, instance: in}
}

// inTarget reports whether the fuzz target runs, while it is for none but the *testing.T
// of the target to be used.
func inTarget(f *testing.F) (inside bool) {
	defer func() { inside = recover() != nil }()
	f.Skipped()
	return false
}

// leaveTarget is for the clean-up of an instance. Those of a *testing.F run in the target, still, if
// that has panicked.
func (in *instance) leaveTarget() {
	if fuzz, is := in.TB.(*testing.F); is && inTarget(fuzz) {
		in.TB = &bystander{TB: fuzz, instance: in, inTarget: true}
	}
}

const noFixture = "nstest: the *Fixture is nil: make it, with New or in Ginkgo with Each, before it is used"

const noSpec = "nstest: a fixture of Each has namespaces only while a spec runs: use it in nodes such as It, not in the container's body"

// made returns what the fixture has, open or closed.
func (f *Fixture) made(tb testing.TB) *instance {
	tb.Helper()
	in := f.load()
	switch {
	case f == nil:
		tb.Fatal(noFixture)
	case in == nil:
		tb.Fatal(noSpec)
	}
	return in
}

// instance returns what the fixture has now.
func (f *Fixture) instance(tb testing.TB) *instance {
	tb.Helper()
	in := f.made(tb)
	if in.Set.Closed() {
		_, ended := tb.(*bystander)
		isAround := !ended && tb.Name() != in.Owner
		text := in.whyClosed(ended || isAround)
		if where := callsite.Outside(ours...); isAround && where != "" && !lifecycle.IsGinkgo(tb) {
			callsite.Error(tb, where, text) // packages that call this one have told another test that they are helpers
			tb.FailNow()
		}
		tb.Fatal(text)
	}
	return in
}

// whyClosed says who has closed the Set.
func (in *instance) whyClosed(ended bool) string {
	text := fmt.Sprintf("nstest: fixture %s of %s is used after ", in.Name, in.Owner)
	switch {
	case !in.Released():
		return text + "its Set was closed, which the fixture does at the end of the test"
	case !ended:
		return text + "its own clean-up: clean-ups run in reverse order, so register what needs the fixture after you make it"
	default:
		return text + "that test has ended: make one for each test, and end the goroutines that use it before"
	}
}
