// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// namespacesOf returns what finds out the namespaces of a thread of a process.
//
// Those of this process's threads are asked for by thread descriptors, where the kernel answers (Linux 6.11), and
// not looked up below /proc/self/task. The kernel keeps the names of what was looked up there, and drops them when
// the process ends: each thread drops its own, and the process that waits for this one drops all. Where they meet, one
// waits actively for the other (d_walk in fs/dcache.c), for 5 to 40 ms where the CPUs are busy.
func namespacesOf(root, process string) func(id int, of procfs.Namespaces) (procfs.Namespaces, error) {
	inProc := func(id int, of procfs.Namespaces) (procfs.Namespaces, error) {
		return procfs.TaskNamespaces(root, process, id, of)
	}
	// In the /proc of another pid namespace, threads have other numbers than they know.
	if self, err := procfs.ProcessID(root, process); root != procfs.Root || process != procfs.Self || err != nil || self != os.Getpid() {
		return inProc
	}
	return func(id int, of procfs.Namespaces) (procfs.Namespaces, error) {
		ns, err := askThread(id, of)
		if err != nil { // an old kernel, or a filter of system calls
			return inProc(id, of)
		}
		return ns, nil
	}
}

// askThread returns the namespaces of a thread of this process, as procfs.TaskNamespaces does.
func askThread(id int, of procfs.Namespaces) (list procfs.Namespaces, err error) {
	thread, err := sys.OpenThread(id)
	if errors.Is(err, syscall.ESRCH) {
		return procfs.Namespaces{}, nil
	}
	if err != nil {
		return list, err
	}
	defer func() { err = errors.Join(err, thread.Close()) }()
	list[procfs.PID], list[procfs.Time], list[procfs.User] = of[procfs.PID], of[procfs.Time], of[procfs.User]
	for link := range list {
		if list[link] != (procfs.Namespace{}) {
			continue
		}
		name := procfs.Link(link).String()
		ino, err := thread.NamespaceInode(name)
		switch {
		case errors.Is(err, syscall.ESRCH):
			return procfs.Namespaces{}, nil
		case errors.Is(err, errors.ErrUnsupported): // the kernel has no such kind
		case err != nil:
			return list, err
		default:
			list[link] = procfs.Namespace{Kind: strings.TrimSuffix(name, "_for_children"), Ino: ino}
		}
	}
	return list, nil
}
