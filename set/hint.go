// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// hint says what is known about the cause of an error and what helps.
func hint(op string, flags int, err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return ""
	}
	if text := denial.Exhausted(op, err); text != "" {
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
	case syscall.ERANGE:
		if flags&NS_TIME != 0 {
			return "no clock may be before this machine has booted, or 146 years after that"
		}
	case syscall.EINVAL:
		if op == "set the propagation of" {
			return remedied(denial.Propagation(procfs.Root))
		}
		if op == "mount" && flags&NS_MNT != 0 {
			return "a mount namespace can be bound only in an elder one, and on a private mount"
		}
	}
	return ""
}

// hintPrivilege says what a process without privileges lacks, or what takes them
// from one that has them.
func hintPrivilege(op string, flags int) string {
	if op == "open" || op == "current" {
		return add("the namespaces of a process open to those only who may trace it (namespaces(7))", denial.Confinement(procfs.Root))
	}
	lacksCapability, reason, err := denial.Namespaces(procfs.Root, flags)
	switch {
	case err != nil:
		return "" // no hint is better than a wrong one
	case lacksCapability:
		return add("the process has no CAP_SYS_ADMIN; run it as root, or in a user namespace as nstest.Main and gonso exec do",
			denial.UserNamespace(procfs.Root))
	case reason.Why != "" || flags&NS_USER != 0:
		return remedied(reason)
	}
	return "the namespace may belong to a user namespace outside of this process's"
}

// add says, after what must be so, what may be in the way of it.
func add(text string, reason denial.Reason) string {
	if reason.Why == "" {
		return text
	}
	return text + "; what may be in the way of that: " + remedied(reason)
}

// remedied says why, and what helps if that is known.
func remedied(reason denial.Reason) string {
	if reason.Remedy == "" {
		return reason.Why
	}
	return reason.Why + "; try: " + reason.Remedy
}

func hintLimit(flags int) string {
	var texts, exhausted []string
	for _, limit := range denial.Limits(procfs.Root, flags) {
		value := limit.Value
		if limit.Err != nil {
			value = "unknown"
		}
		texts = append(texts, limit.Setting+" is "+value)
		if limit.Zero() {
			exhausted = append(exhausted, limit.Kind)
		}
	}
	text := strings.Join(texts, ", ")
	if exhausted != nil {
		return text + "; try: " + denial.RaiseLimit(exhausted...)
	}
	return text + "; close what is no longer needed, or raise it; " +
		"the kernel takes a moment to destroy old ones, and the limits of outer user namespaces count too"
}
