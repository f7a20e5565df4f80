// SPDX-License-Identifier: Apache-2.0

package set

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/command"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
)

// A Cmd is a command to be run in a Set's namespaces. Its fields and methods are those
// of [exec.Cmd], and so is what they do, with these additions:
//
//   - It works for every Set, those with user, pid and time namespaces included.
//   - The process is killed when this process ends, for whatever reason: Pdeathsig is
//     SIGKILL unless SysProcAttr has another signal. The end of the thread that started
//     it does not matter.
//   - With a mount namespace, all paths are those inside. Without a Dir the command runs
//     in the folder with the name of the current one, or in / where there is none.
//   - Log takes the place of Stdout and Stderr where they are nil.
//   - In a user namespace that maps the caller, the command has the caller's user and
//     group; in one that does not, it is root if there is one. SysProcAttr.Credential
//     decides otherwise.
//
// A Cmd cannot be used again.
type Cmd struct {
	// Path is the program. If it has no slash, Start looks for it in the folders of
	// this process's PATH, inside the Set's mount namespace.
	Path string
	// Args is the name, followed by the arguments; nil stands for Path alone.
	Args []string
	// Env is the environment; nil stands for this process's.
	Env []string
	// Dir is the working directory.
	Dir string

	// Stdin, Stdout and Stderr are /dev/null where nil. For a reader or writer that is
	// not an *os.File a goroutine copies the data, and Wait waits for it.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Log gets what is written to the standard output and error where Stdout and Stderr
	// are nil. It does not get what Output and CombinedOutput return.
	Log io.Writer
	// ExtraFiles become the descriptors from 3 on.
	ExtraFiles []*os.File

	// SysProcAttr may have Chroot, Credential, Setsid, Setpgid, Pgid, Setctty, Ctty,
	// Noctty, Pdeathsig and Unshareflags. With a user namespace among these, and none in the Set,
	// UidMappings, GidMappings and GidMappingsEnableSetgroups say what is mapped into it; if that is
	// more than the IDs of a caller who is not root, newuidmap(1) and newgidmap(1) write it. Other
	// fields are an error of Start, for which errors.Is(err, errors.ErrUnsupported) holds.
	SysProcAttr *syscall.SysProcAttr

	// Releasable lets Release be called. The process is then killed at the end of this process not by the kernel but by a
	// guard, which is a process of a page of code; Pdeathsig is ignored, and the kernel has to have pidfds (Linux 5.3).
	Releasable bool

	// Cancel is called when the context is done; Command sets it to kill the process.
	Cancel func() error
	// WaitDelay bounds the time from the end of the context, or of the process, to the
	// end of Wait: after it the process is killed, and its pipes are closed.
	WaitDelay time.Duration

	Process      *os.Process      // once it is started
	ProcessState *os.ProcessState // once it is waited for
	Err          error            // why Path was not found, if it was not

	ctx     context.Context
	set     Set
	started bool
	runs    atomic.Bool // Start has returned
	waited  atomic.Bool // Wait was called, or Release
	cmd     command.Cmd // what is started, and has the ends of pipes before that
}

// Command returns a [Cmd] that runs the program in the Set's namespaces. The Set must
// stay open until Start has returned. A name without a slash is looked up in PATH: at
// once, as by [exec.Command], or by Start if the Set's mount namespace is not this
// process's. If the context is done before the command has ended, the process is
// killed.
func (s Set) Command(ctx context.Context, name string, args ...string) *Cmd {
	if ctx == nil {
		panic("nil Context")
	}
	c := &Cmd{Path: name, Args: append([]string{name}, args...), ctx: ctx, set: s}
	c.Cancel = func() error { return c.Process.Kill() }
	if filepath.Base(name) == name && !c.elsewhere() {
		path, err := exec.LookPath(name)
		if path != "" {
			c.Path = path
		}
		c.Err = err
	}
	return c
}

// elsewhere reports whether a path means something else to the command than it does here.
func (c *Cmd) elsewhere() bool { return c.set.held != nil && c.set.differs&NS_MNT != 0 }

// Start starts the command, and returns once it runs. If the child fails before it runs
// the program, the error is an [*Error] that names the namespace or the step, and
// unwraps to the errno. It is [exec.ErrNotFound] if no folder of PATH has the program.
//
// After a successful Start, Wait has to be called.
func (c *Cmd) Start() error {
	if c.started {
		return errors.New("gonso: command already started")
	}
	c.started = true
	err := c.start()
	if err != nil {
		c.cmd.ClosePipes()
	}
	return err
}

