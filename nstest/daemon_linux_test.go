// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/failure"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// daemonProgram is testdata/daemon.
var daemonProgram = sync.OnceValues(func() (string, error) { return buildAs("daemon", "./testdata/daemon", "build", "-cover") })

func daemon(t *testing.T) string {
	t.Helper()
	path, err := daemonProgram()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// ended waits until nothing has the number of a process.
func ended(g Gomega, pid int) {
	g.Eventually(func() error { return syscall.Kill(pid, 0) }, "10s").Should(MatchError(syscall.ESRCH))
}

func TestADaemonIsReadyWhenItListens(t *testing.T) {
	program := daemon(t)
	for _, c := range []struct{ network, at, awaited string }{
		{"tcp", ":80", ":80"},
		{"tcp4", "127.0.0.1:80", "127.0.0.1:80"},
		{"tcp4", ":80", "127.0.0.1:http"},
		{"tcp6", "[::1]:80", "[::1]:80"},
		{"udp", ":53", ":53"},
		{"udp4", "127.0.0.1:53", "127.0.0.1:53"},
		{"unix", "@abstract", "@abstract"},
		{"unix", "socket", "socket"},
		{"unixgram", "@datagrams", "@datagrams"},
	} {
		t.Run(c.network+" "+c.at, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			ns := nstest.New(t, set.NS_NET)
			cmd := ns.Command(program, c.network, c.at)
			cmd.Dir = t.TempDir()
			d := ns.Start(cmd, nstest.Listening(c.network, c.awaited))
			if c.network[:3] == "tcp" {
				conn, err := ns.DialContext(t.Context(), c.network, strings.Replace(c.at, "127.0.0.1:80", ":80", 1))
				g.Expect(err).NotTo(HaveOccurred())
				answer, err := io.ReadAll(conn)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(string(answer)).To(Equal(strconv.Itoa(d.PID())))
				g.Expect(conn.Close()).To(Succeed())
			}
		})
	}
}

func TestADaemonIsReadyWhenItPrintsOrAFunctionSaysSo(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET)
	calls := 0
	ns.Start(ns.Command("sh", "-c", "echo begins; echo ready: 7 >&2; exec sleep 1000"),
		nstest.Printing(`ready: \d+`), nstest.Printing(regexp.MustCompile(`^begins$`)),
		nstest.Ready(func() error {
			if calls++; calls < 3 {
				return errors.New("not yet")
			}
			return nil
		}))
	g.Expect(calls).To(Equal(3))
}

func TestADaemonThatDoesNotStartFailsTheTestAndSaysWhy(t *testing.T) {
	ns := nstest.New(t, set.NS_NET, nstest.Named("server"))
	ns.Listen("tcp", "127.0.0.1:81")
	for name, c := range map[string]struct {
		args []string
		opts []nstest.StartOption
		want string
	}{
		"missing": {[]string{"no-such-program"}, nil, `start no-such-program: .*"no-such-program": executable file not found in \$PATH: install it, or give`},
		"taken": {[]string{daemon(t), "tcp", ":81"}, []nstest.StartOption{nstest.Listening("tcp", ":81")},
			`start daemon: tcp 127\.0\.0\.1:81 is taken already, before it starts: stop what listens there, or give`},
		"taken, nobody asked": {[]string{daemon(t), "tcp", "127.0.0.1:81"}, []nstest.StartOption{nstest.Printing("listens")},
			`(?s)before it prints a line that matches listens it has ended: exit status 3\nit has printed last:\n.*bind: address already in use`},
		"late": {[]string{"sh", "-c", "exec sleep 1000"}, []nstest.StartOption{nstest.Ready(func() error { return errors.New("not at all") }), nstest.Within(time.Millisecond)},
			`start sh: after 1ms it is not so that it is ready: not at all\nit has printed nothing`},
		"pattern": {[]string{"true"}, []nstest.StartOption{nstest.Printing("(")}, `start a daemon: Printing: error parsing regexp`},
		"network": {[]string{"true"}, []nstest.StartOption{nstest.Listening("sctp", ":80")}, `Listening\("sctp", ":80"\): unknown network sctp`},
		"name":    {[]string{"true"}, []nstest.StartOption{nstest.Listening("tcp", "host:80")}, `Listening\("tcp", "host:80"\): ParseAddr`},
		"port":    {[]string{"true"}, []nstest.StartOption{nstest.Listening("tcp", ":0")}, `which port the kernel will choose for 0 is unknown`},
	} {
		t.Run(name, func(t *testing.T) {
			text := failure.Text(t, func(tb testing.TB) { ns.For(tb).Start(ns.For(tb).Command(c.args[0], c.args[1:]...), c.opts...) })
			NewWithT(t).Expect(text).To(MatchRegexp(c.want))
		})
	}
	text := failure.Text(t, func(tb testing.TB) {
		uts := nstest.New(tb, set.NS_UTS)
		uts.Start(uts.Command("true"), nstest.Listening("tcp", ":80"))
	})
	NewWithT(t).Expect(text).To(ContainSubstring("the fixture has no net namespace, only uts"))
}

