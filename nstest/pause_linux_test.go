// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/kept"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// pausing starts a run, which is in a session of its own, with no terminal.
func (r *register) pausing(test string, args []string, variables ...string) (cmd *exec.Cmd, out *bytes.Buffer) {
	r.Helper()
	cmd = r.keeping(test, args, append(variables, "NSTEST_PAUSE=failed")...)
	out = new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = cmd.Process.Kill() }) // unless it has ended
	return cmd, out
}

// paused waits until that many tests wait.
func (r *register) paused(n int) (list []*kept.Entry) {
	r.Helper()
	NewWithT(r).Eventually(func() []*kept.Entry {
		list = nil
		for _, e := range r.entries() {
			if e.Paused != nil {
				list = append(list, e)
			}
		}
		return list
	}, "20s").Should(HaveLen(n))
	return list
}

// resume does what gonso resume does.
func (r *register) resume(e *kept.Entry) {
	r.Helper()
	f := r.folder()
	g := NewWithT(r)
	g.Eventually(func() error { return f.Resume(e) }).Should(Succeed()) // its FIFO comes after the entry
	g.Expect(f.Close()).To(Succeed())
}

func TestPausedTestCanBeLookedInto(t *testing.T) {
	need.Tool(t, "nsenter", "util-linux")
	need.Tool(t, "ip", "iproute2")
	for _, mode := range []string{"auto", "force"} {
		for _, keep := range []string{"", "failed"} {
			t.Run(mode+" "+keep, func(t *testing.T) {
				g := NewWithT(t)
				r := newRegister(t)
				cmd, out := r.pausing("TestFails", []string{"-test.timeout=0"}, "NSTEST_KEEP="+keep, "NSTEST_ROOTLESS="+mode)
				e := r.paused(1)[0]
				g.Expect(e.Names()).To(Equal([]string{"TestFails/client", "TestFails/server"}))
				g.Expect(e.Paused.Until).To(BeNil())
				line := e.Nsenter(&e.Fixtures[0])
				g.Expect(typed(g, line, "ip -br address show near; ping -c1 -W9 192.0.2.2")).To(MatchRegexp(`(?s)^near@if\d+ +\w+ +192\.0\.2\.1/24.* 0% packet loss`))
				r.resume(e)
				g.Expect(cmd.Wait()).To(MatchError("exit status 1"), "%s", out)
				g.Expect(out.String()).To(MatchRegexp(`(?m)^nstest: TestFails has failed and waits, .*\n(    .*\n)*    suite_test\.go:\d+: on purpose\n.*look into it from another terminal:\n    gonso enter TestFails/client\n    nsenter --.*\n` +
					`    gonso enter TestFails/server\n    nsenter --.*\nIt goes on after gonso resume TestFails\.$`))
				g.Expect(out.String()).To(ContainSubstring(line))
				left := r.entries()
				if keep == "" {
					g.Expect(left).To(BeEmpty())
					return
				}
				g.Expect(left).To(HaveLen(1))
				g.Expect(left[0].Paused).To(BeNil())
				g.Expect(typed(g, line, "ip -br link show near")).To(HavePrefix("near"))
			})
		}
	}
}

// Who looks into a test that waits has a capture and a trace to look at, too, which tell of the failure.
func TestEvidenceIsThereWhenATestWaits(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	dir := t.TempDir()
	cmd, out := r.pausing("TestFails", []string{"-test.timeout=0"}, "NSTEST_TRACE=failed", "NSTEST_PCAP=failed", "NSTEST_ARTIFACTS="+dir)
	e := r.paused(1)[0]
	for file, want := range map[string]string{
		"*.pcapng":    "TestFails has failed, and its clean-up begins",
		"trace.jsonl": "on purpose",
	} {
		paths, err := filepath.Glob(filepath.Join(dir, "*", "*", file))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(paths).To(HaveLen(1), file)
		text, err := os.ReadFile(paths[0])
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(text)).To(ContainSubstring(want), file)
	}
	r.resume(e)
	g.Expect(cmd.Wait()).To(MatchError("exit status 1"), "%s", out)
	g.Expect(out.String()).To(MatchRegexp(`(?m)^What is kept of it is in ` + regexp.QuoteMeta(dir) + `/.*/TestFails\.$`))
}

