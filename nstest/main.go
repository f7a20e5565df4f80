// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/evidence"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/fixturepool"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keep"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/leakcheck"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rootless"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/shard"
	"github.com/seed-1bc5c4a2/gonso/reexec"
)

// Main runs the tests of a package that needs namespaces. Call it in TestMain:
//
//	func TestMain(m *testing.M) { nstest.Main(m) }
//
// A process that cannot make namespaces runs itself again in a new user and mount namespace, as root mapped to
// the caller, so that 'go test' works for ordinary users. The network, the processes and all other namespaces
// are still the host's. NSTEST_ROOTLESS=off switches that off, and NSTEST_ROOTLESS=force does it even where it
// is not needed; for a network of its own see [OwnNetwork].
//
// If TEST_TOTAL_SHARDS and TEST_SHARD_INDEX are set, Main runs only that part of the tests, so that several
// machines can share them. Each test is in one part, whatever -run, -count and -shuffle are; the specs of an outermost
// container of Ginkgo are in the same part if they are in an Ordered one. If NSTEST_TIMES is the path of what
// 'go test -json' or 'ginkgo --json-report' wrote in an earlier run, the parts take about the same time. 'gonso shard'
// shows and checks them. In Bazel, where TEST_SHARD_STATUS_FILE is set, the test binary is executed again for that, as the
// go_test of rules_go would leave Main but a part of the tests.
//
// Main runs the actions of package reexec, with their coverage. When the tests have ended, it looks for what
// they left behind: threads in other namespaces, namespaces, descriptors, processes and mounts. A run that
// leaks fails. The message has the line that made a Set which was not closed, that called a Do or Enter which
// still has its thread, or that started a Cmd:
//
//	nstest: the tests left behind (nstest.NoLeakCheck() in TestMain switches this check off):
//	namespace net:[4026532281], held by descriptor 7 (net:[4026532281])
//	descriptor 7: net:[4026532281] (a Set made at router_test.go:12 in router.TestForwards)
//
// A mount is reported only if no other program can have made it. In a rootless run that is so for all mounts,
// since the mount namespace is its own. As root it is so for mounts that this process made, not its children
// such as mount(8), from Linux 6.15 on. Older kernels do not say which process made a mount, so that none is
// reported.
//
// After tests that failed only what outlives the process is reported, as it changes the machine: mounts, also those that name a
// namespace, and processes. Threads, descriptors and the rest end with the process, and a test that ended early had no time
// to clean up. The exit code stays that of the tests.
//
// Main ends the process with the exit code of the tests.
//
// When the tests have ended, no goroutine of this module runs: goleak, gleak and others that look for leaked
// goroutines need not be told to ignore any.
//
// A package that has something to do before or after its tests uses [RunFunc].
func Main(m Runner, opts ...MainOption) {
	code, p := (&M{M: m, Options: opts}).run()
	if p == rootless.Elsewhere {
		// Without the exit hooks of the runtime: the child has written the coverage, and this
		// process has run nothing that counts.
		syscall.Exit(code)
	}
	os.Exit(code)
}

// A Runner runs tests; *testing.M is one.
type Runner interface{ Run() int }

// A RunFunc is a function as a [Runner], for what is to be done before and after the tests:
//
//	func TestMain(m *testing.M) {
//		nstest.Main(nstest.RunFunc(func() int {
//			server := startServer()
//			defer server.Close()
//			return m.Run()
//		}))
//	}
//
// It is called where the tests run, and nowhere else: once, in the user namespace of a rootless run, and not in
// processes that run an action of package reexec. It is called in processes of [InProcess].
type RunFunc func() int

// Run calls f.
func (f RunFunc) Run() int { return f() }

// M does what [Main] does, as a [Runner], for functions that take one:
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(&nstest.M{M: m}) }
//
// In a rootless run Run returns twice: in the child, in which the tests run, and in the parent with the child's
// exit code, unless a signal ended the child, which then ends the parent too. So whatever TestMain itself does
// before and after Run is done in both. In a process that runs an action of package reexec Run does not return.
// What is meant for the tests belongs in a [RunFunc].
type M struct {
	M       Runner
	Options []MainOption
}

// A MainOption changes what [Main] does.
type MainOption func(*mainConfig)

type mainConfig struct{ noLeakCheck, ownNetwork bool }

// NoLeakCheck switches off the check of [Main] for what the tests left behind.
func NoLeakCheck() MainOption { return func(c *mainConfig) { c.noLeakCheck = true } }

