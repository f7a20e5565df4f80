// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"flag"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keep"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/replay"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rootless"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/runpattern"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/setup"
	"github.com/seed-1bc5c4a2/gonso/reexec"
)

// How a subtest gets into another process:
//
//  1. The process is this test binary again, in new namespaces. It is told the full name
//     of the subtest, runs just that one, and so everything in the tests around it
//     that comes before.
//  2. Where the parent starts a process, the child runs f, and then leaves the test
//     around it: that one goes on in the parent.
//  3. The child's output has marks that tell which line is whose and how each test
//     ended (-test.v=test2json). The parent plays it back in subtests of its own: each
//     gets its log and its result.

// InProcess runs f as a subtest of t in a process of its own, which has new namespaces of the kinds in flags.
// It is for user, pid and time namespaces, which no goroutine can enter, and for a mount namespace that the
// whole process is in. It reports whether the subtest succeeded.
//
//	func TestFirstUser(t *testing.T) {
//		nstest.InProcess(t, "inside", gonso.NS_USER|gonso.NS_PID, func(t *testing.T) {
//			if os.Getuid() != 0 {
//				t.Error("who am I?")
//			}
//		})
//	}
//
// In a new user namespace the process is root, mapped to the caller. The other IDs are, as in the rootless run
// of an ordinary user, the caller's subordinate IDs (subuid(5)), or the first 65536 for a root that has none.
// If the caller has no ID but its own, root is the only one. [Unshare] sets other maps, and time offsets.
//
// A network namespace is set up as [New] does it. With a pid namespace there is a mount namespace, too, for a
// /proc in which the process finds itself. Where the kernel refuses to mount it, as in containers that hide
// parts of /proc, the process has the /proc of its parent, and a line says so once. [Raw] leaves all of that
// out, and [Setup] adds to it.
//
// The results and logs of f and its subtests, all that f prints, and the coverage go to the parent, and the
// tests around f have the parent's folders for artifacts. If f panics, calls os.Exit, or is not done when the
// time of -test.timeout is over, only this subtest fails, and the tests after it still run.
//
// The process starts from the beginning: it repeats what the test does before InProcess, and does nothing that
// comes after it. The two processes share no variables. If f calls t.Parallel, it is parallel only to other
// subtests in that process. TestMain has to call [Main], [M.Run] or [reexec.RunTests].
//
// InProcess is for plain testing. A part of a Ginkgo spec cannot run in another process: there, use an action
// of package reexec.
func InProcess(t *testing.T, name string, flags int, f func(t *testing.T), opts ...Option) bool {
	needTest(t, "InProcess")
	t.Helper()
	if ginkgo.CurrentSpecReport().LeafNodeType != types.NodeTypeInvalid {
		ginkgo.Fail("nstest: InProcess cannot run part of a Ginkgo spec in another process; reexec.Func can make an action of it", 1)
	}
	c := newProcessConfig(flags, opts)
	switch {
	case c.err != nil:
		t.Fatalf("nstest: InProcess: %v", c.err)
	case f == nil:
		t.Fatal("nstest: InProcess: the function is nil")
	}
	onTheWay := false
	ok := runSubtestOf(t, name, func(t *testing.T) {
		t.Helper()
		if !asked.leadsThrough(t.Name()) {
			c.runElsewhere(t)
			return
		}
		onTheWay = true
		if asked.Name == t.Name() { // and not one around it
			c.setUpProcess(t)
		}
		f(t)
	})
	if onTheWay {
		t.SkipNow() // the rest is the parent's
	}
	return ok
}

// A subtest is what a child is asked to run.
type subtest struct {
	Name      string // the full name
	Pattern   string // for -test.run
	Timeout   time.Duration
	CPU       int
	Env       map[string]*string // variables as f is to see them
	Artifacts map[string]string  // the folders that the tests around have in the parent
}

// asked is nil in a process that is no such child.
var asked *subtest

// leadsThrough reports whether the child is to run this test, or one below it.
func (s *subtest) leadsThrough(name string) bool {
	return s != nil && (s.Name == name || strings.HasPrefix(s.Name, name+"/"))
}

var errEndsWithProcess = errors.New("what is in the process of InProcess ends with it")

var runSubtest = reexec.Tests("nstest.InProcess", func(s subtest) error {
	asked = &s
	keep.LeaveOut(errEndsWithProcess)
	var errs []error
	for name, value := range s.Env {
		if value == nil {
			errs = append(errs, os.Unsetenv(name))
		} else {
			errs = append(errs, os.Setenv(name, *value))
		}
	}
	for name, value := range map[string]string{
		"run": s.Pattern, "v": "test2json", "count": "1", "shuffle": "off",
		"cpu": strconv.Itoa(s.CPU), "timeout": s.Timeout.String(),
		// These are the parent's.
		"bench": "", "fuzz": "", "list": "", "paniconexit0": "false", "testlogfile": "", "trace": "", "coverprofile": "",
		"cpuprofile": "", "memprofile": "", "blockprofile": "", "mutexprofile": "",
	} {
		errs = append(errs, flag.Set("test."+name, value))
	}
	return errors.Join(errs...)
})

// newSubtest describes the running test.
func newSubtest(t *testing.T) subtest {
	s := subtest{Name: t.Name(), CPU: runtime.GOMAXPROCS(0), Env: make(map[string]*string), Artifacts: replay.ArtifactDirs(t)}
	if pattern, err := runpattern.Parse(flag.Lookup("test.run").Value.String()); err != nil {
		t.Fatalf("nstest: InProcess: %v", err) // package testing has read it before
	} else {
		s.Pattern = pattern.Below(s.Name)
	}
	if deadline, ok := t.Deadline(); ok {
		// The child's time is up first, so that this process is left to tell.
		left := time.Until(deadline)
		s.Timeout = max(left-min(left/4, 5*time.Second), time.Millisecond)
	}
	for name := range childEnv {
		if value, ok := os.LookupEnv(name); ok {
			s.Env[name] = &value
		} else {
			s.Env[name] = nil
		}
	}
	return s
}

// childEnv are the variables that are others for TestMain in a child: it is where it is to be.
var childEnv = map[string]string{rootless.Variable: "off"}

// startDir is the working directory that this process began in.
var startDir, _ = os.Getwd()

// runElsewhere runs the test t in a process and ends it as it ends there.
func (c *config) runElsewhere(t *testing.T) {
	t.Helper()
	s, err := c.unshareHere()
	if err != nil {
		unavailable(t, c.flags, err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("nstest: %v", err)
		}
	}()
	if c.wantsProc() {
		setup.Optional("proc", func() error { return mountProc(t.Context(), s) })
	}
	var environment []string
	for name, value := range childEnv {
		environment = append(environment, name+"="+value)
	}
	ask := newSubtest(t)
	output, w := io.Pipe()
	opts := []reexec.Option{
		reexec.In(s), reexec.Nested(), reexec.Args(os.Args[1:]...), reexec.Environment(environment), reexec.Stdout(w), reexec.Stderr(w),
	}
	if wd, err := os.Getwd(); err == nil && wd != startDir {
		opts = append(opts, reexec.Dir(startDir)) // the tests around will change it again
	}
	var code int
	go func() {
		code, err = runSubtest.Run(t.Context(), ask, opts...)
		_ = w.Close() // never fails
	}()
	result := replay.New(t, ask.Artifacts)
	result.Read(output)
	result.End(code, err)
}
