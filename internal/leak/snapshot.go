// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Snapshot is what a process has at one moment, or nearly so: other threads
// run on while it is taken.
type Snapshot struct {
	// Baseline is where the process started, and with it every thread that
	// nobody has moved.
	Baseline procfs.Namespaces
	// Tasks are the threads that have not ended. Those that are not in the
	// Baseline come with their Stat, of the others it is only the PID.
	Tasks       []procfs.Task
	Descriptors []Descriptor
	Processes   []Process
	Mounts      []procfs.Mount
}

// A Descriptor is an open file of the process.
type Descriptor struct {
	procfs.Descriptor
	// Namespace is what the descriptor holds, if that is a namespace; Target
	// need not tell, for what was opened through a mount has the path for its
	// name.
	Namespace procfs.Namespace
}

// A Process is a child.
type Process struct {
	procfs.Process
	// NS are the namespaces it is in: none if it has ended.
	NS procfs.Namespaces
	// Hidden tells why NS could not be read: a child with other credentials does
	// not show them to everybody (ptrace(2), PTRACE_MODE_READ).
	Hidden error
}

// processNS is where this process started, read before any code could have moved its
// first thread. Go never ends that thread: once moved, it stays moved for good.
var processNS, processErr = procfs.ProcessNamespaces(procfs.Root, procfs.Self)

// Take takes a snapshot of the calling process.
func Take() (*Snapshot, error) {
	children, err := sys.HasChildren()
	if err = errors.Join(processErr, err); err != nil {
		return nil, fmt.Errorf("leak: %w", err)
	}
	return take(procfs.Root, procfs.Self, processNS, children)
}

// take reads one thing after the other: a file that it has open would be in the
// list of descriptors. That also makes two readers at once no quicker than one,
// for they wait for each other in the kernel.
//
// Opening a folder has the Go runtime set up its poller, if nothing has before:
// its descriptors are in every snapshot, and so never look new.
func take(root, process string, baseline procfs.Namespaces, children bool) (*Snapshot, error) {
	s := Snapshot{Baseline: baseline}
	err := s.readTasks(root, process)
	if err == nil {
		err = s.readFiles(root, process)
	}
	if err == nil && children {
		err = s.readProcesses(root, process)
	}
	if err != nil {
		return nil, fmt.Errorf("leak: %w", err)
	}
	return &s, nil
}

func (s *Snapshot) readTasks(root, process string) error {
	ids, err := procfs.TaskIDs(root, process)
	if err != nil {
		return err
	}
	namespaces := namespacesOf(root, process)
	s.Tasks = make([]procfs.Task, 0, len(ids))
	for _, id := range ids {
		task := procfs.Task{Stat: procfs.Stat{PID: id}}
		if task.NS, err = namespaces(id, s.Baseline); err != nil {
			return err
		}
		if task.NS != s.Baseline {
			task, err = procfs.ReadTask(root, process, id)
		}
		if procfs.Vanished(err) || err == nil && task.NS.Ended() {
			continue
		}
		if err != nil {
			return err
		}
		s.Tasks = append(s.Tasks, task)
	}
	return nil
}

// readFiles reads mounts before descriptors: they tell which paths are
// namespaces.
func (s *Snapshot) readFiles(root, process string) (err error) {
	if s.Mounts, err = procfs.Mounts(root, process); err != nil {
		return fmt.Errorf("mounts of process %s: %w", process, err)
	}
	mounted := make(map[string]procfs.Namespace)
	for _, mount := range s.Mounts {
		if ns, ok := mount.Namespace(); ok {
			mounted[mount.Target] = ns
		}
	}
	list, err := procfs.Descriptors(root, process)
	if err != nil {
		return err
	}
	own := testFiles()
	s.Descriptors = make([]Descriptor, 0, len(list))
	for _, d := range list {
		if slices.Contains(own, d.Target) {
			continue
		}
		ns, err := namespaceOf(root, process, d, mounted)
		if procfs.Vanished(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("descriptor %d of process %s: %w", d.Num, process, err)
		}
		s.Descriptors = append(s.Descriptors, Descriptor{d, ns})
	}
	return nil
}

func namespaceOf(root, process string, d procfs.Descriptor, mounted map[string]procfs.Namespace) (procfs.Namespace, error) {
	if ns, ok := mounted[d.Target]; ok {
		return ns, nil
	}
	if d.Target == "/" {
		return detachedNamespace(fmt.Sprintf("%s/%s/fd/%d", root, process, d.Num))
	}
	ns, err := procfs.ParseNamespace(d.Target)
	if errors.Is(err, procfs.ErrNotNamespace) {
		return procfs.Namespace{}, nil
	}
	return ns, err
}

// detachedNamespace looks at a descriptor that has the root's name. Either it is
// that folder, or a file that was opened through a mount which is gone since.
func detachedNamespace(path string) (procfs.Namespace, error) {
	if folder, err := sys.OpenDir(path); err == nil {
		return procfs.Namespace{}, folder.Close()
	}
	file, err := sys.Open(path)
	if err != nil {
		return procfs.Namespace{}, err
	}
	flag, err := file.NamespaceFlag()
	id, idErr := file.InodeID()
	if err = errors.Join(err, idErr, file.Close()); errors.Is(err, sys.ErrNotNamespace) {
		return procfs.Namespace{}, nil
	}
	return procfs.Namespace{Kind: kind.Name(flag), Ino: id.Ino}, err
}

func (s *Snapshot) readProcesses(root, process string) error {
	pid, err := procfs.ProcessID(root, process)
	if err != nil {
		return fmt.Errorf("process %s: %w", process, err)
	}
	children, err := procfs.Children(root, pid)
	if err != nil {
		return err
	}
	for _, child := range children {
		p := Process{Process: child}
		p.NS, p.Hidden = procfs.ProcessNamespaces(root, strconv.Itoa(child.PID))
		s.Processes = append(s.Processes, p)
	}
	return nil
}
