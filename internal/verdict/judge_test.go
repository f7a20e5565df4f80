// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The samples are what 'go test -json' printed, and what is to be made of it.
func TestJudge(t *testing.T) {
	samples, err := filepath.Glob("testdata/*.json")
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, sample := range samples {
		name := strings.TrimSuffix(sample, ".json")
		t.Run(filepath.Base(name), func(t *testing.T) {
			in, err := os.Open(sample)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			want, err := os.ReadFile(name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			good, err := judge(in, &out)
			if err != nil {
				t.Fatal(err)
			}
			if passes := filepath.Base(name) == "passes"; good != passes {
				t.Errorf("good: %v", good)
			}
			if out.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", &out, want)
			}
		})
	}
}
