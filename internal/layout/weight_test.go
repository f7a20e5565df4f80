// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"slices"
	"testing"
)

// Each test binary that imports nstest pays for what that links: gomega itself brings parsers of XML and YAML, the
// tables of all character sets, and go-cmp, of which its matchers need nothing.
func TestNstestLinksNotAllOfGomega(t *testing.T) {
	linksBut(t, "./nstest", "github.com/onsi/gomega/format", "github.com/onsi/gomega", "github.com/google/go-cmp/cmp", "golang.org/x/text/encoding")
}

// Each verb of gonso pays for what all of them link, and gonso exec twice: net/http takes half a millisecond.
func TestGonsoLinksNoHTTP(t *testing.T) {
	linksBut(t, "./cmd/gonso", "net/textproto", "net/http", "crypto/tls")
}

// linksBut checks that a program or package links one package, and none of the others.
func linksBut(t *testing.T, path, links string, not ...string) {
	packages := list(t, builds[0].env, "-deps", path)
	has := func(path string) bool {
		return slices.ContainsFunc(packages, func(p *goPackage) bool { return p.ImportPath == path })
	}
	if !has(links) {
		t.Errorf("%s does not link %s, so this shows nothing", path, links)
	}
	for _, other := range not {
		if has(other) {
			t.Errorf("%s links %s", path, other)
		}
	}
}
