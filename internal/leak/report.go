// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/creation"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// A Report lists what one snapshot has more than an earlier one.
type Report struct {
	Threads     []Thread
	Namespaces  []Namespace
	Descriptors []Descriptor
	Processes   []Process
	Mounts      []procfs.Mount
}

// A Thread is one that is not where the process is.
type Thread struct {
	procfs.Task
	Moved []Move // at least one
}

// A Move tells in which namespace a thread is, and in which it should be.
type Move struct {
	Link      procfs.Link
	Is, Usual procfs.Namespace
}

// A Namespace is one that something of the process holds.
type Namespace struct {
	procfs.Namespace
	Holders []Holder
}

// A Holder keeps a namespace alive.
type Holder struct {
	What string // "descriptor", "thread", "process" or "mount"
	ID   int    // the descriptor's, thread's, process's or mount's number
	Name string // what the descriptor shows as, the name of the thread or process, where it is mounted
}

// Empty reports whether nothing is listed.
func (r Report) Empty() bool {
	return len(r.Threads)+len(r.Namespaces)+len(r.Descriptors)+len(r.Processes)+len(r.Mounts) == 0
}

// OnlyMounts leaves out mounts that are not among those with the given numbers, and namespaces
// that only such mounts hold. In a mount namespace that other programs use it may have been one
// of them that made the others; see [MountWatch].
func (r Report) OnlyMounts(ids map[int]bool) Report {
	r.Mounts = slices.DeleteFunc(slices.Clone(r.Mounts), func(m procfs.Mount) bool { return !ids[m.ID] })
	r.Namespaces = slices.DeleteFunc(slices.Clone(r.Namespaces), func(n Namespace) bool {
		return !slices.ContainsFunc(n.Holders, func(h Holder) bool { return h.What != "mount" || ids[h.ID] })
	})
	return r
}

// Lasting leaves out what ends with this process: threads, descriptors, namespaces, which what holds them is listed for, and
// children that have ended.
func (r Report) Lasting() Report {
	return Report{
		Processes: kept(r.Processes, func(p Process) bool { return p.State != 'Z' }),
		Mounts:    r.Mounts,
	}
}

// from says where a thing was made, if package creation knows.
func from(thing creation.Thing) string {
	if made := creation.Of(thing); made != "" {
		return " (" + made + ")"
	}
	return ""
}

// Without leaves out the things whose line is ignored. That of a namespace has where it was made.
func (r Report) Without(ignored func(line string) bool) Report {
	return Report{
		Threads:     kept(r.Threads, func(t Thread) bool { return !ignored(t.String()) }),
		Namespaces:  kept(r.Namespaces, func(n Namespace) bool { return !ignored(n.String() + n.Made()) }),
		Descriptors: kept(r.Descriptors, func(d Descriptor) bool { return !ignored(d.String()) }),
		Processes:   kept(r.Processes, func(p Process) bool { return !ignored(p.String()) }),
		Mounts:      kept(r.Mounts, func(m procfs.Mount) bool { return !ignored(mountLine(m)) }),
	}
}

func kept[T any](list []T, keep func(T) bool) (rest []T) {
	for _, t := range list {
		if keep(t) {
			rest = append(rest, t)
		}
	}
	return rest
}

// Lines has one for each thing.
func (r Report) Lines() (lines []string) {
	for _, t := range r.Threads {
		lines = append(lines, t.String())
	}
	for _, n := range r.Namespaces {
		lines = append(lines, n.String())
	}
	for _, d := range r.Descriptors {
		lines = append(lines, d.String())
	}
	for _, p := range r.Processes {
		lines = append(lines, p.String())
	}
	for _, m := range r.Mounts {
		lines = append(lines, mountLine(m))
	}
	return lines
}

// String is empty for an empty report.
func (r Report) String() string { return strings.Join(r.Lines(), "\n") }

func mountLine(m procfs.Mount) string {
	return fmt.Sprintf("mount %d at %s: %s of %s (%s)", m.ID, m.Target, m.Root, m.Source, m.FSType)
}

func (t Thread) String() string {
	moves := make([]string, len(t.Moved))
	for i, m := range t.Moved {
		moves[i] = m.String()
	}
	return fmt.Sprintf("thread %d: %s%s", t.PID, strings.Join(moves, ", "), t.Made())
}

// Made says where the thread was moved, if package creation knows: for good, or by a call that goes on.
func (t Thread) Made() string {
	if made := from(creation.Thread(t.PID)); made != "" {
		return made
	}
	for _, m := range t.Moved {
		if moved := creation.Inside(m.Is.Ino); moved != "" {
			return " (" + moved + ")"
		}
	}
	return ""
}

func (m Move) String() string {
	switch {
	case m.Link == procfs.PIDForChildren && m.Is == procfs.Namespace{}:
		return fmt.Sprintf("children go to a new pid namespace that has no process yet, instead of %v", m.Usual)
	case m.Link == procfs.PIDForChildren || m.Link == procfs.TimeForChildren:
		return fmt.Sprintf("children go to %v instead of %v", m.Is, m.Usual)
	}
	return fmt.Sprintf("%v instead of %v", m.Is, m.Usual)
}

func (n Namespace) String() string {
	holders := make([]string, len(n.Holders))
	for i, h := range n.Holders {
		holders[i] = h.String()
	}
	return fmt.Sprintf("namespace %v, held by %s", n.Namespace, strings.Join(holders, ", "))
}

