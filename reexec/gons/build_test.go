// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
)

// A build is one way of building a program that imports gons.
type build struct {
	name  string
	cgo   bool
	cc    string // the C compiler, unless it is the default
	pkg   string // its name in Debian
	flags []string
}

var static = []string{"-ldflags", "-linkmode external -extldflags -static"}

var builds = []build{
	{name: "nocgo"},
	{name: "nocgo-pie", flags: []string{"-buildmode=pie"}},
	{name: "cgo", cgo: true, cc: "gcc", pkg: "gcc"},
	{name: "cgo-static", cgo: true, cc: "gcc", pkg: "gcc", flags: static},
	{name: "musl", cgo: true, cc: "musl-gcc", pkg: "musl-tools"},
	{name: "musl-static", cgo: true, cc: "musl-gcc", pkg: "musl-tools", flags: static},
}

// eachBuild runs a subtest for each way of building the program in testdata.
func eachBuild(t *testing.T, program string, test func(t *testing.T, b build, program string)) {
	needRoot(t)
	for _, b := range builds {
		t.Run(b.name, func(t *testing.T) { test(t, b, b.program(t, program)) })
	}
}

var (
	programs sync.Map // of sync.OnceValues by path
	folder   = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "gons-test-") })
)

// program returns the path of a built program of testdata.
func (b build) program(t *testing.T, name string) string {
	t.Helper()
	if b.cgo {
		need.Tool(t, b.cc, b.pkg)
	}
	dir, err := folder()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name+"-"+b.name)
	once, _ := programs.LoadOrStore(path, sync.OnceValues(func() ([]byte, error) {
		args := append([]string{"build", "-buildvcs=false", "-o", path}, b.flags...)
		cmd := exec.Command("go", append(args, "./testdata/"+name)...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if b.cgo {
			cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "CC="+b.cc)
		}
		return cmd.CombinedOutput()
	}))
	if out, err := once.(func() ([]byte, error))(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

func removeBuilds() error {
	dir, err := folder()
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
