// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	gonso "github.com/seed-1bc5c4a2/gonso/cmd/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// What each row of package kind goes with. This test is here since all of it is below cmd/gonso;
// set compares its constants, and gons its C.
func TestWhatAKindGoesWithIsThere(t *testing.T) {
	var links []string
	for link := range (procfs.Namespaces{}) {
		links = append(links, procfs.Link(link).String())
	}
	for _, k := range kind.Table {
		for _, link := range []string{k.Name, k.Link} {
			if !slices.Contains(links, link) {
				t.Errorf("%s: internal/procfs has no link %q", k.Name, link)
			}
		}
		if !slices.Contains(probe.Names(), k.Name) {
			t.Errorf("%s: internal/probe has no check of it", k.Name)
		}
		if gonso.Meaning(k.Name, "yes") != "tests can "+k.Purpose || k.Purpose == "" {
			t.Errorf("%s: doctor says that %s", k.Name, gonso.Meaning(k.Name, "yes"))
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
		name := strings.TrimSuffix(entry.Name(), "_for_children")
		if _, ok := kind.Named(name); !ok {
			t.Errorf("internal/kind has no kind %s, which the kernel has", name)
		}
	}
}
