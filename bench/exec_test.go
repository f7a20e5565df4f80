// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// BenchmarkExec runs true in namespaces of all kinds. The steps of gonso exec that unshare(1) has not are left out.
func BenchmarkExec(b *testing.B) {
	dir := b.TempDir()
	build := func(name, cgo string) (path string) {
		path = filepath.Join(dir, name)
		cmd := exec.Command("go", "build", "-o", path, "github.com/seed-1bc5c4a2/gonso/cmd/gonso")
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		return path
	}
	withCgo, without := build("cgo", "1"), build("nocgo", "0")
	bare := []string{"exec", "-proc=false", "-lo=false", "-ping=false", "-run=false", "-varlib=false", "-etc=false", "-sys=false",
		"-eth0=false", "-shared=false", "-subids=false", "--", "true"}
	floor := func(b *testing.B) { runs(b, "unshare", "-UrnmpfiuC", "true") }
	b.Run("cgo=1/who=gonso", func(b *testing.B) { runs(b, withCgo, bare...) })
	b.Run("cgo=1/who=floor", floor)
	b.Run("cgo=0/who=gonso", func(b *testing.B) { runs(b, without, bare...) })
	b.Run("cgo=0/who=floor", floor)
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
