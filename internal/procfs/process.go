// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Process is a process as its parent sees it.
type Process struct {
	Stat
	Cmdline []string // empty for a zombie and for a thread of the kernel
}

// Children lists the children of the process with that number, by ascending
// number. Zombies, which wait to be waited for, are children too.
//
// It looks at all processes: the children files of a process's tasks are quicker
// but miss children while others exit (proc_pid_task_tid_children(5)).
func Children(root string, parent int) ([]Process, error) {
	list, err := Processes(root, func(pid int) (*Process, error) {
		return ReadProcess(root, pid, func(s Stat) bool { return s.PPID == parent })
	})
	if err != nil {
		return nil, fmt.Errorf("children of process %d: %w", parent, err)
	}
	return list, nil
}

// Processes lists what read returns for each process that there is, by ascending
// number. It leaves out those for which that is nil, and those that have gone
// meanwhile.
func Processes(root string, read func(pid int) (*Process, error)) ([]Process, error) {
	pids, err := numbers(root)
	if err != nil {
		return nil, err
	}
	slices.Sort(pids)
	var list []Process
	for _, pid := range pids {
		p, err := read(pid)
		if Vanished(err) || err == nil && p == nil {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		list = append(list, *p)
	}
	return list, nil
}

// ReadProcess returns nil for a process that is not wanted. If it is gone, [Vanished]
// is true of the error.
func ReadProcess(root string, pid int, wanted func(Stat) bool) (*Process, error) {
	dir := path(root, strconv.Itoa(pid))
	stat, err := readStat(dir + "/stat")
	if err != nil || !wanted(stat) {
		return nil, err
	}
	cmdline, err := sys.ReadFile(dir+"/cmdline", 512)
	if err != nil {
		return nil, err
	}
	return &Process{Stat: stat, Cmdline: ParseCmdline(cmdline)}, nil
}

// ParseCmdline splits the content of a cmdline file into arguments.
func ParseCmdline(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

// ProcessID returns the number that a process has in this procfs, which is not
// its own idea of it when procfs was mounted in another pid namespace.
func ProcessID(root, process string) (int, error) {
	stat, err := readStat(path(root, process, "stat"))
	return stat.PID, err
}
