// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/forward"
	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// How gonso exec runs a program:
//
//  1. Outside, gonso makes a user namespace, and has newuidmap(1) and newgidmap(1)
//     map IDs into it. No multi-threaded process can join that, so
//  2. gonso starts itself again: a child joins it, makes namespaces of all other
//     kinds and executes gonso, which is process 1 in there. A ticket tells it so; its
//     arguments are the plan and the program's.
//  3. Inside, gonso furnishes the namespaces and starts the program as process 2. It
//     reaps, passes signals on, and writes the program's wait status to a pipe.
//  4. Outside, gonso passes signals on, waits, and ends as the program did. Should it be
//     killed, the kernel kills process 1, and with it all others.
//
// Ticket and pipe keep whatever number they have, so that files that gonso was
// started with reach the program under theirs.

// insideRole is the role of the process inside in the handshake.
const insideRole = "exec"

// execOutside runs the program and returns the exit status.
func execOutside(p *plan, args []string) int {
	inside, err := handshake.Accept(insideRole)
	if err != nil {
		return failed(err)
	}
	if inside {
		return execInside(args)
	}
	if err := restoreFileLimit(); err != nil && p.Verbose {
		printError("exec: the program may open as many files as gonso: %v", err)
	}
	p.withoutProc()
	owner, err := p.userNamespace()
	if err != nil {
		return failed(explain(err))
	}
	ended, err := p.start(owner, args)
	if err != nil {
		return failed(err)
	}
	if ended.Signaled() {
		// Where that fails there is still what a shell says.
		failed(sys.EndBy(ended.Signal()))
		return 128 + int(ended.Signal())
	}
	return ended.ExitStatus()
}

// withoutProc leaves out the pid namespace where it would have to do without a /proc: the
// kernel mounts none in a user namespace while parts of the old one are covered
// (mount_namespaces(7)), as they are in containers. In the old one no program would find
// itself by its number.
func (p *plan) withoutProc() {
	if !p.takes("user") || !p.takes("proc") {
		return
	}
	covered, err := denial.CoveredProc(procfs.Root)
	if err == nil && covered == nil {
		return
	}
	if err == nil {
		err = fmt.Errorf("no new /proc can be mounted in a user namespace while parts of the old one are covered: %s; try: %s",
			strings.Join(covered, ", "), denial.DropMasks)
	}
	p.refused("proc", err)
	p.refused("pid", errors.New("there would be no /proc for it"))
}

func failed(err error) int {
	printError("exec: %s", strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
	return ownFailure
}

// start runs gonso inside, as often as it takes to find out which kinds of
// namespaces this machine has none of, and waits for its end.
func (p *plan) start(owner set.Set, args []string) (ended syscall.WaitStatus, err error) {
	defer func() { err = errors.Join(err, owner.Close()) }()
	for {
		ended, err = p.startOnce(owner, args)
		var failed *set.Error
		if !errors.As(err, &failed) || failed.Op != "unshare" {
			return ended, err
		}
		i := stepOf(failed.Kind)
		// What is not known is left out. But if permission is denied, it is for all
		// kinds, and nothing that was asked for would be true.
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || i < 0 || !p.takes(steps[i].name) {
			return ended, explain(err)
		}
		p.refused(steps[i].name, err)
	}
}

func (p *plan) startOnce(owner set.Set, args []string) (ended syscall.WaitStatus, err error) {
	in, err := newInheritance()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	p.Status = in.status
	text, err := json.Marshal(p)
	if err != nil {
		return 0, err
	}
	cmd := owner.Command(context.Background(), "/proc/self/exe", append([]string{"exec", "--", string(text)}, args...)...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), in.env)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: uintptr(p.kinds())}
	signals := forward.Listen()
	if err := cmd.Start(); err != nil {
		signals.Stop()
		return 0, err
	}
	go signals.Pass(cmd.Process.Signal)
	if err := cmd.Wait(); err != nil && cmd.ProcessState == nil {
		return 0, err
	}
	return in.ended(cmd.ProcessState)
}

// kinds returns the flags of the namespaces that the child is to make.
func (p *plan) kinds() (flags int) {
	for _, s := range steps {
		if s.flag != set.NS_USER && s.flag != 0 && p.takes(s.name) {
			flags |= s.flag
		}
	}
	return flags
}

func stepOf(flag int) int {
	for i, s := range steps {
		if s.flag != 0 && s.flag == flag {
			return i
		}
	}
	return -1
}

// explain adds why user namespaces do not work here, and what helps.
func explain(err error) error {
	r := probe.Rootless()
	switch {
	case r.OK == probe.Yes:
		return err
	case r.Remedy == "":
		return r.Cause
	}
	return fmt.Errorf("%w; try: %s", r.Cause, r.Remedy)
}
