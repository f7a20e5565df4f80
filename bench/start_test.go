// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkStart runs a test that does nothing, in a test binary with nstest and in one without, and says how large they are.
func BenchmarkStart(b *testing.B) {
	for _, c := range []struct{ who, pkg string }{{"gonso", "nstest"}, {"floor", "plain"}} {
		binary := filepath.Join(b.TempDir(), c.pkg+".test")
		build := exec.Command("go", "test", "-c", "-o", binary, "./start/"+c.pkg)
		if out, err := build.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		info, err := os.Stat(binary)
		check(b, err)
		b.Run("who="+c.who, func(b *testing.B) {
			runs(b, binary)
			b.ReportMetric(float64(info.Size()), "binary-B")
		})
	}
}
