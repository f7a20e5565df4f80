// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/kept"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

var keepSuite = sync.OnceValues(func() (string, error) { return build("keep") })

// A register is that of a run, in a runtime folder of its own.
type register struct {
	*testing.T
	dir string
}

func newRegister(t *testing.T) *register {
	t.Helper()
	r := &register{t, t.TempDir()}
	t.Setenv("XDG_RUNTIME_DIR", r.dir)
	t.Cleanup(func() {
		for _, e := range r.entries() {
			r.end(e)
		}
	})
	return r
}

// folder opens the folder, which is nil if there is none.
func (r *register) folder() *kept.Folder {
	r.Helper()
	all, err := kept.All()
	if err != nil {
		r.Log(err) // another's, in the folders of the machine
	}
	var mine *kept.Folder
	for _, f := range all {
		if filepath.Dir(f.Path()) == r.dir {
			mine = f
		} else if err := f.Close(); err != nil {
			r.Error(err)
		}
	}
	return mine
}

func (r *register) entries() []*kept.Entry {
	r.Helper()
	f := r.folder()
	if f == nil {
		return nil
	}
	list, err := f.List()
	if err := errors.Join(err, f.Close()); err != nil {
		r.Error(err)
	}
	return list
}

// end does what gonso rm does.
func (r *register) end(e *kept.Entry) {
	r.Helper()
	f := r.folder()
	if err := errors.Join(f.End(e), f.Close()); err != nil {
		r.Error(err)
	}
}

// keeping runs a test of the suite with the variables set.
func (r *register) keeping(test string, args []string, variables ...string) *exec.Cmd {
	r.Helper()
	cmd := suite(r.T, keepSuite, append([]string{"-test.run=^" + test + "$", "-ginkgo.no-color"}, args...)...)
	cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=auto")
	cmd.Env = append(cmd.Env, variables...)
	return cmd
}

var gonsoProgram = sync.OnceValues(func() (string, error) { return buildAs("gonso", "../cmd/gonso", "build") })

var nsenterLine = regexp.MustCompile(`(?m)^ *(nsenter .*)$`)

// typed runs a script by a line of the log, in another session.
func typed(g Gomega, line, script string) string {
	gonso, err := gonsoProgram()
	g.Expect(err).NotTo(HaveOccurred())
	cmd := exec.Command("sh", "-c", line)
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(gonso)+":"+os.Getenv("PATH"), "SHELL=/bin/sh")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), "%s: %s", line, out)
	return strings.TrimSpace(string(out))
}

func TestKeptFixturesCanBeEntered(t *testing.T) {
	need.Tool(t, "nsenter", "util-linux")
	need.Tool(t, "ip", "iproute2")
	for _, mode := range []string{"auto", "force", "force,net"} {
		t.Run(mode, func(t *testing.T) {
			g := NewWithT(t)
			r := newRegister(t)
			out, code := run(t, r.keeping("TestFails", nil, "NSTEST_KEEP=failed", "NSTEST_ROOTLESS="+mode))
			g.Expect(code).To(Equal(1), out)
			for _, name := range []string{"client", "server"} {
				g.Expect(out).To(MatchRegexp(`(?ms)suite_test\.go:\d+: nstest: fixture ` + name + ` as the test failed: .*links$.*^ +near  .*^` +
					`        kept, until gonso rm TestFails; to enter it from another terminal:\n` +
					`          gonso enter TestFails/` + name + `\n          nsenter --`))
			}
			lines := nsenterLine.FindAllStringSubmatch(out, -1)
			g.Expect(lines).To(HaveLen(2), out)
			g.Expect(typed(g, lines[0][1], "ip -br address show near")).To(MatchRegexp(`^near@if\d+ +\w+ +192\.0\.2\.2/24`), out)
			g.Expect(typed(g, lines[1][1], "ip -br address show near; ping -c1 -W9 192.0.2.2")).To(MatchRegexp(`(?s)^near@if\d+ +\w+ +192\.0\.2\.1/24.* 0% packet loss`))

			for name, address := range map[string]string{"client": "192.0.2.1/24", "server": "192.0.2.2/24"} {
				g.Expect(typed(g, "gonso enter TestFails/"+name, "ip -br address show near; id -u")).To(MatchRegexp(`(?s)^near@if\d+ +\w+ +` + regexp.QuoteMeta(address) + `.*\n0$`))
			}

			entries := r.entries()
			g.Expect(entries).To(HaveLen(1))
			r.end(entries[0])
			g.Expect(entries[0].Holder.Lives()).To(BeFalse())
			g.Expect(r.entries()).To(BeEmpty())
		})
	}
}