func TestPauseEndsInTime(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	cmd, out := r.pausing("TestFails", []string{"-test.timeout=6s"})
	g.Expect(r.paused(1)[0].Paused.Until).NotTo(BeNil())
	g.Expect(cmd.Wait()).To(MatchError("exit status 1"), "%s", out)
	g.Expect(out.String()).To(MatchRegexp(`It goes on after gonso resume TestFails, or in \ds, before -timeout ends it\.`))
	g.Expect(out.String()).To(ContainSubstring("--- FAIL: TestFails"))
	g.Expect(out.String()).NotTo(ContainSubstring("before -test.timeout="), "the notice that something hangs")
	g.Expect(r.entries()).To(BeEmpty())
}

func TestPausedTestsGoOnOneByOne(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	cmd, out := r.pausing("TestManyFail", []string{"-test.timeout=0", "-test.parallel=64"}, "KEEP_SUBTESTS=8")
	for n := 8; n > 0; n-- {
		r.resume(r.paused(n)[0])
	}
	g.Expect(cmd.Wait()).To(MatchError("exit status 1"), "%s", out)
	g.Expect(r.entries()).To(BeEmpty())
}

func TestPausedSpec(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	cmd, out := r.pausing("TestSpecs", []string{"-test.timeout=0"})
	e := r.paused(1)[0]
	g.Expect(e.Names()).To(ConsistOf("router-fails/inner", "router-fails/outer"))
	g.Expect(e.Paused.Until).NotTo(BeNil(), "of -ginkgo.timeout")
	r.resume(e)
	g.Expect(cmd.Wait()).To(MatchError("exit status 1"), "%s", out)
	g.Expect(out.String()).To(ContainSubstring("1 Passed | 1 Failed"))
	g.Expect(out.String()).To(MatchRegexp(`(?m)^nstest: router fails has failed and waits, .*\n    suite_test\.go:\d+: on purpose$`))
}

// What kept its namespaces open is gone with the process, or was kept.
func TestPausedTestIsKilled(t *testing.T) {
	for keep, want := range map[string]int{"": 0, "failed": 1} {
		t.Run(keep, func(t *testing.T) {
			g := NewWithT(t)
			r := newRegister(t)
			cmd, out := r.pausing("TestFails", nil, "NSTEST_KEEP="+keep)
			test := r.paused(1)[0].Paused.Test
			g.Expect(cmd.Process.Kill()).To(Succeed())
			g.Expect(cmd.Wait()).To(MatchError("signal: killed"), "%s", out)
			g.Eventually(test.Lives).Should(BeFalse())
			left := r.entries()
			g.Expect(left).To(HaveLen(want))
			for _, e := range left {
				g.Expect(e.Paused).To(BeNil())
			}
		})
	}
}

func TestPausedTestGoesOnAtEnter(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	user, program, err := sys.OpenTerminal()
	g.Expect(err).NotTo(HaveOccurred())
	defer user.Close()
	var out bytes.Buffer // where go test collects it
	cmd := r.keeping("TestManyFail", []string{"-test.timeout=0", "-test.parallel=64"}, "NSTEST_PAUSE=failed", "KEEP_SUBTESTS=2")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	g.Expect(cmd.Start()).To(Succeed())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // unless it has ended
	g.Expect(program.Close()).To(Succeed())
	lines := bufio.NewScanner(user)
	for range 2 {
		for lines.Scan() && !strings.Contains(lines.Text(), "or after Enter.") {
		}
	}
	for n := 2; n > 0; n-- {
		r.paused(n)
		_, err := user.WriteString("\n")
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(cmd.Wait()).To(MatchError("exit status 1"), "%s", &out)
	g.Expect(out.String()).NotTo(ContainSubstring("waits, with all"))
	g.Expect(r.entries()).To(BeEmpty())
}
