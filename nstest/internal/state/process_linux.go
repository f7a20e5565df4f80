// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Processes lists the processes whose first thread is in one of the Set's
// namespaces. It leaves out this process, those that have ended and wait to be
// waited for, and the first processes that Sets keep for their pid namespaces.
// Processes of others, whose namespaces this one may not see, are not found.
func Processes(s set.Set) ([]Process, error) {
	wanted := make(map[string]string)
	for _, kind := range set.Kinds(s.Flags()) {
		id, err := s.ID(kind)
		if err != nil {
			return nil, err
		}
		wanted[set.KindNames(kind)] = id
	}
	if pid, err := procfs.ProcessID(procfs.Root, procfs.Self); err != nil || pid != os.Getpid() {
		return nil, errors.Join(ErrForeignProc, err)
	}
	entries, err := os.ReadDir(procfs.Root)
	if err != nil {
		return nil, err
	}
	var list []Process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		p, err := readProcess(pid, wanted)
		switch {
		case procfs.Vanished(err) || errors.Is(err, fs.ErrPermission):
			continue
		case err != nil:
			return nil, fmt.Errorf("process %d: %w", pid, err)
		case p != nil:
			list = append(list, *p)
		}
	}
	slices.SortFunc(list, func(a, b Process) int { return a.PID - b.PID })
	return list, nil
}

// readProcess returns nil for one that is not wanted.
func readProcess(pid int, wanted map[string]string) (*Process, error) {
	dir := procfs.Root + "/" + strconv.Itoa(pid)
	inside := false
	for kind, id := range wanted {
		link, err := os.Readlink(dir + "/ns/" + kind)
		if err != nil {
			return nil, err
		}
		inside = inside || link == id
	}
	if !inside || isInit(dir) {
		return nil, nil
	}
	text, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return nil, err
	}
	stat, err := procfs.ParseStat(text)
	if err != nil || stat.State == 'Z' || stat.State == 'X' {
		return nil, err
	}
	cmdline, err := os.ReadFile(dir + "/cmdline")
	if err != nil {
		return nil, err
	}
	return &Process{PID: stat.PID, Comm: stat.Comm, State: stat.State, Args: procfs.ParseCmdline(cmdline)}, nil
}

// isInit tells whether a process is the first one of a pid namespace and a copy of
// this program, which never executes another: it keeps the namespace alive for a Set.
func isInit(dir string) bool {
	text, err := os.ReadFile(dir + "/status")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		numbers, found := strings.CutPrefix(line, "NSpid:") // its pid in each namespace, the innermost last
		if !found {
			continue
		}
		fields := strings.Fields(numbers)
		if len(fields) == 0 || fields[len(fields)-1] != "1" {
			return false
		}
		its, err := os.Stat(dir + "/exe")
		ours, ourErr := os.Stat(procfs.Root + "/" + procfs.Self + "/exe")
		return err == nil && ourErr == nil && os.SameFile(its, ours)
	}
	return false
}