// OwnNetwork gives a rootless run a network namespace of its own, with nothing in it but lo. It is
// for tests with libraries that join a network by its descriptor and then go back to the process's:
//
//	nftables.New(nftables.WithNetNSFd(fd))
//	netlink.NewHandleAt(ns)                    // of github.com/vishvananda/netlink
//	netlink.Dial(family, &netlink.Config{NetNS: fd}) // of github.com/mdlayher/netlink
//
// An ordinary user's thread cannot go back to the host's network: the first and the last give
// "operation not permitted", and the second leaves a thread behind.
//
// It is off by default: as root, tests are in the host's network, too, and more tests look for a service there
// than use these calls. With it the tests cannot reach the host's network: no service on the host's localhost,
// not the internet, and no abstract unix socket of the host. Their localhost is the run's own. Ginkgo's
// parallel processes still reach each other.
//
// NSTEST_ROOTLESS=net does the same for one run, and NSTEST_ROOTLESS=host the opposite. Both words can be
// combined with others: NSTEST_ROOTLESS=force,net. A process that can go back to the host's network gets no
// network of its own.
func OwnNetwork() MainOption { return func(c *mainConfig) { c.ownNetwork = true } }

// Run does what [Main] does and returns the exit code.
func (m *M) Run() int {
	code, p := m.run()
	if p == rootless.Elsewhere {
		rootless.StopListening() // what comes now is TestMain's
		coverTwice()
	}
	return code
}

func (m *M) run() (code int, p rootless.Place) {
	if m.M == nil {
		panic("nstest.Main: the Runner is nil: give it the *testing.M that TestMain got")
	}
	mainRan.Store(true)
	runtime.LockOSThread() // no test is to be on the main thread, see enter
	reexec.CheckAction()
	var config mainConfig
	for _, opt := range m.Options {
		opt(&config)
	}
	if err := shard.ExecAgain(); err != nil {
		fmt.Fprintf(os.Stderr, "nstest: %v\n", err)
		return 1, rootless.Elsewhere
	}
	if err := checkVariables(); err != nil { // before /run, where package keep has its register, is another one
		fmt.Fprintf(os.Stderr, "nstest: %v\n", err)
		return 1, rootless.Elsewhere
	}
	if code, p = rootless.Run(config.ownNetwork); p == rootless.Elsewhere {
		return code, p
	}
	if p == rootless.Inside {
		keep.Rootless()
	}
	return m.runHere(&config, p), p
}

// runHere runs the tests in this process.
func (m *M) runHere(config *mainConfig, p rootless.Place) int {
	if err := shard.Apply(); err != nil {
		fmt.Fprintf(os.Stderr, "nstest: %v\n", err)
		return 1
	}
	check := func(code int) int { return code }
	if !config.noLeakCheck {
		leaks, err := leakcheck.Begin(p == rootless.Inside)
		if err != nil {
			fmt.Fprintf(os.Stderr, "nstest: leak check: %v\n", err)
			return 1
		}
		check = func(code int) int { return leaks.Finish(code, leakcheck.WithoutProcesses(keep.PIDs)) }
	}
	fmt.Fprint(os.Stderr, evidence.Unheard())
	code := reexec.RunTests(watched{m.M, p})
	if err := addToTestLog(); err != nil {
		fmt.Fprintf(os.Stderr, "nstest: tell go test by which variables these tests went: %v\n", err)
		code = max(code, 1)
	}
	code = max(code, endSpec())
	if err := lifecycle.CheckAfterTests(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	fixturepool.Close()
	skips.report()
	return check(code)
}

// watched are the tests, with what goes on as long as they run. None of it is a goroutine, and
// the tests are run by the main one, so that those who look for leaked goroutines find no other.
type watched struct {
	Runner
	place rootless.Place
}

func (w watched) Run() int {
	defer lifecycle.WatchTimeout()()
	if w.place == rootless.Inside {
		defer rootless.WakeParent()()
	}
	return w.Runner.Run()
}

// coverTwice has the parent of a rootless run write its coverage to the folder that the child
// has used already, where nobody looks any more. Without a folder the runtime warns at exit that
// there is no coverage.
func coverTwice() {
	if !flag.Parsed() {
		flag.Parse()
	}
	const variable = "GOCOVERDIR"
	if f := flag.Lookup("test.gocoverdir"); f != nil && f.Value.String() != "" && os.Getenv(variable) == "" {
		_ = os.Setenv(variable, f.Value.String()) // never fails for such a name
	}
}
