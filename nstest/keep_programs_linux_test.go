// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/kept"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// keepingPrograms runs a test of the suite that starts programs, and returns its output and exit code.
func (r *register) keepingPrograms(test, keep string, args []string, variables ...string) (string, int) {
	r.Helper()
	return run(r.T, r.keeping(test, args, append(variables, "NSTEST_KEEP="+keep, "KEEP_DAEMON="+daemon(r.T))...))
}

// ask returns what the daemon in a fixture answers.
func (r *register) ask(g Gomega, name string) string {
	return typed(g, fmt.Sprintf("GOCOVERDIR=%s gonso enter %s -- %s ask tcp 127.0.0.1:80", r.TempDir(), name, daemon(r.T)), "")
}

// programs returns those that live on, by their fixtures.
func (r *register) programs() map[string][]kept.Process {
	r.Helper()
	all := make(map[string][]kept.Process)
	for _, e := range r.entries() {
		for i, f := range e.Fixtures {
			if len(f.Programs) > 0 {
				all[e.NameOf(i)] = f.Programs
			}
		}
	}
	return all
}

// linksTo counts the links of processes that lead to a target.
func linksTo(pattern, target string) (n int) {
	links, _ := filepath.Glob(pattern) // processes come and go
	for _, link := range links {
		if is, err := os.Readlink(link); err == nil && is == target {
			n++
		}
	}
	return n
}

// The daemon prints more than a pipe takes before it answers, so that somebody has to read it.
func TestKeptDaemonAnswersUntilItIsRemoved(t *testing.T) {
	for test, name := range map[string]string{"TestDaemon": "TestDaemon", "TestDaemonWithPIDs": "TestDaemonWithPIDs", "TestSpecs": "daemon-fails"} {
		for _, mode := range []string{"auto", "force", "force,net"} {
			t.Run(test+" "+mode, func(t *testing.T) {
				nstest.Require(t, set.NS_USER|set.NS_PID)
				g := NewWithT(t)
				r := newRegister(t)
				out, code := r.keepingPrograms(test, "failed,processes", []string{"-ginkgo.focus=daemon"}, "NSTEST_ROOTLESS="+mode)
				g.Expect(code).To(Equal(1), out)
				programs := r.programs()[name]
				g.Expect(programs).To(HaveLen(1), out)
				p := programs[0]
				g.Expect(p.Lives()).To(BeTrue())
				g.Expect(p.What).To(Equal(daemon(t) + " tcp 127.0.0.1:80"))
				g.Expect(out).To(MatchRegexp(`programs that live on in it:\n +%d  %s tcp 127\.0\.0\.1:80\n`, p.PID, daemon(t)))
				pipe, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/1", p.PID))
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(pipe).To(HavePrefix("pipe:"))

				for range 2 {
					answer := r.ask(g, name)
					if test == "TestDaemonWithPIDs" {
						g.Expect(answer).To(MatchRegexp(`^\d+$`))
					} else {
						g.Expect(answer).To(Equal(strconv.Itoa(p.PID)))
					}
				}

				var list []struct {
					Fixtures []struct {
						Name     string
						Programs []struct {
							PID  int
							What string
						}
					}
				}
				g.Expect(json.Unmarshal([]byte(typed(g, "gonso ls -json", "")), &list)).To(Succeed())
				g.Expect(list).To(HaveLen(1))
				g.Expect(list[0].Fixtures[0].Name).To(Equal(name))
				g.Expect(list[0].Fixtures[0].Programs[0].PID).To(Equal(p.PID))
				g.Expect(list[0].Fixtures[0].Programs[0].What).To(Equal(p.What))
				g.Expect(typed(g, "gonso ls", "")).To(MatchRegexp(`(?m)^%s +net.* kept +daemon\(%d\) +/`, name, p.PID))

				entry := r.entries()[0]
				g.Expect(typed(g, "gonso rm "+name, "")).To(BeEmpty())
				g.Expect(r.entries()).To(BeEmpty())
				for _, p := range append(entry.Others, entry.Holder, p) {
					g.Expect(p.Lives()).To(BeFalse(), p.What)
				}
				g.Eventually(linksTo).WithArguments("/proc/[0-9]*/fd/*", pipe).Should(BeZero(), "a drain")
				g.Expect(filepath.Glob(r.dir + "/gonso/*")).To(BeEmpty())
			})
		}
	}
}

func TestProgramsOfTestsThatPass(t *testing.T) {
	for keep, want := range map[string]int{"failed,processes": 0, "all": 0, "all,processes": 1} {
		t.Run(keep, func(t *testing.T) {
			g := NewWithT(t)
			r := newRegister(t)
			out, code := r.keepingPrograms("TestDaemonPasses", keep, []string{"-test.v"})
			g.Expect(code).To(BeZero(), out)
			g.Expect(r.programs()["TestDaemonPasses"]).To(HaveLen(want), out)
		})
	}
}

