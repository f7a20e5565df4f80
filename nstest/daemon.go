// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2/types"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keep"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/keylog"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/linelog"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A Daemon is a program that runs in a fixture until the test ends, see [Fixture.Start].
//
// Its processes are the program itself, those in its process group, and those in the fixture
// that have its environment.
type Daemon struct {
	fixture  *Fixture
	instance *instance
	name     string
	at       string   // where it was started, which Ginkgo does not tell of a clean-up
	command  *set.Cmd // which is never started itself: it says what to run
	scope    lifecycle.Scope
	daemonConfig

	mu    sync.Mutex
	run   *daemonRun // the last one, nil before the first
	early []error    // of the runs before that one which have ended by themselves
}

// Start runs a program in the fixture's namespaces for the rest of the test, as a daemon, and
// returns when it is ready:
//
//	web := server.Start(server.Command("nginx", "-c", conf), nstest.Listening("tcp", ":80"))
//
// [Listening], [Printing] and [Ready] say when that is. Without any of them, the daemon is ready as soon as its
// program runs. If it ends before it is ready, or is not ready in half a minute (see [Within]), the test fails
// with what the daemon has printed last. One that runs but is not ready goes on until the test ends, as one that
// is: the log shows its processes and sockets.
//
// The program has to stay in the foreground. What it writes is in the log of the test, each line
// with the names of the fixture and of the program, unless Stdout and Stderr of the command say
// otherwise; a pipe such as that of StdoutPipe ends with the test, and not with the daemon. A command that another fixture has made,
// of other namespaces, is refused. If it ends before the test does, the test fails and says how, unless
// the test has ended it, by [Daemon.Stop] or [Daemon.Signal].
//
// When the test ends, before the clean-ups that were registered before Start, its process group gets SIGTERM.
// What has not ended after 5 seconds (see [Grace]) is killed, with all processes in the fixture that the daemon
// has started. If the test's own process ends without that, as by ^C, a signal, -test.timeout or a panic of another
// goroutine, the process group is killed at once. What has left that, such as a daemon of the daemon's, lives on with its
// namespaces, unless the fixture has a pid namespace: then the kernel kills all of it.
//
// With NSTEST_KEEP=failed,processes the daemon lives on with its fixture if the test fails, until gonso rm ends it.
//
// Where tests are captured (see package nstest/trace), SSLKEYLOGFILE says where the program is to write the
// secrets of TLS.
//
// A Go program that was built with -cover, and ends by os.Exit or the end of main, adds to the
// coverage of the tests where these are run with -cover and the same -covermode.
func (f *Fixture) Start(cmd *set.Cmd, opts ...StartOption) *Daemon {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	d := &Daemon{fixture: f, instance: in, command: cmd, scope: lifecycle.ScopeOf(tb), daemonConfig: newDaemonConfig(opts)}
	if err := d.check(); err != nil {
		tb.Fatalf("nstest: %s: start a daemon: %v", in.Name, err)
	}
	d.name = filepath.Base(cmd.Path)
	if lifecycle.IsGinkgo(in.TB) {
		d.at = fmt.Sprintf(", started at %v,", types.NewCodeLocation(0))
	}
	in.cleanup(tb, d.finish)
	if err := d.start(tb); err != nil {
		tb.Fatalf("nstest: %s: start %s: %v", in.Name, d.name, err)
	}
	return d
}

// String is such as "nginx in server": the names of the program and of the fixture.
func (d *Daemon) String() string {
	if d == nil {
		return "<nil>"
	}
	return d.name + " in " + d.instance.Name
}

// check finds what is wrong before anything is done.
func (d *Daemon) check() error {
	switch {
	case d.command == nil:
		return errors.New("there is no command")
	case d.command.Process != nil:
		return fmt.Errorf("%s runs already: Start starts the command itself", d.command)
	case d.err != nil:
		return d.err
	}
	if err := d.checkPlace(); err != nil {
		return err
	}
	for _, c := range d.conditions {
		if c.network {
			return d.instance.lacksNet()
		}
	}
	return nil
}