func TestADaemonThatEndsEarlyFailsTheTest(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out, code := failing(t, "TestDaemonEnds")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring(lineOf(t, "daemon_test.go", "// line of the daemon") +
		": nstest: net: sh has ended before the test: exit status 3\n"))
	g.Expect(out).To(MatchRegexp(`(?m)^    \[net sh\] hello\n    \[net sh\] so long$`))
	g.Expect(out).To(MatchRegexp(`it has printed last:\n +hello\n +so long\n`))

	out, code = failing(t, "TestDaemonDetaches")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(ContainSubstring("has ended before the test: exit status 0: if it goes on in the background, have it stay in the foreground"))
	g.Expect(out).NotTo(ContainSubstring("processes were left"))
}

func TestAFailedTestShowsItsDaemon(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestFailsWithADaemon")
	g.Expect(code).To(Equal(1))
	g.Expect(out).To(MatchRegexp(`(?m)^    \[net sh\] up$`))
	g.Expect(out).To(MatchRegexp(`\n        processes\n          \d+ +sh +`), "as it was before it was ended")
}

// What it does instead is the first thing to look at.
func TestADaemonThatDoesNotBecomeReadyIsShownAsItIs(t *testing.T) {
	g := NewWithT(t)
	suite := suite(t, reportSuite, "-test.run=^TestDaemonListensElsewhere$")
	suite.Env = append(suite.Env, "NSTEST_ROOTLESS=auto", "DAEMON="+daemon(t))
	out, code := run(t, suite)
	g.Expect(code).To(Equal(1), out)
	g.Expect(out).To(ContainSubstring("nstest: server: start daemon: after 1ms it is not so that it listens on tcp :80; what listens in server: tcp 0.0.0.0:8080\n"))
	g.Expect(out).To(MatchRegexp(`\n        sockets\n          tcp +LISTEN +0\.0\.0\.0:8080`))
	g.Expect(out).To(MatchRegexp(`\n        processes\n          \d+ +daemon +`))
	g.Expect(strings.Count(out, "nstest: server: ")).To(Equal(1), "it fails once: %s", out)
}

func TestDaemonsOfGinkgo(t *testing.T) {
	g := NewWithT(t)
	out, code := failing(t, "TestSpecs", "-ginkgo.focus=Daemons")
	g.Expect(code).To(Equal(1))
	g.Expect(spec(out, "Daemons [DeferCleanup (Each)] ends early")).To(SatisfyAll(
		MatchRegexp(`\[FAILED\] nstest: server: sh, started at \S+`+regexp.QuoteMeta(lineOf(t, "daemon_test.go", "// line of the spec's"))+`, has ended before the test: exit status 3\n`),
		ContainSubstring("[server sh] so long\n")))
	g.Expect(out).To(ContainSubstring("Ran 3 of "))
	g.Expect(out).To(ContainSubstring("2 Passed | 1 Failed"))
}

