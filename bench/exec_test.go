// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// BenchmarkExec runs true in namespaces of all kinds, with and without other users and groups than root. The steps
// of gonso exec that unshare(1) has not are left out.
func BenchmarkExec(b *testing.B) {
	gonso := filepath.Join(b.TempDir(), "gonso")
	build := exec.Command("go", "build", "-o", gonso, "github.com/seed-1bc5c4a2/gonso/cmd/gonso")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	bare := []string{"exec", "-proc=false", "-lo=false", "-ping=false", "-run=false", "-varlib=false", "-etc=false", "-sys=false",
		"-eth0=false", "-shared=false", "-subids=false", "--", "true"}
	b.Run("who=gonso", func(b *testing.B) { runs(b, gonso, bare...) })
	b.Run("who=floor", func(b *testing.B) { runs(b, "unshare", "-UrnmpfiuC", "true") })
}

func runs(b *testing.B, name string, args ...string) {
	for b.Loop() {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			b.Fatalf("%s: %v: %s", name, err, out)
		}
	}
}

// BenchmarkCommand runs true in a Set; the floor runs it where this process is.
func BenchmarkCommand(b *testing.B) {
	for name, kinds := range map[string]int{"net": set.NS_NET, "pid": set.NS_PID} {
		b.Run("kind="+name, func(b *testing.B) {
			s, err := set.Unshare(kinds)
			check(b, err)
			defer func() { check(b, s.Close()) }()
			b.Run("who=gonso", func(b *testing.B) {
				for b.Loop() {
					check(b, s.Command(context.Background(), "/bin/true").Run())
				}
			})
			b.Run("who=floor", func(b *testing.B) {
				for b.Loop() {
					check(b, exec.Command("/bin/true").Run())
				}
			})
		})
	}
}