// Without the word nothing is different, and a test that hangs has no clean-up.
func TestProgramsLiveOnOnlyIfTheyAreToldTo(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	out, code := r.keepingPrograms("TestDaemon", "failed", nil)
	g.Expect(code).To(Equal(1), out)
	g.Expect(r.entries()).To(HaveLen(1))
	g.Expect(r.programs()).To(BeEmpty())
}

// A kernel that cannot guard them changes no verdict.
func TestProgramsEndWhereTheyCannotBeGuarded(t *testing.T) {
	for test, want := range map[string]int{"TestDaemon": 1, "TestDaemonPasses": 0} {
		g := NewWithT(t)
		r := newRegister(t)
		out, code := r.keepingPrograms(test, "all,processes", []string{"-test.v"}, "KEEP_OLD_KERNEL=1")
		g.Expect(code).To(Equal(want), out)
		g.Expect(out).To(ContainSubstring("NSTEST_KEEP: programs end with the test: pidfd_open, which Linux has since 5.3: function not implemented"))
		g.Expect(r.entries()).To(HaveLen(1))
		g.Expect(r.programs()).To(BeEmpty())
		r.end(r.entries()[0])
	}
}

func TestProgramsOfAHangingTestLiveOn(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	out, code := r.keepingPrograms("TestDaemonHangs", "failed,processes", []string{"-test.timeout=6s"})
	g.Expect(code).To(Equal(2), out)
	programs := r.programs()["TestDaemonHangs"]
	g.Expect(programs).To(HaveLen(1), out)
	answer := r.ask(g, "TestDaemonHangs")
	g.Expect(answer).To(Equal(strconv.Itoa(programs[0].PID)))
}

// A daemon of a subtest, or of a spec, that lived on would be in the way of the next one.
func TestProgramsOfAPartOfATestEndWithIt(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	out, code := r.keepingPrograms("TestDaemonOfSubtests", "failed,processes", nil)
	g.Expect(code).To(Equal(1), out)
	g.Expect(strings.Count(out, "on purpose")).To(Equal(2), out)
	g.Expect(out).NotTo(ContainSubstring("taken already"))
	g.Expect(r.programs()).To(BeEmpty())

	out, code = r.keepingPrograms("TestSpecs", "failed,processes", []string{"-ginkgo.focus=container"})
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(ContainSubstring("1 Passed | 1 Failed"))
	programs := r.programs()["container-starts-one"]
	g.Expect(programs).To(HaveLen(1), out)
	g.Expect(programs[0].What).To(Equal("sleep 1004"))
}

func TestKeptDaemonCanBeUsedInCleanUps(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	out, code := r.keepingPrograms("TestDaemonIsUsedInCleanUps", "failed,processes", nil)
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(ContainSubstring("Wait says: nstest: the daemon outlives the test, since NSTEST_KEEP says so"))
	g.Expect(r.programs()["TestDaemonIsUsedInCleanUps"]).To(HaveLen(1), out)
}

// A command that somebody waits for ends, so that the test does not hang.
func TestKeptCommands(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	out, code := r.keepingPrograms("TestCommands", "failed,processes", nil)
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(ContainSubstring("Wait says: signal: killed"))
	var commands []string
	programs := r.programs()["TestCommands"]
	for _, p := range programs {
		commands = append(commands, p.What)
	}
	g.Expect(commands).To(ConsistOf("sh -c sleep 1001; true", "sleep 1001"), out)
	r.end(r.entries()[0])
	for _, p := range programs {
		g.Expect(p.Lives()).To(BeFalse())
	}
}

// What is left beside programs that live on fails the test as ever.
func TestOthersAreLeftBehindAsEver(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	out, code := r.keepingPrograms("TestLeavesAProcess", "all,processes", nil)
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(MatchRegexp(`processes were left in the fixture, and killed: process \d+ \(sleep 1003\)`))
	programs := r.programs()["TestLeavesAProcess"]
	g.Expect(programs).To(HaveLen(1), out)
	g.Expect(programs[0].What).To(HavePrefix(daemon(t)))
}

// enter has a program run in a fixture, as one that somebody has typed, and returns when it runs: when gonso started, and what ends both.
func (r *register) enter(g Gomega, name string) (start uint64, end func()) {
	r.Helper()
	gonso, err := gonsoProgram()
	g.Expect(err).NotTo(HaveOccurred())
	cmd := exec.Command(gonso, "enter", name, "--", "sh", "-c", "echo inside; exec sleep infinity")
	out, err := cmd.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cmd.Start()).To(Succeed())
	end = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // unless it has ended with what it has started
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	})
	r.Cleanup(end)
	g.Expect(bufio.NewReader(out).ReadString('\n')).To(Equal("inside\n"))
	p, err := kept.ProcessOf(cmd.Process.Pid)
	g.Expect(err).NotTo(HaveOccurred())
	return p.Start, end
}

