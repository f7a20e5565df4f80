// SPDX-License-Identifier: Apache-2.0

// Package kind is the table of the kinds of namespaces: what they are called, and what the kernel
// lets a Go process do with each. All that treats one kind differently asks it; CONTRIBUTING.md
// says what a new row takes. Only reexec/gons has the names and flags again, in C, which runs before
// there is Go; a test compares them.
package kind

import (
	"fmt"
	"strings"
)

// The flags of unshare(2), setns(2) and clone(2), CLONE_NEW*. They are the same on every
// architecture, and here on every system.
const (
	Cgroup = 0x02000000
	IPC    = 0x08000000
	Mnt    = 0x00020000
	Net    = 0x40000000
	PID    = 0x20000000
	Time   = 0x00000080
	User   = 0x10000000
	UTS    = 0x04000000
)

// A Kind is a row of the table.
type Kind struct {
	// Name is the name of the file in /proc/PID/ns, and Flag the kernel's flag.
	Name string
	Flag int
	// Link is the file of /proc/TID/ns from which a thread's namespace is read,
	// once it has moved into another or made a new one. It is not Name where the thread
	// never moves itself, only its future children.
	Link string
	// Thread reports whether a thread of a Go process can join one. Where it cannot,
	// setns(2) refuses every multi-threaded process: user with EINVAL, time with EUSERS.
	Thread bool
	// Restorable reports whether the thread can be put back, so that Go may use it for
	// something else. Not so for ipc, since the thread then has lost the System V undo
	// list that it shared with the process (setns(2) does an implicit
	// unshare(CLONE_SYSVSEM)); nor for mnt, since its working directory, root and
	// umask are no longer the process's (CLONE_FS).
	Restorable bool
	// Since is the version of Linux that was the first to have the kind, where Go runs on
	// older ones, too.
	Since Version
	// Purpose is what tests can do with one, for people: "tests can ...".
	Purpose string
}

// A Version is one of Linux.
type Version struct{ Major, Minor int }

// Table has a row for each kind, in the order in which they are joined when no
// owner says otherwise: user first, since it gives the privileges for the rest,
// mnt last, since it takes the paths away.
var Table = [...]Kind{
	{
		Name: "user", Flag: User, Link: "user", Since: Version{3, 8},
		Purpose: "be root in a user namespace of their own",
	},
	{
		Name: "cgroup", Flag: Cgroup, Link: "cgroup", Thread: true, Restorable: true, Since: Version{4, 6},
		Purpose: "see their own cgroup as the root of all",
	},
	{
		Name: "ipc", Flag: IPC, Link: "ipc", Thread: true,
		Purpose: "have System V IPC objects and POSIX message queues of their own",
	},
	{
		Name: "net", Flag: Net, Link: "net", Thread: true, Restorable: true,
		Purpose: "have a network of their own: interfaces, addresses, routes, firewall, ports",
	},
	{
		Name: "pid", Flag: PID, Link: "pid_for_children", Thread: true, Restorable: true,
		Purpose: "have process IDs of their own, and end all processes in there at once",
	},
	{
		Name: "time", Flag: Time, Link: "time_for_children", Since: Version{5, 6},
		Purpose: "set the monotonic and the boot-time clock ahead or back",
	},
	{
		Name: "uts", Flag: UTS, Link: "uts", Thread: true, Restorable: true,
		Purpose: "change the host name",
	},
	{
		Name: "mnt", Flag: Mnt, Link: "mnt", Thread: true,
		Purpose: "mount and unmount without anybody else seeing it",
	},
}

// What follows from the table.
var (
	All        = with(func(Kind) bool { return true })
	Thread     = with(func(k Kind) bool { return k.Thread })
	Restorable = with(func(k Kind) bool { return k.Restorable })
)

func with(is func(Kind) bool) (flags int) {
	for _, k := range Table {
		if is(k) {
			flags |= k.Flag
		}
	}
	return flags
}

// Index returns the row of the one kind that has the flag, -1 for every other number.
func Index(flag int) int {
	for i := range Table {
		if Table[i].Flag == flag {
			return i
		}
	}
	return -1
}

// Name returns the name of the one kind that has the flag, "" for every other number.
func Name(flag int) string {
	if i := Index(flag); i >= 0 {
		return Table[i].Name
	}
	return ""
}

// Named returns the kind of that name, and whether there is one.
func Named(name string) (Kind, bool) {
	for i := range Table {
		if Table[i].Name == name {
			return Table[i], true
		}
	}
	return Kind{}, false
}

// Each returns each kind in flags by itself, in the order of the table.
func Each(flags int) (each []int) {
	for _, k := range Table {
		if flags&k.Flag != 0 {
			each = append(each, k.Flag)
		}
	}
	return each
}

// Names lists the kinds in flags for a person, "net, uts". A bit that is no kind shows as a number.
func Names(flags int) string {
	var list []string
	for _, k := range Table {
		if flags&k.Flag != 0 {
			list = append(list, k.Name)
		}
	}
	if rest := flags &^ All; rest != 0 {
		list = append(list, fmt.Sprintf("%#x", rest))
	}
	return strings.Join(list, ", ")
}
