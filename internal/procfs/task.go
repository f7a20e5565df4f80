// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Link is one entry of a task's ns folder. Those for children stand beside the
// task's own, and differ from them after an unshare or setns of the kind.
type Link int

// The entries of a task's ns folder (namespaces(7)).
const (
	Cgroup Link = iota
	IPC
	Net
	PID
	PIDForChildren
	Time
	TimeForChildren
	User
	UTS
	Mnt // read last, see readNamespaces
	numLinks
)

var linkNames = [numLinks]string{
	"cgroup", "ipc", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts", "mnt",
}

// String is the entry's file name.
func (l Link) String() string { return linkNames[l] }

// Namespaces are the namespaces of a task, by [Link], comparable with ==. What
// the kernel was built without is the zero [Namespace], and so is
// [PIDForChildren] of a task whose new pid namespace has no first process yet.
type Namespaces [numLinks]Namespace

// Ended reports whether these are of a task that has exited, or has come so far in its
// exit that it has let its namespaces go.
func (n Namespaces) Ended() bool { return n[Mnt] == Namespace{} }

// A Task is one thread of a process.
type Task struct {
	Stat // PID is the thread's ID
	NS   Namespaces
}

// Tasks lists the threads of a process, by ascending ID.
func Tasks(root, process string) ([]Task, error) {
	ids, err := TaskIDs(root, process)
	if err != nil {
		return nil, err
	}
	tasks := make([]Task, 0, len(ids))
	for _, id := range ids {
		task, err := ReadTask(root, process, id)
		if Vanished(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, task)
	}
	return tasks, nil
}

// TaskIDs lists the IDs of a process's threads, ascending. With
// [TaskNamespaces] it is the quick way to find the few threads that are worth a
// [ReadTask].
func TaskIDs(root, process string) ([]int, error) {
	ids, err := numbers(path(root, process, "task"))
	if err != nil {
		return nil, fmt.Errorf("tasks of process %s: %w", process, err)
	}
	slices.Sort(ids)
	return ids, nil
}

// ReadTask reads one thread of a process. If it is gone, [Vanished] is true
// of the error.
func ReadTask(root, process string, id int) (task Task, err error) {
	stat := path(root, process, "task", strconv.Itoa(id), "stat")
	if task.Stat, err = readStat(stat); err != nil {
		return Task{}, fmt.Errorf("task %d of process %s: %w", id, process, err)
	}
	task.NS, err = TaskNamespaces(root, process, id, Namespaces{})
	return task, err
}

// TaskNamespaces returns the namespaces of one thread of a process. One that has
// ended is in none.
//
// Its pid, time and user namespaces are always those of the process (clone(2),
// setns(2) and unshare(2) refuse everything else, "multithreaded"). If those of
// process are given, they are not read once more.
func TaskNamespaces(root, process string, id int, of Namespaces) (Namespaces, error) {
	shared := Namespaces{PID: of[PID], Time: of[Time], User: of[User]}
	list, err := readNamespaces(path(root, process, "task", strconv.Itoa(id), "ns"), shared)
	if err != nil {
		return Namespaces{}, fmt.Errorf("task %d of process %s: %w", id, process, err)
	}
	return list, nil
}

// ProcessNamespaces returns the namespaces of a process's first thread. If that
// has ended, it is in none.
func ProcessNamespaces(root, process string) (Namespaces, error) {
	list, err := readNamespaces(path(root, process, "ns"), Namespaces{})
	if err != nil {
		return Namespaces{}, fmt.Errorf("process %s: %w", process, err)
	}
	return list, nil
}

// readNamespaces takes a link that is missing for 'in none of that kind': the
// kernel may not have the kind, or a pid namespace may be unborn. Neither may
// hide the other links.
//
// A task that exits lets all its namespaces go at once, and every kernel has
// mount namespaces: if that link, the last one, is still there then so were all
// others. What known has already is not read.
func readNamespaces(path string, known Namespaces) (list Namespaces, err error) {
	dir, err := sys.OpenDir(path)
	if Vanished(err) {
		return Namespaces{}, nil
	}
	if err != nil {
		return Namespaces{}, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	list = known
	for link, name := range linkNames {
		if known[link] != (Namespace{}) {
			continue
		}
		text, err := dir.Readlink(name)
		if Vanished(err) {
			continue
		}
		if err != nil {
			if !exists(path) {
				return Namespaces{}, nil
			}
			return Namespaces{}, fmt.Errorf("%s: %w", name, err)
		}
		if list[link], err = ParseNamespace(text); err != nil {
			return Namespaces{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	if list.Ended() {
		return Namespaces{}, nil
	}
	return list, nil
}

// exists reports whether a task is still there. Links in the open ns folder of one
// that has been reaped are EACCES, as if they were somebody else's
// (fs/proc/namespaces.c proc_ns_readlink), but its path is gone.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !Vanished(err)
}