// checkPlace makes sure that the command was not made for other namespaces.
func (d *Daemon) checkPlace() error {
	found, known := madeBy.Load(d.command)
	if !known {
		return nil
	}
	maker := found.(*instance)
	for _, flag := range kind.Each(maker.Set.Flags() & d.instance.Set.Flags()) {
		same, err := maker.Set.Same(d.instance.Set, flag)
		if err != nil {
			return err
		}
		if !same {
			return fmt.Errorf("the command was made by the fixture %s, which has another %s namespace: make it by %s's own method Command",
				maker.Name, set.KindNames(flag), d.instance.Name)
		}
	}
	return nil
}

// start starts the program and waits until it is ready. One that does not become ready is left to the clean-up, so that it is
// there to be looked into.
func (d *Daemon) start(tb testing.TB) error {
	for _, c := range d.conditions {
		if err := c.before(d); err != nil {
			return err
		}
	}
	run, err := d.launch(tb)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.run = run
	d.mu.Unlock()
	if err = d.awaitReady(run); err == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	run.wanted = true // the test fails for this reason already
	return fmt.Errorf("%w\n%s", err, run.out.Last())
}

// launch starts the program.
func (d *Daemon) launch(tb testing.TB) (*daemonRun, error) {
	mark := daemonMark + "=" + rand.Text()
	run := &daemonRun{daemon: d, mark: mark, out: d.newLog(tb), ended: make(chan struct{})}
	from := d.command
	// The context of a test ends before its clean-ups begin, which is too early.
	cmd := d.instance.Set.Command(context.WithoutCancel(tb.Context()), from.Path)
	cmd.Args, cmd.Dir, cmd.Stdin, cmd.ExtraFiles = from.Args, from.Dir, from.Stdin, from.ExtraFiles
	cmd.Env = append(slices.Clone(from.Environ()), mark)
	cmd.Env = keylog.Env(tb, cmd.Env)
	if err := handOnCoverage(cmd); err != nil {
		return nil, err
	}
	cmd.SysProcAttr = new(syscall.SysProcAttr)
	if from.SysProcAttr != nil {
		*cmd.SysProcAttr = *from.SysProcAttr
	}
	if !cmd.SysProcAttr.Setsid { // which makes a process group too (setsid(2))
		cmd.SysProcAttr.Setpgid, cmd.SysProcAttr.Pgid = true, 0
	}
	cmd.WaitDelay, cmd.Releasable = waitDelay, keep.Programs()
	run.out.Connect(cmd, from)
	run.cmd = cmd
	var err error
	if run.release, err = newDaemonRelease(); err != nil {
		return nil, err
	}
	at := time.Now() // before anything that it prints
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(explainMissing(err), run.release.close())
	}
	run.guard = d.startGuard(cmd.Process.Pid)
	run.program = &keep.Program{In: d.instance.Instance, Scope: d.scope, Name: d.name, Cmd: cmd, Mark: mark, Guard: run.guard}
	run.program.Watch()
	d.tell(tb, at, "start", fmt.Sprintf("%s (%d) begins: %s", d.name, cmd.Process.Pid, strings.Join(cmd.Args, " ")), false)
	go run.watch(tb)
	return run, nil
}

// newLog returns a log whose lines begin with the names of the fixture and of the program.
func (d *Daemon) newLog(tb testing.TB) *linelog.Log {
	var patterns []*regexp.Regexp
	for _, c := range d.conditions {
		if c.pattern != nil {
			patterns = append(patterns, c.pattern)
		}
	}
	heard := func(line string) { d.tell(tb, time.Now(), "output", d.name+": "+line, false) }
	return linelog.New(tb.Output(), fmt.Sprintf("[%s %s] ", d.instance.Name, d.name), heard, patterns...)
}

// finish is the clean-up.
func (d *Daemon) finish() error {
	d.mu.Lock()
	run := d.run
	d.mu.Unlock()
	if run == nil {
		return nil
	}
	if run.letGo() {
		return errors.Join(d.early...)
	}
	if err := d.end(run); err != nil {
		return errors.Join(append(d.early, err)...)
	}
	return errors.Join(append(d.early, d.earlyEnd(run))...)
}

// current returns the run that the test means.
func (d *Daemon) current(tb testing.TB) *daemonRun {
	tb.Helper()
	d.fixture.instance(tb)
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.run
}
