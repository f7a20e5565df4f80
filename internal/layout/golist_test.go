// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// root is the top of the module, seen from this package.
const root = "../.."

// builds are those whose imports differ.
var builds = []struct {
	name string
	env  []string
}{
	{"cgo", []string{"GOOS=linux", "CGO_ENABLED=1"}},
	{"nocgo", []string{"GOOS=linux", "CGO_ENABLED=0"}},
	{"darwin", []string{"GOOS=darwin", "CGO_ENABLED=0"}},
}

// A goPackage is what go list says of a package, test files left out.
type goPackage struct {
	ImportPath string
	Dir        string
	Doc        string // the first sentence of the package comment
	GoFiles    []string
	Imports    []string
	Deps       []string // all that it links
	Standard   bool
	Module     *goModule
}

type goModule struct{ Path string }

func (p *goPackage) ours() bool { return p.Module != nil && p.Module.Path == module }

func (p *goPackage) light() bool {
	return p.Standard || p.ours() || p.Module != nil && p.Module.Path == xsys
}

// list returns what go list tells of the packages that its arguments name.
func list(t *testing.T, env []string, args ...string) []*goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Doc,GoFiles,Imports,Deps,Standard,Module"}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, &stderr)
	}
	var packages []*goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := new(goPackage)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("%v: %v", cmd, err)
		}
		packages = append(packages, p)
	}
}
