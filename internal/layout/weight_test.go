// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"slices"
	"testing"
)

// Each test binary that imports nstest pays for what that links: gomega itself brings parsers of XML and YAML, the
// tables of all character sets, and go-cmp, of which its matchers need nothing.
func TestNstestLinksNotAllOfGomega(t *testing.T) {
	packages := list(t, builds[0].env, "-deps", "./nstest")
	has := func(path string) bool {
		return slices.ContainsFunc(packages, func(p *goPackage) bool { return p.ImportPath == path })
	}
	if !has("github.com/onsi/gomega/format") {
		t.Error("nstest does not link gomega/format, so this shows nothing")
	}
	for _, path := range []string{"github.com/onsi/gomega", "github.com/google/go-cmp/cmp", "golang.org/x/text/encoding"} {
		if has(path) {
			t.Errorf("nstest links %s", path)
		}
	}
}