func (c *Cmd) start() error {
	switch {
	case c.Err != nil:
		return c.Err
	case c.Path == "":
		return errors.New("gonso: no command")
	case c.ctx == nil:
		return errors.New("gonso: a Cmd is made by Set.Command")
	case c.ctx.Err() != nil:
		return c.ctx.Err()
	}
	if err := c.set.acquire("start"); err != nil {
		return err
	}
	defer c.set.release()
	joins, between, err := c.set.joins(c.set.differs)
	if err != nil {
		return err
	}
	defer between.Close()
	c.cmd.Attr = &forkexec.Attr{Joins: joins, Sys: c.SysProcAttr}
	if err := mapIDs(c.ctx, c.cmd.Attr); err != nil {
		return err
	}
	c.cmd.Path, c.cmd.Args, c.cmd.Env, c.cmd.Dir = c.Path, c.Args, c.Env, c.Dir
	c.cmd.Search = c.elsewhere() && !strings.ContainsRune(c.Path, '/')
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr, c.cmd.ExtraFiles = c.Stdin, c.orLog(c.Stdout), c.orLog(c.Stderr), c.ExtraFiles
	c.cmd.Cancel, c.cmd.WaitDelay, c.cmd.Releasable = c.Cancel, c.WaitDelay, c.Releasable
	c.cmd.Started = func(p *os.Process) { c.Process = p }
	if err := c.cmd.Start(c.ctx); err != nil {
		return childError("start", 0, err)
	}
	c.runs.Store(true)
	return nil
}

func (c *Cmd) orLog(to io.Writer) io.Writer {
	if to == nil {
		return c.Log
	}
	return to
}

// Wait waits for the command to end, and for its input and output to be copied. If it
// does not end with exit status 0, the error is an [*exec.ExitError].
func (c *Cmd) Wait() error {
	if c.Process == nil {
		return errors.New("gonso: command not started")
	}
	if c.waited.Swap(true) {
		return errors.New("gonso: Wait was already called")
	}
	err := c.cmd.Wait()
	c.ProcessState = c.cmd.ProcessState
	return err
}

// Release has the process live on when this one ends, and gives it up: it is the last call, in place of Wait, which fails
// from then on. The command has to be Releasable. What it writes to Stdout, Stderr and Log is not copied any more, but read and
// thrown away, by a process that ends with it. Release fails, and changes nothing, if the process has ended
// (os.ErrProcessDone), and while another goroutine calls Start or Wait.
func (c *Cmd) Release() error {
	switch {
	case !c.runs.Load():
		return errors.New("gonso: command not started")
	case !c.Releasable:
		return errors.New("gonso: Release of a command that is not Releasable, and has the kernel kill it when this process ends")
	case c.waited.Swap(true):
		return errors.New("gonso: Wait was already called")
	}
	err := c.cmd.Release()
	if err != nil {
		c.waited.Store(false)
	}
	if errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("gonso: release: %w", err)
	}
	return newError("release", 0, err)
}

// Run starts the command and waits for it.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Output runs the command and returns what it writes to its standard output. Where
// Stderr is nil, the field of that name of an [*exec.ExitError] has what the command
// wrote to its standard error; if that is long, its middle is left out.
func (c *Cmd) Output() ([]byte, error) {
	if c.Stdout != nil {
		return nil, errors.New("gonso: Stdout already set")
	}
	var out bytes.Buffer
	c.Stdout = &out
	var saved *prefixSuffixSaver
	if c.Stderr == nil {
		saved = &prefixSuffixSaver{}
		c.Stderr = saved
		if c.Log != nil {
			c.Stderr = io.MultiWriter(saved, c.Log)
		}
	}
	err := c.Run()
	var exit *exec.ExitError
	if saved != nil && errors.As(err, &exit) {
		exit.Stderr = saved.bytes()
	}
	return out.Bytes(), err
}

// CombinedOutput runs the command and returns what it writes to its standard output
// and standard error.
func (c *Cmd) CombinedOutput() ([]byte, error) {
	if c.Stdout != nil || c.Stderr != nil {
		return nil, errors.New("gonso: Stdout or Stderr already set")
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.Bytes(), err
}

// Environ returns the environment that the command gets as it is configured now.
func (c *Cmd) Environ() []string { return (&exec.Cmd{Env: c.Env, Dir: c.Dir}).Environ() }

// String is the command for people to read, not for a shell.
func (c *Cmd) String() string {
	if c == nil {
		return "<nil>"
	}
	return (&exec.Cmd{Path: c.Path, Args: c.Args, Err: c.Err}).String()
}
