// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
	"github.com/seed-1bc5c4a2/gonso/nstest/trace/view"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// tracesIn returns the data of all pages in a folder, by the test's name.
func tracesIn(g Gomega, dir string) map[string]*tracedata.Trace {
	pages, err := filepath.Glob(filepath.Join(dir, "*", "*", "trace.html"))
	g.Expect(err).NotTo(HaveOccurred())
	traces := make(map[string]*tracedata.Trace)
	for _, page := range pages {
		t, err := tracefile.Open(page)
		g.Expect(err).NotTo(HaveOccurred())
		traces[fmt.Sprintf("%s %s", t.Test.Name, filepath.Base(filepath.Dir(page)))] = t
	}
	return traces
}

// files lists all that is left in a folder.
func files(g Gomega, dir string) (list []string) {
	g.Expect(filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, filepath.Base(path))
		}
		return err
	})).To(Succeed())
	return list
}

func TestOnlyTheTracesThatAreWantedStay(t *testing.T) {
	for _, c := range []struct {
		mode, run string
		verdict   tracedata.Verdict // "" for no trace
		message   string
	}{
		{"failed", "Passes", "", ""},
		{"failed", "Skips", "", ""},
		{"", "LinkDown", "", ""},
		{"all", "Passes", tracedata.Passed, ""},
		{"all", "Skips", tracedata.Skipped, ""},
		{"failed", "InCleanUp", tracedata.Failed, "the clean-up fails"},
		{"failed", "Panics", tracedata.Failed, "The test panics."},
		{"failed", "ClosedByTheTest", tracedata.Failed, "on purpose"},
		{"failed", "a_name", tracedata.Failed, "on purpose"},
		{"failed", "Sub", tracedata.Failed, "the subtest fails"},
	} {
		t.Run(c.mode+" "+c.run, func(t *testing.T) {
			g := NewWithT(t)
			out, dir := runTraced(t, "^TestSuite$/^"+c.run, []string{"NSTEST_TRACE=" + c.mode})
			t.Cleanup(func() {
				if t.Failed() {
					t.Log(out)
				}
			})
			if c.verdict == "" {
				g.Expect(os.ReadDir(dir)).To(BeEmpty())
				return
			}
			g.Expect(files(g, dir)).To(ContainElement("trace.html"))
			g.Expect(files(g, dir)).NotTo(ContainElement("trace.jsonl"))
			trace := traceIn(g, dir)
			g.Expect(trace.Test.Verdict).To(Equal(c.verdict))
			g.Expect(trace.Test.Message).To(Equal(c.message))
		})
	}
}

func TestASpecThatFailsLeavesATrace(t *testing.T) {
	g := NewWithT(t)
	out, dir := runTraced(t, "^TestSpecs$", []string{"NSTEST_TRACE=failed"})
	trace := traceIn(g, dir)
	g.Expect(out).To(ContainSubstring("trace.html"))
	g.Expect(trace.Test.Name).To(Equal("traced fails"))
	g.Expect(trace.Test.Verdict).To(Equal(tracedata.Failed))
	g.Expect(trace.Test.Message).To(HavePrefix("on purpose\nExpected"))
	g.Expect(lineAt(g, trace, trace.Test.Where)).To(ContainSubstring("gomega.Expect("))
	var told []string
	for _, e := range trace.Events {
		told = append(told, e.Kind+" "+e.Text)
	}
	g.Expect(inOrder(told, []string{"^step beginning$", "^mark a mark$", "^step failing", "^failure on purpose Expected"})).To(BeEmpty(),
		"%s", strings.Join(told, "\n"))
	g.Expect(told).To(ContainElement("change address 192.0.2.1/32 dev lo"))
	g.Expect(trace.Log).To(ContainElement(HaveField("Text", "written")))
	g.Expect(trace.Nodes).To(ConsistOf(HaveField("Name", "each")))
}

