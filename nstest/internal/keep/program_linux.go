// SPDX-License-Identifier: Apache-2.0

package keep

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/kept"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/leftover"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/state"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// letGo has the program live on. It is not kept if it does not run, or somebody waits for it.
func (p *Program) letGo() error {
	err := p.Cmd.Release()
	if failed := new(set.Error); errors.As(err, &failed) {
		return err
	} else if err != nil {
		return nil
	}
	this.stays(p.Cmd.Process.Pid)
	this.mu.Lock()
	p.kept = true
	this.mu.Unlock()
	p.In.Spare(func(q state.Process) bool { return this.isKept(p.In, q.PID) })
	return p.Guard.Dismiss()
}

// processes lists those of the program.
func (p *Program) processes() ([]state.Process, error) {
	all, err := state.Processes(p.In.Own)
	return slices.DeleteFunc(all, func(q state.Process) bool { return !p.has(q.PID) }), err
}

// has reports whether a process is one of the program's: itself, one of its group, with its mark, or that comes from such a one.
func (p *Program) has(pid int) bool {
	for program := p.Cmd.Process.Pid; pid > 1 && pid != os.Getpid(); {
		if pid == program || p.Mark != "" && leftover.HasVariable(pid, p.Mark) {
			return true
		}
		if group, err := syscall.Getpgid(pid); err == nil && group == program {
			return true
		}
		parent, err := procfs.ReadProcess(procfs.Root, pid, func(procfs.Stat) bool { return true })
		if err != nil {
			return false // it has gone
		}
		pid = parent.PPID
	}
	return false
}

// isKept reports whether a process is one of a program that lives on.
func (k *keeper) isKept(in *lifecycle.Instance, pid int) bool {
	return slices.ContainsFunc(k.keptIn(in), func(p *Program) bool { return p.has(pid) })
}

func (k *keeper) keptIn(in *lifecycle.Instance) []*Program {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(k.programs[in]), func(p *Program) bool { return !p.kept })
}

// keepHanging has the programs of tests that hang live on.
func (k *keeper) keepHanging(instances []*lifecycle.Instance) {
	if !Programs() {
		return
	}
	for _, in := range instances {
		k.mu.Lock()
		programs := slices.Clone(k.programs[in])
		k.mu.Unlock()
		for _, p := range programs {
			if err := p.letGo(); err != nil {
				fmt.Fprintf(os.Stderr, "nstest: %s: %s does not live on: %v\n", KeepVariable, p.Name, err)
			}
		}
	}
	k.listPrograms(instances)
}

// listPrograms writes down what lives on in instances that have ended. Where that cannot be done it kills them.
func (k *keeper) listPrograms(instances []*lifecycle.Instance) {
	for _, in := range instances {
		programs := k.keptIn(in)
		k.mu.Lock()
		delete(k.programs, in)
		to := k.held[in.Set]
		k.mu.Unlock()
		if len(programs) == 0 {
			continue
		}
		list, err := processesOf(programs)
		if err == nil {
			err = k.list(in, to, list)
		}
		if err == nil {
			continue
		}
		for _, p := range list {
			err = errors.Join(err, p.Kill())
		}
		in.Note(fmt.Sprintf("%s: its programs do not live on: %v", KeepVariable, strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
}

// processesOf lists the processes of programs.
func processesOf(programs []*Program) (list []kept.Process, err error) {
	seen := make(map[int]bool)
	for _, p := range programs {
		processes, e := p.processes()
		err = errors.Join(err, e)
		for _, q := range processes {
			if seen[q.PID] {
				continue
			}
			seen[q.PID] = true
			if one, e := kept.ProcessOf(q.PID); e == nil { // or it has gone
				one.What = what(q)
				list = append(list, one)
			}
		}
	}
	return list, err
}

// what says what a process is, for people.
func what(p state.Process) string {
	if len(p.Args) == 0 {
		return p.Comm
	}
	return strings.Join(p.Args, " ")
}

var errNoEntry = errors.New("their fixture is not kept")

// list adds processes to the entry of a fixture.
func (k *keeper) list(in *lifecycle.Instance, to heldFixture, list []kept.Process) error {
	if to.entry == nil {
		return errNoEntry
	}
	if len(list) == 0 {
		return nil // they have ended since
	}
	to.entry.Fixtures[to.index].Programs = list
	if err := k.folder.Update(to.entry); err != nil {
		return err
	}
	var names []string
	for _, p := range list {
		names = append(names, fmt.Sprintf("  %d  %s", p.PID, p.What))
	}
	in.Note("programs that live on in it:\n" + strings.Join(names, "\n"))
	return nil
}
