// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/internal/leak"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/fixturepool"
)

// An Inventory is what this process had at one moment: threads, descriptors,
// namespaces, child processes and mounts.
type Inventory struct {
	snapshot *leak.Snapshot
	err      error
}

// Snapshot takes an inventory of this process, for matchers such as [HaveLeakedThreads]. If something cannot be
// read, the matcher says so.
//
// Namespaces that are ready for later fixtures are closed first, so that they are not taken for leaks.
func Snapshot() *Inventory {
	fixturepool.Close()
	s, err := leak.Take()
	return &Inventory{s, err}
}

// GomegaString is the inventory for Gomega's messages.
func (i *Inventory) GomegaString() string {
	if i.err != nil {
		return i.err.Error()
	}
	return fmt.Sprintf("%d threads, %d descriptors, %d child processes, %d mounts",
		len(i.snapshot.Tasks), len(i.snapshot.Descriptors), len(i.snapshot.Processes), len(i.snapshot.Mounts))
}

type haveLeaked struct {
	matcher, things string
	list            func(leak.Report) []string
	before          *Inventory
	options         []LeakOption

	leaked []string
}

func (m *haveLeaked) Match(actual any) (success bool, err error) {
	var now *Inventory
	switch got := actual.(type) {
	case *Inventory:
		now = got
	case func() *Inventory:
		if got != nil {
			now = got()
		}
	}
	if now == nil {
		return false, unexpected(m.matcher, "nstest.Snapshot, or what it returns", actual)
	}
	if m.before == nil {
		return false, unexpected(m.matcher, "to be made with what nstest.Snapshot returned before", m.before)
	}
	if err := errors.Join(m.before.err, now.err); err != nil {
		return false, fmt.Errorf("%s matcher: %w", m.matcher, err)
	}
	ignored, err := ignoredBy(m.options)
	if err != nil {
		return false, fmt.Errorf("%s matcher: %w", m.matcher, err)
	}
	m.leaked = m.list(leak.Diff(m.before.snapshot, now.snapshot).Without(ignored))
	return len(m.leaked) > 0, nil
}

// MatchMayChangeInTheFuture reports whether a later look may have another result: an Inventory that was
// taken has not.
func (m *haveLeaked) MatchMayChangeInTheFuture(actual any) bool {
	_, taken := actual.(*Inventory)
	return !taken
}

func (m *haveLeaked) FailureMessage(any) string {
	return fmt.Sprintf("Expected to have leaked %s, but found none", m.things)
}

func (m *haveLeaked) NegatedFailureMessage(any) string {
	return fmt.Sprintf("Expected not to have leaked %s, but found %d:\n%s", m.things, len(m.leaked), lines(m.leaked))
}

func leakedThreads(r leak.Report) []string   { return texts(r.Threads) }
func leakedFds(r leak.Report) []string       { return texts(r.Descriptors) }
func leakedProcesses(r leak.Report) []string { return texts(r.Processes) }

func leakedNamespaces(r leak.Report) []string {
	all := texts(r.Namespaces)
	for i, n := range r.Namespaces {
		all[i] += n.Made()
	}
	return all
}

func texts[T fmt.Stringer](list []T) (all []string) {
	for _, t := range list {
		all = append(all, t.String())
	}
	return all
}
