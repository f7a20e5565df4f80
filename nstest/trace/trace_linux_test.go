// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
)

// runTraced runs tests of the suite in a process of its own, with these variables and flags. It returns what they have printed, and
// the folder for what they keep.
func runTraced(t *testing.T, run string, env []string, flags ...string) (out, dir string) {
	t.Helper()
	dir = t.TempDir()
	text, _ := tracedCommand(t, dir, run, env, flags...).CombinedOutput() // the tests fail
	return string(text), dir
}

func tracedCommand(t *testing.T, dir, run string, env []string, flags ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append(flags, "-test.run="+run)...)
	cmd.Env = append(os.Environ(), suite+"=1", "NSTEST_ARTIFACTS="+dir, "GOCOVERDIR="+t.TempDir(), "TMPDIR="+t.TempDir())
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// traceIn returns the data of the only page in a folder.
func traceIn(g Gomega, dir string) *tracedata.Trace {
	pages, err := filepath.Glob(filepath.Join(dir, "*", "*", "trace.html"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pages).To(HaveLen(1))
	page, err := os.ReadFile(pages[0])
	g.Expect(err).NotTo(HaveOccurred())
	found := regexp.MustCompile(`(?s)<script[^>]*type="application/json"[^>]*>(.*?)</script>`).FindSubmatch(page)
	g.Expect(found).NotTo(BeNil())
	t := new(tracedata.Trace)
	g.Expect(json.Unmarshal(found[1], t)).To(Succeed())
	return t
}

func TestATestThatFailsLeavesATrace(t *testing.T) {
	for _, flag := range []string{"-test.v=false", "-test.v", "-test.v=test2json"} {
		t.Run(flag, func(t *testing.T) {
			g := NewWithT(t)
			out, dir := runTraced(t, "^TestSuite$/^LinkDown$", []string{"NSTEST_TRACE=failed"}, flag)
			g.Expect(out).To(MatchRegexp(`suite_linux_test.go:\d+: nstest: trace: %s/.*/trace.html`, dir), "the log names it")
			trace := traceIn(g, dir)
			if to := os.Getenv("NSTEST_TRACE_SAMPLE"); to != "" {
				text, err := json.MarshalIndent(trace, "", " ")
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(os.WriteFile(to, text, 0o666)).To(Succeed())
			}
			g.Expect(trace.Test.Name).To(Equal("TestSuite/LinkDown"))
			g.Expect(trace.Test.Verdict).To(Equal(tracedata.Failed))
			g.Expect(trace.Test.Message).To(MatchRegexp(`^no answer\nof the server: dial tcp .*`))
			g.Expect(trace.Test.Where.File).To(HaveSuffix("/nstest/trace/suite_linux_test.go"))
			g.Expect(lineAt(g, trace, trace.Test.Where)).To(ContainSubstring("t.Errorf("))
			g.Expect(trace.Test.Package).To(HaveSuffix("gonso/nstest/trace"))
			g.Expect(trace.Test.Again).To(MatchRegexp(`^go test -count=1 -run '\^TestSuite\$/\^LinkDown\$' `))

			g.Expect(trace.Nodes).To(HaveLen(2))
			g.Expect(trace.Nodes[0].Name).To(Equal("client"))
			g.Expect(trace.Links).To(HaveLen(1))
			g.Expect([]string{trace.Links[0].A.Interface, trace.Links[0].B.Interface}).To(Equal([]string{"eth0", "eth0"}))

			var told []string
			for _, e := range trace.Events {
				if e.Change == nil || !e.Change.Initial {
					told = append(told, e.Kind+" "+e.Text)
				}
			}
			order := []string{`^start sh \(\d+\) begins: sh -c echo serving`, `^output sh: serving`, `^mark the link goes down`,
				`^failure no answer of the server: dial tcp`, `^end sh \(\d+\) has ended: signal: terminated`}
			g.Expect(told).To(ContainElement(MatchRegexp(`^change link eth0  DOWN `)))
			g.Expect(inOrder(told, order)).To(BeEmpty(), "%s", strings.Join(told, "\n"))
			server := stateAt(trace, trace.Nodes[1].ID, momentOf(trace, "failure"))
			g.Expect(server).To(ContainElement(MatchRegexp(`^links eth0  DOWN`)), "as the test failed, and not as it was taken down")
			g.Expect(server).To(ContainElement(`addresses 192.0.2.2/24 dev eth0`))
			g.Expect(server).To(ContainElement(MatchRegexp(`^processes \d+  sleep  sleep 1000`)))

			var summaries []string
			for _, p := range trace.Packets {
				summaries = append(summaries, fmt.Sprintf("%s>%s %s %s", name(trace, p.From), name(trace, p.To), p.Summary, p.Fate))
			}
			g.Expect(summaries).To(ContainElement(MatchRegexp(`^client/eth0>server/eth0 UDP 192.0.2.1:\d+ > 192.0.2.2:9 $`)))
			g.Expect(summaries).To(ContainElement(MatchRegexp(`^server/eth0>client/eth0 ICMP port unreachable 192.0.2.2 > 192.0.2.1 $`)))
			seen := make(map[string]int)
			for _, s := range summaries {
				seen[s]++
			}
			g.Expect(slices.DeleteFunc(slices.Collect(maps.Keys(seen)), func(s string) bool { return !strings.Contains(s, " UDP ") || seen[s] == 1 })).To(BeEmpty(), "each is there once")

			var bad []string
			for _, l := range trace.Log {
				if l.Bad {
					bad = append(bad, l.Text)
				}
			}
			g.Expect(bad).To(HaveLen(2))
			g.Expect(bad[0]).To(MatchRegexp(`suite_linux_test.go:\d+: no answer$`))
			g.Expect(trace.Omitted).To(BeEmpty())
		})
	}
}

// Its first fixture, and lines of its log, are of a package that the sources are not here of.
func TestOneOfManyRunsLeavesATrace(t *testing.T) {
	for _, flag := range []string{"-test.v=false", "-test.v"} {
		t.Run(flag, func(t *testing.T) {
			g := NewWithT(t)
			out, dir := runTraced(t, "^TestSuite$/^Each$", []string{"NSTEST_TRACE=failed", "NSTEST_LOSE=TestSuite/Each:1"}, flag)
			g.Expect(out).To(MatchRegexp(`suite_linux_test.go:\d+: nstest: trace: %s/.*/trace.html`, dir))
			var failures []string
			for _, e := range traceIn(g, dir).Events {
				if e.Kind == "failure" {
					failures = append(failures, e.Text)
				}
			}
			g.Expect(failures).To(HaveExactElements(HavePrefix("nobody refuses it: ")))
		})
	}
}

// name is such as client/eth0.
func name(trace *tracedata.Trace, of tracedata.End) string {
	for _, n := range trace.Nodes {
		if n.ID == of.Node {
			return n.Name + "/" + of.Interface
		}
	}
	return of.Interface
}

// lineAt returns a line that the trace has of a source.
func lineAt(g Gomega, trace *tracedata.Trace, at tracedata.Place) string {
	for _, s := range trace.Sources {
		if n := at.Line - s.First; s.File == at.File && n >= 0 && n < len(s.Lines) {
			return s.Lines[n]
		}
	}
	g.Expect(trace.Sources).To(BeNil(), "none has the line %v", at)
	return ""
}

// inOrder returns the patterns that no line matches after one that matches the pattern before.
func inOrder(lines, patterns []string) []string {
	for len(patterns) > 0 {
		i := slices.IndexFunc(lines, regexp.MustCompile(patterns[0]).MatchString)
		if i < 0 {
			return patterns
		}
		lines, patterns = lines[i+1:], patterns[1:]
	}
	return nil
}

// momentOf returns when the first event of a kind was.
func momentOf(trace *tracedata.Trace, kind string) int64 {
	i := slices.IndexFunc(trace.Events, func(e tracedata.Event) bool { return e.Kind == kind })
	if i < 0 {
		return 0
	}
	return trace.Events[i].At
}

// stateAt returns what a node is like at a moment: the section and the text of each thing that it has.
func stateAt(trace *tracedata.Trace, node string, moment int64) (list []string) {
	things := make(map[string]string)
	for _, e := range trace.Events {
		c := e.Change
		if c == nil || e.Node != node || e.At > moment {
			continue
		}
		things[c.Section+"\n"+c.Key] = c.Section + " " + c.Text
		if c.Gone {
			delete(things, c.Section+"\n"+c.Key)
		}
	}
	for _, text := range things {
		list = append(list, text)
	}
	return list
}