func TestKeptKindsThatOnlyProcessesJoin(t *testing.T) {
	need.Tool(t, "nsenter", "util-linux")
	for _, c := range []struct{ test, script, want string }{
		{"TestFailsWithPIDs", "(true & true); echo $$", `^\d$`}, // a small number, and process 1 reaps
		{"TestFailsWithUser", "id -u; hostname kept; hostname", `^0\nkept$`},
	} {
		for _, mode := range []string{"auto", "force"} {
			t.Run(c.test+" "+mode, func(t *testing.T) {
				nstest.Require(t, set.NS_USER|set.NS_PID)
				g := NewWithT(t)
				r := newRegister(t)
				out, code := run(t, r.keeping(c.test, nil, "NSTEST_KEEP=failed", "NSTEST_ROOTLESS="+mode))
				g.Expect(code).To(Equal(1), out)
				line := nsenterLine.FindStringSubmatch(out)
				g.Expect(line).NotTo(BeEmpty(), out)
				g.Expect(typed(g, line[1], c.script)).To(MatchRegexp(c.want))
				g.Expect(typed(g, "gonso enter "+c.test, c.script)).To(MatchRegexp(c.want))
				e := r.entries()[0]
				r.end(e)
				for _, p := range append(e.Others, e.Holder) {
					g.Expect(p.Lives()).To(BeFalse(), p.What)
				}
			})
		}
	}
}

// keptBy returns what is kept by a run, which has to end with that code, and its output.
func keptBy(t *testing.T, wantCode int, test string, args []string, variables ...string) (names []string, out string) {
	t.Helper()
	r := newRegister(t)
	out, code := run(t, r.keeping(test, args, variables...))
	if code != wantCode {
		t.Errorf("exit code %d, want %d:\n%s", code, wantCode, out)
	}
	for _, e := range r.entries() {
		names = append(names, e.Names()...)
	}
	return names, out
}

func TestWhatIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		code     int
		variable string
		want     []string
		says     string
	}{
		"TestFails":            {1, "", nil, ""},
		"TestPasses":           {0, "failed", nil, ""},
		"TestFailsInCleanUp":   {1, "failed", []string{"TestFailsInCleanUp"}, "gonso enter TestFailsInCleanUp"},
		"TestFailsInBubble":    {1, "all", []string{"TestFailsInBubble"}, ""},
		"TestClosesItsFixture": {1, "failed", nil, ""},
		"TestInProcess":        {1, "failed", nil, "without what NSTEST_KEEP asks for: what is in the process of InProcess ends with it"},
		"TestSpecs":            {1, "failed", []string{"router-fails/inner", "router-fails/outer"}, "gonso enter router-fails/inner"},
	} {
		t.Run(name, func(t *testing.T) {
			names, out := keptBy(t, c.code, name, nil, "NSTEST_KEEP="+c.variable)
			NewWithT(t).Expect(names).To(ConsistOf(c.want), out)
			NewWithT(t).Expect(out).To(ContainSubstring(c.says))
			if c.want == nil && c.says == "" {
				NewWithT(t).Expect(out).NotTo(ContainSubstring("NSTEST_KEEP"))
			}
		})
	}
}

// Of a test that passes the links stay, too, and the leak check finds nothing.
func TestFixturesOfTestsThatPassAreKept(t *testing.T) {
	g := NewWithT(t)
	r := newRegister(t)
	out, code := run(t, r.keeping("TestPasses", []string{"-test.v"}, "NSTEST_KEEP=all"))
	g.Expect(code).To(BeZero(), out)
	g.Expect(out).To(MatchRegexp(`suite_test.go:\d+: nstest: fixture net of TestPasses:\n +kept, until gonso rm TestPasses; `))
	g.Expect(out).NotTo(ContainSubstring("left behind"))
	g.Expect(typed(g, nsenterLine.FindStringSubmatch(out)[1], "ip -br link show bridge")).To(HavePrefix("bridge"))
}

func TestKeptNodesHaveTheirLinks(t *testing.T) {
	need.Tool(t, "ip", "iproute2")
	g := NewWithT(t)
	r := newRegister(t)
	out, code := run(t, r.keeping("TestFailsInNetwork", nil, "NSTEST_KEEP=failed"))
	g.Expect(code).To(Equal(1), out)
	g.Expect(typed(g, "gonso enter TestFailsInNetwork/client", "ping -c1 -W9 server")).To(ContainSubstring(" 0% packet loss"), out)
}

