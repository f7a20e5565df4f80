// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

// Of the module, package and test compile on amd64, the package not where an int has 32 bits, the test not where
// system calls came later.
func TestCheck(t *testing.T) {
	for platform, want := range map[string]string{
		"linux/amd64": "",
		"linux/386":   "wide.go",
		"linux/arm64": "linux_test.go",
	} {
		wrong, err := check(platform, "testdata/module", ".")
		if err != nil {
			t.Fatal(err)
		}
		if want == "" && len(wrong) > 0 || want != "" && len(wrong) == 0 {
			t.Errorf("%s: got %v, want an error in %q", platform, wrong, want)
		}
		for _, w := range wrong {
			if !strings.Contains(w.Pos, want) {
				t.Errorf("%s: got %v, want an error in %s", platform, w, want)
			}
		}
	}
	if _, err := check("linux", "testdata/module", "."); err == nil {
		t.Error("a platform without an architecture was taken")
	}
}
