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
	"github.com/seed-1bc5c4a2/gonso/internal/subid"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// How gonso exec runs a program:
//
//  1. No multi-threaded process can get into a user namespace, so gonso starts itself
//     again: a child makes one, waits while newuidmap(1) and newgidmap(1) map IDs into it,
//     and makes namespaces of all other kinds.
//  2. It executes gonso, which is process 1 in there. A ticket tells it so; its arguments
//     are the plan and the program's.
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
	ended, err := p.start(args)
	if err != nil {
		return failed(err)
	}
	return endAs("exec", ended)
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
		err = fmt.Errorf("no new /proc can be mounted in a user namespace while parts of the old one are covered: %s", strings.Join(covered, ", "))
		if remedy := denial.DropMasks(procfs.Root); remedy != "" {
			err = fmt.Errorf("%w; try: %s", err, remedy)
		}
	}
	p.refused("proc", err)
	p.refused("pid", errors.New("there would be no /proc for it"))
}

func failed(err error) int {
	printError("exec: %s", oneLine(err))
	return ownFailure
}

// start runs gonso inside, as often as it takes to find out what this machine has none of, and
// waits for its end.
func (p *plan) start(args []string) (ended syscall.WaitStatus, err error) {
	for {
		ended, err = p.startOnce(args)
		var failed *set.Error
		if !errors.As(err, &failed) || failed.Op != "unshare" && failed.Op != mapping {
			return ended, err
		}
		name := stepOf(failed)
		// What is not known is left out. But if permission is denied, it is for all
		// kinds, and nothing that was asked for would be true.
		denied := failed.Op == "unshare" && (errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES))
		if name == "" || denied || !p.takes(name) {
			return ended, explain(err)
		}
		if errors.Is(err, subid.ErrKilled) && !p.Verbose {
			printError("exec: without %s: %s", name, oneLine(err)) // a machine that has some is not to lack them in silence
		}
		p.refused(name, err)
	}
}

// mapping is what a set.Error calls it.
const mapping = "map the IDs of"

// stepOf returns the step that can be left out because of an error, or "". Without a user namespace
// nothing would be as it was asked for.
func stepOf(failed *set.Error) (name string) {
	if failed.Op == mapping {
		return "subids"
	}
	for _, s := range steps {
		if s.flag != 0 && s.flag == failed.Kind && s.flag != set.NS_USER {
			return s.name
		}
	}
	return ""
}

func (p *plan) startOnce(args []string) (ended syscall.WaitStatus, err error) {
	attr, err := p.attributes()
	if err != nil {
		return 0, err
	}
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
	here, err := set.Current(set.NS_UTS)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, here.Close()) }()
	cmd := here.Command(context.Background(), "/proc/self/exe", append([]string{"exec", "--", string(text)}, args...)...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), in.env)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = attr
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
		if s.flag != 0 && p.takes(s.name) {
			flags |= s.flag
		}
	}
	return flags
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
