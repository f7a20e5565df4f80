// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
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
	pids, err := numbers(root)
	if err != nil {
		return nil, fmt.Errorf("children of process %d: %w", parent, err)
	}
	slices.Sort(pids)
	var list []Process
	for _, pid := range pids {
		child, err := readProcess(root, pid, parent)
		if Vanished(err) || err == nil && child == nil {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		list = append(list, *child)
	}
	return list, nil
}

// readProcess gives nil for a process with another parent.
func readProcess(root string, pid, parent int) (*Process, error) {
	dir := path(root, strconv.Itoa(pid))
	stat, err := readStat(dir + "/stat")
	if err != nil || stat.PPID != parent {
		return nil, err
	}
	cmdline, err := os.ReadFile(dir + "/cmdline")
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