func TestADaemonEndsWithItsTest(t *testing.T) {
	const stubborn = `trap '' TERM; echo stubborn; while :; do sleep 1000 & wait; done`
	for name, c := range map[string]struct {
		script string
		grace  time.Duration
	}{
		"obeys":                   {`echo ready; exec sleep 1000`, time.Minute},
		"leaves children":         {`sleep 1000 & echo ready; wait`, time.Minute},
		"does not":                {`trap '' TERM; echo ready; while :; do sleep 1000; done`, 10 * time.Millisecond},
		"leaves stubborn ones":    {`sh -c "` + stubborn + `" & echo ready; wait`, 10 * time.Millisecond},
		"leaves a session":        {`setsid sh -c "` + stubborn + `" & echo ready; wait`, 10 * time.Millisecond},
		"is paused":               {`echo ready; kill -STOP $$; sleep 1000`, time.Minute},
		"has not printed a thing": {`echo ready; printf "no end of line"; exec sleep 1000`, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pid int
			t.Run("inner", func(t *testing.T) {
				ns := nstest.New(t, set.NS_NET)
				opts := []nstest.StartOption{nstest.Printing("ready"), nstest.Grace(c.grace)}
				if strings.Contains(c.script, "stubborn") {
					opts = append(opts, nstest.Printing("^stubborn$"))
				}
				pid = ns.Start(ns.Command("sh", "-c", c.script), opts...).PID()
			}) // where processes that are left fail the test
			ended(NewWithT(t), pid)
		})
	}
}

// No clean-up runs then, and what was printed is lost with the log.
func TestADaemonEndsWithItsProcess(t *testing.T) {
	g := NewWithT(t)
	file := filepath.Join(t.TempDir(), "pid")
	cmd := suite(t, reportSuite, "-test.run=^TestPanicsBesideADaemon$")
	cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS=auto", "PIDFILE="+file)
	out, code := run(t, cmd)
	g.Expect(code).To(Equal(2), out)
	pid, err := os.ReadFile(file)
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(func() bool { // in a container without an init, a zombie is left
		s, err := procfs.Status(procfs.Root, strings.TrimSpace(string(pid)), "State")
		return err != nil || strings.HasPrefix(s, "Z")
	}, "10s").Should(BeTrue())
}

// No clean-up runs then either. A guard kills what the kernel does not, the daemon's child.
func TestTheChildrenOfADaemonEndWithItsProcess(t *testing.T) {
	for _, mode := range []string{"off", "force"} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGKILL} {
			t.Run(mode+" "+sig.String(), func(t *testing.T) {
				g := NewWithT(t)
				cmd := rootless(t, "TestHangBesideADaemon")
				cmd.Env = append(cmd.Env, "NSTEST_ROOTLESS="+mode)
				output, _ := startHanging(t, cmd)
				line, err := output.ReadString('\n')
				g.Expect(err).NotTo(HaveOccurred())
				number, _ := strings.CutPrefix(strings.TrimSpace(line), "daemon pid=")
				group, err := strconv.Atoi(number)
				g.Expect(err).NotTo(HaveOccurred(), line)
				target := cmd.Process.Pid
				if sig == syscall.SIGINT {
					target = -target // as ^C does
				}
				g.Expect(syscall.Kill(target, sig)).To(Succeed())
				timer := time.AfterFunc(10*time.Second, func() { _ = syscall.Kill(-group, syscall.SIGKILL) }) // nobody else would
				rest, err := io.ReadAll(output)
				g.Expect(timer.Stop()).To(BeTrue(), "something has the output open")
				g.Expect(rest, err).To(BeEmpty())
				g.Expect(cmd.Wait()).NotTo(Succeed())
				status := cmd.ProcessState.Sys().(syscall.WaitStatus)
				if sig == syscall.SIGQUIT {
					g.Expect(status.ExitStatus()).To(Equal(2), "of the Go runtime")
				} else {
					g.Expect(status.Signaled() && status.Signal() == sig).To(BeTrue(), cmd.ProcessState.String())
				}
			})
		}
	}
}