func TestFixturesOfAHangingTestAreKept(t *testing.T) {
	names, out := keptBy(t, 2, "TestHangs", []string{"-test.timeout=4s"}, "NSTEST_KEEP=failed")
	g := NewWithT(t)
	g.Expect(names).To(Equal([]string{"TestHangs"}))
	g.Expect(out).To(MatchRegexp(`nstest: TestHangs is kept; to enter it:\n    gonso enter TestHangs\n    nsenter `))
}

func TestManyTestsAreKeptAtOnce(t *testing.T) {
	names, out := keptBy(t, 1, "TestManyFail", []string{"-test.parallel=64", "-test.count=2"}, "NSTEST_KEEP=failed", "KEEP_SUBTESTS=64")
	different := map[string]bool{}
	for _, name := range names {
		different[name] = true
		if !strings.HasPrefix(name, "TestManyFail-..-a_name") || strings.Contains(name, "/") {
			t.Errorf("one is %q", name)
		}
	}
	if len(different) != 128 {
		t.Errorf("%d are kept, want 128:\n%s", len(different), out)
	}
}

// A run that passes would not show it.
func TestVariablesThatMeanNothing(t *testing.T) {
	for variable, want := range map[string]string{
		"NSTEST_KEEP=yes":       `NSTEST_KEEP="yes": "yes" is none of failed, all and processes`,
		"NSTEST_KEEP=failed,":   `NSTEST_KEEP="failed,": "" is none of failed, all and processes`,
		"NSTEST_KEEP=processes": `NSTEST_KEEP="processes" says that programs are kept, but not of which tests: try NSTEST_KEEP=failed,processes`,
		"NSTEST_TRACE=fialed":   `NSTEST_TRACE is "fialed": it is failed, for the tests that fail, or all`,
		"NSTEST_PCAP=1":         `NSTEST_PCAP is "1": it is failed, for the tests that fail, or all`,
		"NSTEST_STRICT=yes":     `NSTEST_STRICT is "yes": it is 1, which has tests fail that would be skipped, or 0, which skips them where the kernel should have what they lack, too`,
		"NSTEST_LOSE=:1":        `NSTEST_LOSE is ":1": it must be the name of a test, a colon and the number of a frame, from 1`,
		"NSTEST_SEED=some":      `the environment variable NSTEST_SEED is "some"; a seed is a whole number of 64 bits, such as 17185236 or 0x2a: strconv.ParseUint: parsing "some": invalid syntax`,
		"NSTEST_PAUSE=all":      `NSTEST_PAUSE="all": "all" is not failed, the only thing that a test can wait for`,
	} {
		t.Run(variable, func(t *testing.T) {
			names, out := keptBy(t, 1, "TestPasses", []string{"-test.v"}, variable)
			NewWithT(t).Expect(out).To(Equal("nstest: " + want + "\n"))
			NewWithT(t).Expect(names).To(BeEmpty())
		})
	}
}

// What the machine does not let be written changes no verdict.
func TestNothingIsKeptOnAFullDisk(t *testing.T) {
	r := newRegister(t)
	ns := nstest.New(t, set.NS_MNT)
	ns.Do(func() {
		if err := syscall.Mount("none", r.dir, "tmpfs", 0, "size=4k,mode=700"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(r.dir+"/all", make([]byte, 4096), 0o600); err != nil {
			t.Fatal(err)
		}
		for test, want := range map[string]int{"TestFails": 1, "TestPasses": 0, "TestDaemon": 1, "TestDaemonPasses": 0} {
			out, code := run(t, r.keeping(test, []string{"-test.v"}, "NSTEST_KEEP=all,processes", "NSTEST_PAUSE=failed", "KEEP_DAEMON="+daemon(t)))
			NewWithT(t).Expect(code).To(Equal(want), out)
			NewWithT(t).Expect(out).To(MatchRegexp(`NSTEST_KEEP: the fixtures are not kept: .*%v`, syscall.ENOSPC))
			if strings.HasPrefix(test, "TestDaemon") {
				NewWithT(t).Expect(out).To(ContainSubstring("NSTEST_KEEP: its programs do not live on: their fixture is not kept"))
			}
			NewWithT(t).Expect(linksTo("/proc/[0-9]*/exe", daemon(t))).To(BeZero(), "a daemon is left")
			if left, err := filepath.Glob(r.dir + "/gonso/*"); len(left) > 0 || err != nil {
				t.Error(fmt.Sprint(left), err)
			}
		}
	})
}
