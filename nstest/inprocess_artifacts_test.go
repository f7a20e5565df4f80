// SPDX-License-Identifier: Apache-2.0

//go:build linux

package nstest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
)

// The folders are where package testing makes them, one for each test, with what each process
// put there.
func TestInProcessKeepsArtifacts(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	out, code := play(t, "^TestArtifacts$", "-test.artifacts", "-test.outputdir="+dir)
	g.Expect(code).To(BeZero())

	want := map[string][]string{
		"TestArtifacts":              {"around", "from deeper", "from inside"},
		"TestArtifacts/inside":       {"inside", "inside from deeper"},
		"TestArtifacts/inside/below": {"below"}, "TestArtifacts/inside/deeper": {"deeper"},
	}
	said := regexp.MustCompile(`(?m)^=== ARTIFACTS (\S+) (.*)$`).FindAllStringSubmatch(out, -1)
	g.Expect(said).To(HaveLen(len(want)))
	told := map[string]bool{}
	for _, s := range said {
		entries, err := os.ReadDir(s[2])
		g.Expect(err).NotTo(HaveOccurred())
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		g.Expect(names).To(Equal(want[s[1]]), s[1])
		told[s[2]] = true
		if s[1] == "TestArtifacts" {
			g.Expect(strings.Count(out, "around is "+s[2]+"\n")).To(Equal(2), "a process calls it as its parent does")
		}
	}
	g.Expect(filepath.WalkDir(filepath.Join(dir, "_artifacts"), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			g.Expect(told).To(HaveKey(filepath.Dir(path)), path)
		}
		if err == nil && e.IsDir() && regexp.MustCompile(`^\d+$`).MatchString(e.Name()) {
			g.Expect(told).To(HaveKey(path))
		}
		return err
	})).To(Succeed())
}

// What package testing says in lines, go test -json says in events.
func TestInProcessArtifactsAreEvents(t *testing.T) {
	need.Tool(t, "go", "golang-go")
	g := NewWithT(t)
	cmd := suite(t, inProcessSuite, "-test.run=^TestArtifacts$", "-test.v=test2json", "-test.artifacts", "-test.outputdir="+t.TempDir())
	cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=auto")
	out, code := run(t, cmd)
	g.Expect(code).To(BeZero(), out)
	convert := exec.Command("go", "tool", "test2json")
	convert.Stdin = strings.NewReader(out)
	events, err := convert.Output()
	g.Expect(err).NotTo(HaveOccurred())
	var tests []string
	for decoder := json.NewDecoder(bytes.NewReader(events)); ; {
		var e struct{ Action, Test, Path, Output string }
		if err := decoder.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if e.Action == "artifacts" {
			g.Expect(e.Path).To(BeADirectory())
			tests = append(tests, e.Test)
		}
		if strings.Contains(e.Output, "deeper, around is") {
			g.Expect(e.Test).To(Equal("TestArtifacts/inside/deeper"), "what comes next is still whose it was")
		}
	}
	g.Expect(tests).To(ConsistOf("TestArtifacts", "TestArtifacts/inside", "TestArtifacts/inside/below", "TestArtifacts/inside/deeper"))
}

func TestInProcessWithoutArtifacts(t *testing.T) {
	g := NewWithT(t)
	out, code := play(t, "^TestArtifacts$")
	g.Expect(code).To(BeZero())
	g.Expect(out).NotTo(ContainSubstring("ARTIFACTS"))
}
