// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An option is an opaque function, its type is called Option or SomethingOption, and what makes one
// is named after what it sets. The options of set.Unshare are others', and begin with With.
func TestOptionsHaveOneStyle(t *testing.T) {
	record, err := readRecord(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	option := regexp.MustCompile(`^type (\w*Option) (.*)$`)
	opaque := regexp.MustCompile(`^type (\w+) func\(\*unexported\)$`)
	maker := regexp.MustCompile(`^func (\w+).* (\w+Option|Option)$`)
	found := 0
	for _, pkg := range slices.Sorted(maps.Keys(record.has)) {
		for _, line := range record.has[pkg] {
			if m := option.FindStringSubmatch(line); m != nil {
				found++
				if !opaque.MatchString(line) && !strings.HasPrefix(m[2], "interface { unexported") {
					t.Errorf("%s: %s: an option is func(*unexported), or an interface that nobody else implements", pkg, line)
				}
			}
			if m := opaque.FindStringSubmatch(line); m != nil && !strings.HasSuffix(m[1], "Option") {
				t.Errorf("%s: %s: it looks like an option, and is not called so", pkg, line)
			}
			if m := maker.FindStringSubmatch(line); m != nil && regexp.MustCompile("^(With|Set|Opt)[A-Z]").MatchString(m[1]) {
				t.Errorf("%s: %s: the name is that of what it sets, without more", pkg, line)
			}
		}
	}
	if found == 0 {
		t.Error("there is no option")
	}
}