// Programs start others after the run, which no register knows.
func TestRemovedFixturesHaveNoProcesses(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	out, code := r.keepingPrograms("TestDaemon", "failed,processes", nil)
	g.Expect(code).To(Equal(1), out)
	r.enter(g, "TestDaemon")
	id := r.entries()[0].Fixtures[0].Namespaces[0].ID
	g.Expect(linksTo("/proc/[0-9]*/ns/net", id)).To(Equal(2))
	r.end(r.entries()[0])
	g.Expect(linksTo("/proc/[0-9]*/ns/net", id)).To(BeZero())
}

func TestProgramsOfATestThatHasWaitedLiveOn(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	cmd, out := r.pausing("TestDaemon", []string{"-test.timeout=0"}, "NSTEST_KEEP=failed,processes", "KEEP_DAEMON="+daemon(t))
	e := r.paused(1)[0]
	before := r.ask(g, "TestDaemon")
	r.resume(e)
	g.Expect(cmd.Wait()).To(MatchError("exit status 1"), "%s", out)
	g.Expect(r.programs()["TestDaemon"]).To(HaveLen(1), "%s", out)
	g.Expect(r.entries()[0].Paused).To(BeNil())
	g.Expect(r.ask(g, "TestDaemon")).To(Equal(before))
}

func TestADaemonThatDoesNotBecomeReadyWaitsAndLivesOn(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	cmd, out := r.pausing("TestDaemonIsNotReady", []string{"-test.timeout=0"}, "NSTEST_KEEP=failed,processes", "KEEP_DAEMON="+daemon(t))
	e := r.paused(1)[0]
	before := r.ask(g, "TestDaemonIsNotReady")
	r.resume(e)
	g.Expect(cmd.Wait()).To(MatchError("exit status 1"), "%s", out)
	g.Expect(r.programs()["TestDaemonIsNotReady"]).To(HaveLen(1), "%s", out)
	g.Expect(r.ask(g, "TestDaemonIsNotReady")).To(Equal(before))
}

// The guards of a process that was killed do what the kernel does otherwise.
func TestProgramsOfAKilledRunEnd(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	cmd, out := r.pausing("TestDaemon", []string{"-test.timeout=0"}, "NSTEST_KEEP=failed,processes", "KEEP_DAEMON="+daemon(t))
	r.paused(1)
	number, err := strconv.Atoi(r.ask(g, "TestDaemon"))
	g.Expect(err).NotTo(HaveOccurred())
	p, err := kept.ProcessOf(number)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cmd.Process.Kill()).To(Succeed())
	g.Expect(cmd.Wait()).To(MatchError("signal: killed"), "%s", out)
	g.Eventually(p.Lives, "10s").Should(BeFalse())
}

// The kernel and the guards end the programs and their process groups. What has left these has nobody but gonso.
func TestWhatAKilledRunHasLeftIsListedAndRemoved(t *testing.T) {
	for _, c := range []struct{ test, keep string }{
		{"TestDaemonHasAChild", "failed"}, {"TestDaemonHasAChild", "failed,processes"}, {"TestDaemonWithPIDsHasAChild", "failed"},
	} {
		t.Run(c.test+" "+c.keep, func(t *testing.T) {
			g := NewWithT(t)
			r := newRegister(t)
			cmd, out := r.pausing(c.test, []string{"-test.timeout=0"}, "NSTEST_KEEP="+c.keep)
			e := r.paused(1)[0]
			g.Expect(e.Fixtures[0].Programs).To(BeEmpty(), "the test ends them itself")
			for {
				start, end := r.enter(g, e.Name)
				if start > e.Holder.Start {
					break
				}
				end() // in the same tick, which nobody's fingers are
			}
			id := e.Fixtures[0].Namespaces[0].ID
			g.Expect(cmd.Process.Kill()).To(Succeed())
			g.Expect(cmd.Wait()).To(MatchError("signal: killed"), "%s", out)
			var left []kept.Process
			g.Eventually(func() (what []string) {
				left = r.programs()[c.test]
				for _, p := range left {
					what = append(what, p.What)
				}
				return what
			}, "10s").Should(Equal([]string{"sleep 1005"}), "and nothing that has come later")
			r.end(r.entries()[0])
			g.Expect(left[0].Lives()).To(BeFalse())
			g.Expect(linksTo("/proc/[0-9]*/ns/net", id)).To(BeZero())
		})
	}
}
