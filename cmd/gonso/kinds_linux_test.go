// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	gonso "github.com/seed-1bc5c4a2/gonso/cmd/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// CONTRIBUTING.md lists the tables. This test is here since all that it compares is below
// cmd/gonso; gons compares its own.
func TestEveryTableHasEveryKind(t *testing.T) {
	var links []string
	for link := range (procfs.Namespaces{}) {
		links = append(links, procfs.Link(link).String())
	}
	var names []string
	for _, flag := range set.Kinds(^0) {
		name := set.KindNames(flag)
		names = append(names, name)
		if procfs.KindOf(flag) != name {
			t.Errorf("%s (%#x) is %q for internal/procfs", name, flag, procfs.KindOf(flag))
		}
		if !slices.Contains(probe.Names(), name) {
			t.Errorf("internal/probe has no check of %s", name)
		}
		if gonso.Meaning(name, "yes") == "tests can " {
			t.Errorf("doctor does not say what %s is for", name)
		}
	}
	// What the kernel has, and we may not know yet.
	entries, err := os.ReadDir("/proc/self/ns")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !slices.Contains(links, entry.Name()) {
			t.Errorf("internal/procfs has no link %s, which the kernel has", entry.Name())
		}
		if kind := strings.TrimSuffix(entry.Name(), "_for_children"); !slices.Contains(names, kind) {
			t.Errorf("set has no kind %s, which the kernel has", kind)
		}
	}
}