func TestEachRunOfATestHasATrace(t *testing.T) {
	g := NewWithT(t)
	_, dir := runTraced(t, "^TestSuite$/^ClosedByTheTest$", []string{"NSTEST_TRACE=failed"}, "-test.count=3")
	g.Expect(tracesIn(g, dir)).To(HaveLen(3))
}

func TestTracesOfParallelTestsAreTheirOwn(t *testing.T) {
	for _, flag := range []string{"-test.v=false", "-test.v"} {
		g := NewWithT(t)
		_, dir := runTraced(t, "^TestSuite$/^Parallel$", []string{"NSTEST_TRACE=failed"}, flag, "-test.parallel=64")
		traces := tracesIn(g, dir)
		g.Expect(traces).To(HaveLen(8), flag)
		for _, trace := range traces {
			g.Expect(trace.Test.Message).To(Equal("on purpose: "+strings.TrimPrefix(trace.Test.Name, "TestSuite/Parallel/")), flag)
			var marks []string
			for _, e := range trace.Events {
				if e.Kind == "mark" {
					marks = append(marks, e.Text)
				}
			}
			g.Expect(marks).To(Equal([]string{"in " + trace.Test.Name}), flag)
		}
	}
}

func TestTwoRunsAtOnceDoNotDisturbEachOther(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	var runs []*exec.Cmd
	for range 2 {
		cmd := tracedCommand(t, dir, "^TestSuite$/^(ClosedByTheTest|Passes)$", []string{"NSTEST_TRACE=failed"})
		g.Expect(cmd.Start()).To(Succeed())
		runs = append(runs, cmd)
	}
	for _, cmd := range runs {
		exit := new(exec.ExitError)
		g.Expect(errors.As(cmd.Wait(), &exit)).To(BeTrue())
		g.Expect(exit.ExitCode()).To(Equal(1))
	}
	g.Expect(tracesIn(g, dir)).To(HaveLen(2))
}

// unfinished returns the trace of the only process in a folder that has ended before its test.
func unfinished(g Gomega, dir string) *tracedata.Trace {
	left, err := filepath.Glob(filepath.Join(dir, "*", "*", tracefile.Name))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(HaveLen(1))
	trace, err := tracefile.Open(filepath.Dir(left[0]))
	g.Expect(err).NotTo(HaveOccurred())
	return trace
}

func TestATestThatHangsLeavesWhatAPageIsMadeOf(t *testing.T) {
	g := NewWithT(t)
	out, dir := runTraced(t, "^TestSuite$/^Hangs$", []string{"NSTEST_TRACE=failed"}, "-test.timeout=1s")
	trace := unfinished(g, dir)
	g.Expect(trace.Nodes).To(ContainElement(HaveField("Name", "client")))
	g.Expect(trace.Events).To(ContainElement(HaveField("Text", "The test hangs: the time of -test.timeout is nearly over.")))
	g.Expect(out).To(MatchRegexp(`nstest: a trace of TestSuite/Hangs is made by: gonso trace %s/`, dir))
}

func TestAKilledProcessLeavesWhatAPageIsMadeOf(t *testing.T) {
	g := NewWithT(t)
	_, dir := runTraced(t, "^TestSuite$/^Killed$", []string{"NSTEST_TRACE=failed"})
	trace := unfinished(g, dir)
	g.Expect(trace.Test.Verdict).To(Equal(tracedata.Unfinished))
	g.Expect(trace.Test.Duration).To(BeNumerically(">", 0))
	g.Expect(trace.Nodes).To(ContainElement(HaveField("Name", "client")))
	g.Expect(trace.Events).To(ContainElement(HaveField("Text", "before the end")))
}

