// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/refusal"
)

// hint says what is known about the cause of an error and what helps.
func hint(op string, flags int, err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return ""
	}
	if text := refusal.Exhausted(op, err); text != "" {
		return text
	}
	if flags == 0 {
		return "" // it is about no namespace
	}
	switch errno {
	case syscall.EPERM, syscall.EACCES:
		return hintPrivilege(op, flags)
	case syscall.ENOSPC:
		return hintLimit(flags)
	case syscall.EUSERS:
		if flags&NS_USER != 0 {
			return "user namespaces nest at most 32 deep"
		}
	case syscall.ENOMEM:
		if flags&NS_PID != 0 {
			return "the first process of the pid namespace has ended, and with it the namespace"
		}
	case syscall.EINVAL:
		if op == "mount" && flags&NS_MNT != 0 {
			return "a mount namespace can be bound only in an elder one, and on a private mount"
		}
	}
	return ""
}

const capSysAdmin = 21 // capabilities(7)

// hintPrivilege says what a process without privileges lacks, or what takes them
// from one that has them.
func hintPrivilege(op string, flags int) string {
	confinement := refusal.Confinement(procfs.Root)
	if op == "open" || op == "current" {
		return add("the namespaces of a process open to those only who may trace it (namespaces(7))", confinement)
	}
	caps, err := procfs.Effective(procfs.Root, procfs.ThreadSelf)
	if err != nil {
		return "" // no hint is better than a wrong one
	}
	if flags&NS_USER != 0 {
		return remedied(refusal.UserNamespace(procfs.Root))
	}
	switch {
	case caps&(1<<capSysAdmin) == 0:
		return add("the process has no CAP_SYS_ADMIN; run it as root, or in a user namespace as nstest.Main and gonso exec do",
			refusal.UserNamespace(procfs.Root))
	case confinement.Why != "":
		return remedied(confinement)
	}
	return "the namespace may belong to a user namespace outside of this process's"
}

// add says, after what must be so, what may be in the way of it.
func add(text string, reason refusal.Reason) string {
	if reason.Why == "" {
		return text
	}
	return text + "; what may be in the way of that: " + remedied(reason)
}

// remedied says why, and what helps if that is known.
func remedied(reason refusal.Reason) string {
	if reason.Remedy == "" {
		return reason.Why
	}
	return reason.Why + "; try: " + reason.Remedy
}

func hintLimit(flags int) string {
	var limits, exhausted []string
	for _, k := range kind.Table {
		if flags&k.Flag == 0 {
			continue
		}
		value, err := procfs.Sysctl(procfs.Root, refusal.MaxNamespaces(k.Name))
		if err != nil {
			value = "unknown"
		}
		if value == "0" {
			exhausted = append(exhausted, k.Name)
		}
		limits = append(limits, refusal.MaxNamespaces(k.Name)+" is "+value)
	}
	text := strings.Join(limits, ", ")
	if exhausted != nil {
		return text + "; try: " + refusal.RaiseLimit(exhausted...)
	}
	return text + "; close what is no longer needed, or raise it; " +
		"the kernel takes a moment to destroy old ones, and the limits of outer user namespaces count too"
}
