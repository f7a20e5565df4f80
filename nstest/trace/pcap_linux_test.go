// SPDX-License-Identifier: Apache-2.0

package trace_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/internal/tempdir"
)

// captured is the suite of testdata/captured, which is built once.
var captured = sync.OnceValues(func() (path string, err error) {
	path = filepath.Join(tempdir.Shared(), "captured.test")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-o", path, "./testdata/captured").CombinedOutput(); err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return path, nil
})

// A run is one of the suite.
type run struct {
	t    *testing.T
	dir  string // what is kept
	out  string
	code int
}

func command(t *testing.T, mode, test string, args ...string) (cmd *exec.Cmd, dir string) {
	t.Helper()
	need.Tool(t, "tcpdump", "tcpdump")
	need.Tool(t, "tshark", "tshark")
	path, err := captured()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	cmd = exec.Command(path, append([]string{"-test.run=^" + test + "$"}, args...)...)
	cmd.Env = append(os.Environ(), "NSTEST_PCAP="+mode, "NSTEST_ARTIFACTS="+dir, "NSTEST_ROOTLESS=auto", "NSTEST_STRICT=1", "TMPDIR="+t.TempDir())
	cmd.Dir = t.TempDir()
	return cmd, dir
}

// runSuite runs one test of the suite.
func runSuite(t *testing.T, mode, test string, args ...string) *run {
	t.Helper()
	cmd, dir := command(t, mode, test, args...)
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", out)
		}
	})
	return &run{t, dir, string(out), cmd.ProcessState.ExitCode()}
}

// captures are the files that were kept, each by a part of its path.
func (r *run) captures() (paths []string) {
	r.t.Helper()
	err := filepath.WalkDir(r.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return paths
}

// capture is the only file that was kept, which the log names.
func (r *run) capture() string {
	r.t.Helper()
	paths := r.captures()
	NewWithT(r.t).Expect(paths).To(HaveExactElements(HaveSuffix("/capture.pcapng")), r.out)
	NewWithT(r.t).Expect(r.out).To(MatchRegexp(`(suite_test|testing)\.go:\d+: nstest: capture: ` + regexp.QuoteMeta(paths[0])))
	return paths[0]
}

// output runs a program that has to succeed.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	var stderr strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir()) // tshark has settings
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd, err, out, &stderr)
	}
	return string(out)
}

func tshark(t *testing.T, file string, args ...string) string {
	t.Helper()
	return output(t, "tshark", append([]string{"-n", "-r", file}, args...)...)
}

// fields has tshark print fields of the packets that a filter lets, with a blank between them.
func fields(t *testing.T, file, filter string, names ...string) string {
	t.Helper()
	args := []string{"-Y", filter, "-T", "fields", "-E", "separator=/s"}
	for _, name := range names {
		args = append(args, "-e", name)
	}
	return tshark(t, file, args...)
}

func TestACaptureShowsWhatTLSHasEncrypted(t *testing.T) {
	g := NewWithT(t)
	r := runSuite(t, "failed", "TestHTTPS")
	g.Expect(r.code).To(Equal(1), r.out)
	file := r.capture()
	text := output(t, "tcpdump", "-n", "-r", file)
	g.Expect(text).To(MatchRegexp(`IP 192\.0\.2\.1\.\d+ > 192\.0\.2\.2\.\d+: Flags \[S\]`))
	g.Expect(fields(t, file, "http || http2", "frame.interface_name", "http.request.uri", "http2.headers.path")).To(And(
		ContainSubstring("client/eth0"), ContainSubstring("server/eth0"), ContainSubstring("/secret")))
	g.Expect(fields(t, file, "frame.comment", "frame.interface_name", "frame.comment")).To(MatchRegexp(
		`(?s)^test mark: the request begins\n.*test TestHTTPS has failed, and its clean-up begins\n`))
	// In the order of their times, by which a hop comes after another one.
	g.Expect(fields(t, file, "tcp.flags.syn == 1 && tcp.flags.ack == 0", "frame.interface_name", "frame.packet_flags_direction")).To(Equal(
		"client/eth0 0x00000002\nserver/eth0 0x00000001\n"))
}

func TestADaemonsSecretsAreInTheCapture(t *testing.T) {
	need.Tool(t, "curl", "curl")
	g := NewWithT(t)
	r := runSuite(t, "failed", "TestDaemon")
	g.Expect(fields(t, r.capture(), "http || http2", "http.request.uri", "http2.headers.path")).To(ContainSubstring("/by-curl"))
}

func TestOnlyTheCapturesThatAreWantedStay(t *testing.T) {
	for _, c := range []struct {
		mode, test string
		code       int
		kept       bool
	}{
		{"failed", "TestPasses", 0, false},
		{"all", "TestPasses", 0, true},
		{"failed", "TestCleanUpFails", 1, true},
		{"failed", "TestLastCleanUpFails", 1, true},
		{"failed", "TestPanics", 2, true},
		{"", "TestHTTPS", 1, false},
	} {
		t.Run(c.mode+" "+c.test, func(t *testing.T) {
			g := NewWithT(t)
			r := runSuite(t, c.mode, c.test, "-test.v")
			g.Expect(r.code).To(Equal(c.code), r.out)
			if c.kept {
				g.Expect(output(t, "tcpdump", "-n", "-r", r.capture())).NotTo(BeEmpty())
				return
			}
			g.Expect(r.captures()).To(BeEmpty())
			g.Expect(r.out).NotTo(ContainSubstring("capture"))
		})
	}
}

func TestASubtestsCaptureHasTheFixturesAroundIt(t *testing.T) {
	g := NewWithT(t)
	r := runSuite(t, "failed", "TestSub")
	g.Expect(r.code).To(Equal(1), r.out)
	var outer, inner string
	for _, path := range r.captures() {
		if strings.HasSuffix(path, "/TestSub/capture.pcapng") {
			outer = path
		} else {
			inner = path
		}
	}
	all := "data.data || frame.comment"
	g.Expect(fields(t, outer, all, "frame.interface_name", "data.text", "frame.comment")).To(And(
		ContainSubstring("client/eth0"), ContainSubstring("server/eth1"), Not(ContainSubstring("third"))))
	g.Expect(fields(t, inner, all, "frame.interface_name", "frame.comment")).To(MatchRegexp(
		`^server/eth1 \nthird/\S+ \ntest mark: in the subtest\ntest TestSub/.* has failed, and its clean-up begins\n$`))
}

func TestFramesThatAWireHasLostAreInTheCapture(t *testing.T) {
	g := NewWithT(t)
	r := runSuite(t, "failed", "TestWire")
	file := r.capture()
	g.Expect(fields(t, file, "udp && frame.comment", "frame.interface_name", "data.data", "frame.comment")).To(MatchRegexp(
		`^a/eth0 > b/eth0 6973206c6f7374 dropped by the filter of suite_test\.go:\d+\n$`))
	g.Expect(fields(t, file, `udp && !frame.comment`, "frame.interface_name", "udp.length")).To(Equal(
		"a/eth0 15\nb/eth0 15\na/eth0 15\na/eth0 19\nb/eth0 19\n"))
}

func TestTheInterfacesOfANetworkAreNamedAfterItsNodes(t *testing.T) {
	g := NewWithT(t)
	r := runSuite(t, "failed", "TestNetwork")
	names := fields(t, r.capture(), "tcp.flags.syn == 1 && tcp.flags.ack == 0", "frame.interface_name")
	g.Expect(names).To(Equal("west/eth0\nrouter/eth0\nrouter/eth1\neast/eth0\n"))
}
