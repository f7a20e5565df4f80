// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/holder"
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
	found, err := procfs.Processes(procfs.Root, func(pid int) (*procfs.Process, error) {
		p, err := readProcess(pid, wanted)
		if errors.Is(err, fs.ErrPermission) {
			return nil, nil
		}
		return p, err
	})
	var list []Process
	for _, p := range found {
		list = append(list, Process{PID: p.PID, Comm: p.Comm, State: p.State, Args: p.Cmdline})
	}
	return list, err
}

// readProcess returns nil for one that is not wanted.
func readProcess(pid int, wanted map[string]string) (*procfs.Process, error) {
	process, inside := strconv.Itoa(pid), false
	if pid == os.Getpid() {
		return nil, nil
	}
	for kind, id := range wanted {
		link, err := os.Readlink(procfs.Root + "/" + process + "/ns/" + kind)
		if err != nil {
			return nil, err
		}
		inside = inside || link == id
	}
	if !inside || isInit(process) {
		return nil, nil
	}
	return procfs.ReadProcess(procfs.Root, pid, func(s procfs.Stat) bool { return s.State != 'Z' && s.State != 'X' })
}

// isInit reports whether a process is the first one of a pid namespace and keeps it alive for a Set: a copy of
// this program or, where the namespace outlives its test, a holder.
func isInit(process string) bool {
	numbers, err := procfs.Status(procfs.Root, process, "NSpid") // in each namespace, the innermost last
	if err != nil {
		return false
	}
	fields := strings.Fields(numbers)
	if len(fields) == 0 || fields[len(fields)-1] != "1" {
		return false
	}
	if exe, err := os.Readlink(procfs.Root + "/" + process + "/exe"); err == nil && strings.HasPrefix(exe, "/memfd:"+holder.Name+" ") {
		return true
	}
	its, err := os.Stat(procfs.Root + "/" + process + "/exe")
	ours, ourErr := os.Stat(procfs.Root + "/" + procfs.Self + "/exe")
	return err == nil && ourErr == nil && os.SameFile(its, ours)
}
