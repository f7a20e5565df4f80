// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// killRest kills all that runs in fixtures with programs which live on: what these have started since, and shells. Those from
// which it is called live on. The numbers of namespaces are recycled as those of processes are, so that it has them open
// meanwhile.
func (e *Entry) killRest() (err error) {
	if !e.Holder.Lives() {
		return nil
	}
	inside := make(map[string]string) // kind by ID
	for _, f := range e.Fixtures {
		if len(f.Programs) == 0 {
			continue
		}
		open, err := f.openOwn(inside)
		defer closeAll(open)
		if err != nil {
			return err
		}
	}
	if len(inside) == 0 || !e.Holder.Lives() { // so that the paths were its own
		return nil
	}
	spared, err := ancestors()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(killTime); ; {
		left, err := processesIn(inside, spared)
		if err != nil || len(left) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d (%s) has not ended %v after it was killed: %w", left[0].PID, left[0].What, killTime, os.ErrDeadlineExceeded)
		}
		for _, p := range left {
			if err := p.Kill(); err != nil {
				return err
			}
		}
	}
}

// addLeft adds to the programs what the test has left in its fixtures since its process was killed, or ended by itself before the
// clean-ups: the kernel ends what the process has started, and not what that has. It was there before the holder; shells
// have come later.
func (e *Entry) addLeft() error {
	if e.Run.PID == 0 || e.Run.Lives() {
		return nil // a test that goes on ends them itself
	}
	for i := range e.Fixtures {
		if err := e.addLeftIn(&e.Fixtures[i]); err != nil {
			return fmt.Errorf("what is left in %s: %w", e.NameOf(i), err)
		}
	}
	return nil
}

func (e *Entry) addLeftIn(f *Fixture) error {
	inside := make(map[string]string)
	open, err := f.openOwn(inside)
	defer closeAll(open)
	if err != nil || !e.Holder.Lives() { // so that the paths were its own
		return ignoreMissing(err)
	}
	all, err := processesIn(inside, nil)
	for _, p := range all {
		known := func(q Process) bool { return q.PID == p.PID }
		if p.Start <= e.Holder.Start && !slices.ContainsFunc(e.Others, known) && !slices.ContainsFunc(f.Programs, known) {
			f.Programs = append(f.Programs, p)
		}
	}
	return err
}

// openOwn opens the namespaces that are the fixture's own, and adds the kind of each, by its ID.
func (f *Fixture) openOwn(kinds map[string]string) (open []*os.File, err error) {
	for _, n := range f.Namespaces {
		if n.Shared {
			continue
		}
		file, err := n.Open()
		if err != nil {
			return open, err
		}
		open = append(open, file)
		kinds[n.ID] = n.Kind
	}
	return open, nil
}

func closeAll(open []*os.File) {
	for _, file := range open {
		_ = file.Close() // of what was only looked at
	}
}

// processesIn lists those that are in one of the namespaces.
func processesIn(inside map[string]string, spared []int) (list []Process, err error) {
	found, err := procfs.Processes(procfs.Root, func(pid int) (*procfs.Process, error) {
		if slices.Contains(spared, pid) {
			return nil, nil
		}
		for id, kind := range inside {
			link, err := os.Readlink(procfs.Root + "/" + strconv.Itoa(pid) + "/ns/" + kind)
			switch {
			case errors.Is(err, fs.ErrPermission):
				return nil, nil // it is another user's
			case err != nil:
				return nil, err
			case link == id:
				return procfs.ReadProcess(procfs.Root, pid, func(s procfs.Stat) bool { return s.State != 'Z' && s.State != 'X' })
			}
		}
		return nil, nil
	})
	for _, p := range found {
		list = append(list, Process{PID: p.PID, Start: p.Start, What: cmp.Or(strings.Join(p.Cmdline, " "), p.Comm)})
	}
	return list, err
}

// ancestors lists this process, its parent, and so on.
func ancestors() (list []int, err error) {
	for pid := os.Getpid(); pid > 0; {
		list = append(list, pid)
		p, err := procfs.ReadProcess(procfs.Root, pid, func(procfs.Stat) bool { return true })
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		pid = p.PPID
	}
	return list, nil
}
