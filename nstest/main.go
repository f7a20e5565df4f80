// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/reexec"
)

// Main is what TestMain of a package with namespace tests does:
//
//	func TestMain(m *testing.M) { nstest.Main(m) }
//
// A process that cannot make namespaces runs itself again in a new user and
// mount namespace, as root mapped to the caller, so that 'go test' works for
// ordinary users. The rest of the machine stays in sight: the network, the
// processes and all other namespaces are the host's. NSTEST_ROOTLESS=off does
// without, NSTEST_ROOTLESS=force does so even where it is not needed.
//
// Where TEST_TOTAL_SHARDS and TEST_SHARD_INDEX say so, Main runs that part of the
// tests, so that several machines can share them.
//
// Main runs the actions of package reexec, with their coverage. When the tests
// have ended it looks for what they left behind, threads in foreign namespaces,
// namespaces, descriptors, processes and, in a rootless run, mounts: a run that
// leaks fails, and says where a Set was made that nobody closed, Do or Enter was
// called that sits on a thread, a Cmd was started:
//
//	nstest: the tests left behind (nstest.NoLeakCheck() in TestMain switches this check off):
//	namespace net:[4026532281], held by descriptor 7 (net:[4026532281])
//	descriptor 7: net:[4026532281] (a Set made at router_test.go:12 in router.TestForwards)
//
// Main ends the process with the exit code of the tests.
func Main(m Runner, opts ...MainOption) { os.Exit((&M{M: m, Options: opts}).Run()) }

// A Runner runs tests; *testing.M is one.
type Runner interface{ Run() int }

// M wraps the tests of a package, for a TestMain with something of its own to
// do:
//
//	func TestMain(m *testing.M) {
//		mm := &nstest.M{M: m}
//		os.Exit(mm.Run())
//	}
type M struct {
	M       Runner
	Options []MainOption
}

// A MainOption changes what [Main] does.
type MainOption func(*mainConfig)

type mainConfig struct{ noLeakCheck bool }

// NoLeakCheck has Main not look for what the tests left behind.
func NoLeakCheck() MainOption { return func(c *mainConfig) { c.noLeakCheck = true } }

// Run does what [Main] does and returns the exit code.
func (m *M) Run() int {
	mainRan.Store(true)
	reexec.CheckAction()
	inside := runRootless()
	var config mainConfig
	for _, opt := range m.Options {
		opt(&config)
	}
	if err := applyShard(); err != nil {
		fmt.Fprintf(os.Stderr, "nstest: %v\n", err)
		return 1
	}
	check := func(code int) int { return code }
	if !config.noLeakCheck {
		leaks, err := newLeakCheck(inside)
		if err != nil {
			fmt.Fprintf(os.Stderr, "nstest: leak check: %v\n", err)
			return 1
		}
		check = leaks.finish
	}
	code := reexec.RunTests(runApart{m.M, inside})
	code = max(code, endSpec())
	drain()
	skips.report()
	return check(code)
}

// runApart runs the tests on a goroutine of their own. The main goroutine is
// locked to the main thread, and each hand-over between a locked goroutine and
// another costs tens of microseconds.
type runApart struct {
	Runner
	inside bool
}

func (r runApart) Run() int {
	defer watchTimeout()()
	return attend(r.inside, r.Runner.Run)
}
