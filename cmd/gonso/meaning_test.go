// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"strings"
	"testing"

	gonso "github.com/seed-1bc5c4a2/gonso/cmd/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
)

func TestDoctorSaysOfEachCheckWhatItMeans(t *testing.T) {
	for _, name := range probe.Names() {
		for answer, begin := range map[string]string{
			"yes": "tests can ", "rootless": "tests can ", "no": "tests cannot ", "inconclusive": "it is unclear whether tests can ",
		} {
			if purpose, ok := strings.CutPrefix(gonso.Meaning(name, answer), begin); !ok || purpose == "" {
				t.Errorf("%s %s: %q", name, answer, gonso.Meaning(name, answer))
			}
		}
	}
}