// What ^C sends leaves no time to say where the trace is: it is found by whoever looks for the last one.
func TestWhatAnInterruptLeavesIsListed(t *testing.T) {
	for _, rootless := range []string{"off", "force"} {
		t.Run(rootless, func(t *testing.T) {
			if rootless == "off" {
				nstest.Require(t, set.NS_NET)
			}
			g := NewWithT(t)
			t.Setenv("TMPDIR", t.TempDir())
			t.Setenv(tracedata.FolderVariable, "")
			_, dir := runTraced(t, "^TestSuite$/^Interrupted$", []string{"NSTEST_TRACE=failed", "NSTEST_ROOTLESS=" + rootless, "NSTEST_ARTIFACTS=", "TMPDIR=" + os.TempDir()})
			g.Expect(filepath.Glob(filepath.Join(dir, "*"))).To(BeEmpty())
			var list strings.Builder
			g.Expect(view.List(&list)).To(Equal(1))
			found := regexp.MustCompile(`^\S+ \S+  unfinished  (\S+)\n$`).FindStringSubmatch(list.String())
			g.Expect(found).NotTo(BeNil(), list.String())
			trace, err := tracefile.Open(found[1])
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(trace.Events).To(ContainElement(HaveField("Text", "before the end")))
		})
	}
}

func TestASpecThatIsInterruptedHasAPage(t *testing.T) {
	g := NewWithT(t)
	out, dir := runTraced(t, "^TestSpecs$", []string{"NSTEST_TRACE=failed", interrupt + "=1"}, "-ginkgo.focus=is interrupted")
	trace := traceIn(g, dir)
	g.Expect(trace.Test.Verdict).To(Equal(tracedata.Failed))
	g.Expect(trace.Test.Message).To(HavePrefix("Interrupted by User"))
	g.Expect(trace.Events).To(ContainElement(HaveField("Text", "before the end")))
	g.Expect(out).To(MatchRegexp(`nstest: trace.* - \S*suite_linux_test.go:\d+ `), "at a line of the test")
}

func TestWhatIsKnownOfAFailureIsThereWhenTheProcessIsKilledLater(t *testing.T) {
	g := NewWithT(t)
	_, dir := runTraced(t, "^TestSuite$/^KilledAfterItsFailure$", []string{"NSTEST_TRACE=failed"})
	trace := unfinished(g, dir)
	g.Expect(trace.Test.Verdict).To(Equal(tracedata.Unfinished))
	g.Expect(trace.Test.Message).To(Equal("no answer"))
	g.Expect(sourceOf(trace, trace.Test.Where)).To(Equal(`t.Error("no answer")`))
	g.Expect(trace.Test.Seed).NotTo(BeEmpty())
	g.Expect(trace.Test.Again).To(HavePrefix("NSTEST_SEED=" + trace.Test.Seed + " go test "))
}

// A limit of the size of files is what a full disk is to a process.
func TestAFullDiskChangesNothingOfHowTheTestEnds(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	cmd := tracedCommand(t, dir, "^TestSuite$/^Full$", []string{"NSTEST_TRACE=failed"})
	limited := exec.Command("sh", append([]string{"-c", `ulimit -f 1024; exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)...)
	limited.Env = cmd.Env
	out, err := limited.CombinedOutput()
	exit := new(exec.ExitError)
	g.Expect(errors.As(err, &exit)).To(BeTrue(), "%s", out)
	g.Expect(exit.ExitCode()).To(Equal(1), "%s", out)
	g.Expect(string(out)).To(ContainSubstring("suite_linux_test.go"))
	g.Expect(string(out)).To(MatchRegexp(`nstest: no trace of TestSuite/Full: write .*trace.jsonl: file too large`))
}

func TestAFolderThatCannotBeMadeIsNoFailure(t *testing.T) {
	g := NewWithT(t)
	file := filepath.Join(t.TempDir(), "file")
	g.Expect(os.WriteFile(file, nil, 0o600)).To(Succeed())
	cmd := tracedCommand(t, filepath.Join(file, "below"), "^TestSuite$/^Passes$", []string{"NSTEST_TRACE=failed"})
	out, err := cmd.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), "%s", out)
	g.Expect(string(out)).To(ContainSubstring("not a directory"))
}