func TestADaemonIsControlled(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET)
	d := ns.Start(ns.Command(daemon(t), "tcp", "127.0.0.1:80"), nstest.Listening("tcp", "127.0.0.1:80"))
	answers := func() (string, error) {
		conn, err := ns.DialContext(t.Context(), "tcp", "127.0.0.1:80")
		if err != nil {
			return "", err
		}
		defer conn.Close()
		answer, err := io.ReadAll(conn)
		return string(answer), err
	}
	state := func() string {
		out, err := os.ReadFile("/proc/" + strconv.Itoa(d.PID()) + "/stat")
		g.Expect(err).NotTo(HaveOccurred())
		_, rest, _ := strings.Cut(string(out), ") ")
		return rest[:1]
	}
	d.Pause()
	g.Eventually(state, "10s").Should(Equal("T"))
	d.Resume()
	g.Expect(answers()).To(Equal(strconv.Itoa(d.PID())))
	d.Signal(syscall.SIGSTOP)
	g.Eventually(state, "10s").Should(Equal("T"))
	d.Signal(syscall.SIGCONT)

	first := d.PID()
	d.Restart()
	g.Expect(d.PID()).NotTo(Equal(first))
	g.Expect(answers()).To(Equal(strconv.Itoa(d.PID())))

	d.Signal(syscall.SIGKILL)
	err := d.Wait()
	var exit *exec.ExitError
	g.Expect(errors.As(err, &exit)).To(BeTrue())
	g.Expect(err).To(MatchError("signal: killed"))
	d.Restart()
	g.Expect(answers()).To(Equal(strconv.Itoa(d.PID())))

	d.Signal(syscall.SIGTERM)
	g.Expect(d.Wait()).To(Succeed(), "it ends by itself")
	d.Restart()
	d.Stop()
	d.Stop()
	g.Expect(answers()).Error().To(MatchError(syscall.ECONNREFUSED))
	d.Restart()
}

func TestWhatADaemonWritesIsTheTests(t *testing.T) {
	g := NewWithT(t)
	ns := nstest.New(t, set.NS_NET)
	var out strings.Builder
	cmd := ns.Command("sh", "-c", "echo to the test; echo to the log >&2; exec sleep 1000")
	cmd.Stdout = &out
	d := ns.Start(cmd, nstest.Printing("to the test"), nstest.Printing("to the log"))
	d.Stop()
	g.Expect(out.String()).To(Equal("to the test\n"))
}

func TestASignalToADaemonThatHasEndedIsAnError(t *testing.T) {
	ns := nstest.New(t, set.NS_NET)
	text := failure.Text(t, func(tb testing.TB) {
		ns := ns.For(tb)
		d := ns.Start(ns.Command("sh", "-c", "exit 0"))
		ended(NewWithT(t), d.PID()) // which Wait makes known
		if err := d.Wait(); err != nil {
			t.Error(err)
		}
		d.Signal(syscall.SIGHUP)
	})
	NewWithT(t).Expect(text).To(Equal("nstest: net: send hangup to sh: os: process already finished"))
}

func TestTheCoverageOfADaemonIsHandedOn(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	ns := nstest.New(t, set.NS_NET)
	cmd := ns.Command(daemon(t), "tcp", "127.0.0.1:80")
	cmd.Env = append(cmd.Environ(), "GOCOVERDIR="+dir) // which the test has chosen
	ns.Start(cmd, nstest.Printing("listens")).Stop()
	written := func(dir string) string {
		// The name has the hash of what is covered.
		meta, err := filepath.Glob(filepath.Join(dir, "covmeta.*"))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(meta).To(HaveLen(1))
		return filepath.Base(meta[0])
	}
	want := written(dir)

	suite := suite(t, reportSuite, "-test.run=^TestStartsADaemon$")
	suite.Env = append(suite.Env, "NSTEST_ROOTLESS=auto", "DAEMON="+daemon(t))
	out, code := run(t, suite)
	g.Expect(code).To(BeZero(), out)
	_, dir, _ = strings.Cut(suite.Args[len(suite.Args)-1], "-test.gocoverdir=")
	g.Expect(written(dir)).To(Equal(want))
}