// Made says where the holders were made, as far as package creation knows.
func (n Namespace) Made() (text string) {
	for _, h := range n.Holders {
		switch h.What {
		case "descriptor":
			text += from(creation.Descriptor(h.ID))
		case "thread":
			text += Thread{procfs.Task{Stat: procfs.Stat{PID: h.ID}}, []Move{{Is: n.Namespace}}}.Made()
		case "process":
			text += from(creation.Process(h.ID))
		}
	}
	return text
}

func (h Holder) String() string {
	switch h.What {
	case "mount":
		return "a mount at " + h.Name
	case "thread": // all of a program have its name, which is "exe" after a re-exec
		return fmt.Sprintf("thread %d", h.ID)
	}
	return fmt.Sprintf("%s %d (%s)", h.What, h.ID, h.Name)
}

func (d Descriptor) String() string {
	made := from(creation.Descriptor(d.Num))
	if d.Namespace != (procfs.Namespace{}) && d.Target != d.Namespace.String() {
		return fmt.Sprintf("descriptor %d: %s (%v)%s", d.Num, d.Target, d.Namespace, made)
	}
	return fmt.Sprintf("descriptor %d: %s%s%s", d.Num, d.Target, d.socket(), made)
}

func (p Process) String() string {
	text := fmt.Sprintf("process %d (%s): ", p.PID, p.Comm)
	switch {
	case p.State == 'Z':
		text += "has ended, and nobody has waited for it"
	case p.Hidden != nil:
		text += fmt.Sprintf("%q, in unknown namespaces: %v", p.Cmdline, p.Hidden)
	default:
		text += fmt.Sprintf("%q", p.Cmdline)
	}
	return text + from(creation.Process(p.PID))
}

// Diff lists what after has and before has not.
func Diff(before, after *Snapshot) Report {
	return Report{
		Threads:     movedThreads(before, after),
		Namespaces:  newNamespaces(before, after),
		Descriptors: added(before.Descriptors, after.Descriptors, func(d Descriptor) Descriptor { return d }),
		Processes:   added(before.Processes, after.Processes, func(p Process) life { return life{p.PID, p.Start} }),
		Mounts:      added(before.Mounts, after.Mounts, mountKey),
	}
}

// A life tells processes and threads apart, whose numbers are recycled.
type life struct {
	id    int
	start uint64
}

// mountKey leaves out what may change during the life of a mount. Its number is
// recycled.
func mountKey(m procfs.Mount) procfs.Mount {
	return procfs.Mount{ID: m.ID, Major: m.Major, Minor: m.Minor, Root: m.Root, FSType: m.FSType, Source: m.Source}
}

func added[T any, K comparable](before, after []T, key func(T) K) (list []T) {
	old := make(map[K]bool, len(before))
	for _, t := range before {
		old[key(t)] = true
	}
	for _, t := range after {
		if !old[key(t)] {
			list = append(list, t)
		}
	}
	return list
}

// movedThreads compares with where the process was before, so that the first
// thread is found too if it is the one that was moved. A thread that was moved
// before, and still is in the same place, is not new.
func movedThreads(before, after *Snapshot) (list []Thread) {
	for _, task := range after.Tasks {
		if task.NS == before.Baseline || slices.ContainsFunc(before.Tasks, func(old procfs.Task) bool {
			return old.PID == task.PID && old.NS == task.NS && old.Start == task.Start
		}) {
			continue
		}
		thread := Thread{Task: task}
		for link, is := range task.NS {
			if usual := before.Baseline[link]; is != usual {
				thread.Moved = append(thread.Moved, Move{procfs.Link(link), is, usual})
			}
		}
		list = append(list, thread)
	}
	return list
}

// newNamespaces lists the namespaces that are not held as they were before. The
// inode alone does not tell: once a namespace is gone, the next one gets its
// number. One that has at least one holder which it had before has never been
// gone.
func newNamespaces(before, after *Snapshot) (list []Namespace) {
	old := before.holders()
	for ns, holders := range after.holders() {
		isOld := slices.Contains(before.Baseline[:], ns) ||
			slices.ContainsFunc(holders, func(h Holder) bool { return slices.Contains(old[ns], h) })
		if !isOld {
			list = append(list, Namespace{ns, holders})
		}
	}
	slices.SortFunc(list, func(a, b Namespace) int { return strings.Compare(a.Namespace.String(), b.Namespace.String()) })
	return list
}

// holders lists what keeps the namespaces alive that are not the process's.
func (s *Snapshot) holders() map[procfs.Namespace][]Holder {
	held := make(map[procfs.Namespace][]Holder)
	hold := func(ns procfs.Namespace, h Holder) {
		if ns != (procfs.Namespace{}) && !slices.Contains(held[ns], h) {
			held[ns] = append(held[ns], h)
		}
	}
	for _, d := range s.Descriptors {
		hold(d.Namespace, Holder{"descriptor", d.Num, d.Target})
	}
	for _, t := range s.Tasks {
		if t.NS == s.Baseline {
			continue
		}
		for _, ns := range t.NS {
			hold(ns, Holder{"thread", t.PID, t.Comm})
		}
	}
	for _, p := range s.Processes {
		for _, ns := range p.NS {
			hold(ns, Holder{"process", p.PID, p.Comm})
		}
	}
	for _, m := range s.Mounts {
		if ns, ok := m.Namespace(); ok {
			hold(ns, Holder{"mount", m.ID, m.Target})
		}
	}
	return held
}
