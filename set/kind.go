// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"math/bits"
	"os"
	"strings"
)

// The kinds of namespaces. Each is the flag that unshare(2) and clone(2) know as
// CLONE_NEW*; here it also names a kind that exists, as in [Current]. Several
// are combined with |.
const (
	NS_CGROUP = 0x02000000 // cgroup_namespaces(7)
	NS_IPC    = 0x08000000 // ipc_namespaces(7)
	NS_MNT    = 0x00020000 // mount_namespaces(7)
	NS_NET    = 0x40000000 // network_namespaces(7)
	NS_PID    = 0x20000000 // pid_namespaces(7)
	NS_TIME   = 0x00000080 // time_namespaces(7)
	NS_USER   = 0x10000000 // user_namespaces(7)
	NS_UTS    = 0x04000000 // uts_namespaces(7)
)

// A kind states what the kernel lets a Go process do with one kind of namespace.
// All that package set treats differently for one kind is in this table, but for
// maps and offsets.
type kind struct {
	name string
	flag int
	// link is the file of /proc/TID/ns from which a thread's namespace is read,
	// once it has moved into another or made a new one.
	link string
	// thread: a thread of a Go process can join one. Where it cannot, setns(2)
	// refuses every multi-threaded process: user with EINVAL, time with EUSERS.
	thread bool
	// back: and the thread can be put back, so that Go may use it for something
	// else. Not so for ipc, since the thread then has lost the System V undo list
	// that it shared with the process (setns(2) does an implicit
	// unshare(CLONE_SYSVSEM)); nor for mnt, since its working directory, root and
	// umask are no longer the process's (CLONE_FS).
	back bool
}

// kinds has a row for each kind, in the order in which they are joined when no
// owner says otherwise: user first, since it gives the privileges for the rest,
// mnt last, since it takes the paths away.
var kinds = [...]kind{
	{name: "user", flag: NS_USER, link: "user"},
	{name: "cgroup", flag: NS_CGROUP, link: "cgroup", thread: true, back: true},
	{name: "ipc", flag: NS_IPC, link: "ipc", thread: true},
	{name: "net", flag: NS_NET, link: "net", thread: true, back: true},
	// A thread never changes its own pid namespace, only its future children's.
	{name: "pid", flag: NS_PID, link: "pid_for_children", thread: true, back: true},
	{name: "time", flag: NS_TIME, link: "time_for_children"},
	{name: "uts", flag: NS_UTS, link: "uts", thread: true, back: true},
	{name: "mnt", flag: NS_MNT, link: "mnt", thread: true},
}

// What follows from the table.
var (
	allKinds     = kindsWith(func(kind) bool { return true })
	threadKinds  = kindsWith(func(k kind) bool { return k.thread })
	restoreKinds = kindsWith(func(k kind) bool { return k.back })
)

func kindsWith(is func(kind) bool) (flags int) {
	for _, k := range kinds {
		if is(k) {
			flags |= k.flag
		}
	}
	return flags
}

// Kinds returns each kind in flags by itself, in the order in which they are
// joined.
func Kinds(flags int) (each []int) {
	for _, k := range kinds {
		if flags&k.flag != 0 {
			each = append(each, k.flag)
		}
	}
	return each
}

// KindNames lists the kinds in flags for a person, "net, uts", each named as in
// /proc/PID/ns. A bit that is no kind shows as a number.
func KindNames(flags int) string {
	var list []string
	for _, k := range kinds {
		if flags&k.flag != 0 {
			list = append(list, k.name)
		}
	}
	if rest := flags &^ allKinds; rest != 0 {
		list = append(list, fmt.Sprintf("%#x", rest))
	}
	return strings.Join(list, ", ")
}

// What is wrong with flags. Each is an [os.ErrInvalid].
var (
	errNoKind   = invalid("no namespace kind given")
	errManyKind = invalid("one namespace kind wanted, not several")
)

func invalid(text string) error { return fmt.Errorf("%s: %w", text, os.ErrInvalid) }

// checkFlags accepts any combination of kinds.
func checkFlags(flags int) error {
	if rest := flags &^ allKinds; rest != 0 {
		return invalid(fmt.Sprintf("flags %#x contain %#x, which is no namespace kind", flags, rest))
	}
	return nil
}

// checkKinds accepts one kind or more.
func checkKinds(flags int) error {
	if flags == 0 {
		return errNoKind
	}
	return checkFlags(flags)
}

// indexOf returns the row of a single kind.
func indexOf(flag int) (int, error) {
	if err := checkKinds(flag); err != nil {
		return 0, err
	}
	if bits.OnesCount(uint(flag)) > 1 {
		return 0, fmt.Errorf("%s: %w", KindNames(flag), errManyKind)
	}
	for i := range kinds {
		if kinds[i].flag == flag {
			return i, nil
		}
	}
	return 0, errors.ErrUnsupported // not reached: checkFlags knows the same kinds
}
