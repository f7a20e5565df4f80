// SPDX-License-Identifier: Apache-2.0

package set

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// hint says what is known about the cause of an error and what helps. It looks
// at the machine only once something has failed.
func hint(op string, flags int, err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return ""
	}
	switch errno {
	case syscall.EPERM, syscall.EACCES:
		return hintPrivilege(flags)
	case syscall.ENOSPC:
		return hintLimit(flags)
	case syscall.EMFILE:
		return "the process has as many files open as RLIMIT_NOFILE allows; close Sets, or raise ulimit -n"
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

// What /proc/TID/status and the sysctls tell about a refusal.
const (
	capSysAdmin   = 21 // capabilities(7)
	seccompFilter = "2"
)

func hintPrivilege(flags int) string {
	status := readStatus()
	if caps, err := strconv.ParseUint(status["CapEff"], 16, 64); err != nil || caps&(1<<capSysAdmin) == 0 {
		if restricted := readSysctl("kernel/apparmor_restrict_unprivileged_userns"); restricted == "1" {
			return "AppArmor denies the capabilities of an unprivileged user namespace; " +
				"try: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
		}
		if allowed := readSysctl("kernel/unprivileged_userns_clone"); allowed == "0" && flags&NS_USER != 0 {
			return "unprivileged user namespaces are switched off; try: sudo sysctl kernel.unprivileged_userns_clone=1"
		}
		return "the process has no CAP_SYS_ADMIN; run it as root, or in a user namespace as nstest.Main and gonso exec do"
	}
	if status["Seccomp"] == seccompFilter {
		return "a seccomp filter of the container may forbid it; in Docker try --security-opt seccomp=unconfined"
	}
	return "the namespace may belong to a user namespace outside of this process's"
}

func hintLimit(flags int) string {
	var limits []string
	for _, k := range kinds {
		if flags&k.flag == 0 {
			continue
		}
		name := "max_" + k.name + "_namespaces"
		limits = append(limits, fmt.Sprintf("user.%s is %s", name, readSysctl("user/"+name)))
	}
	return strings.Join(limits, ", ") + "; close what is no longer needed, or raise it; " +
		"the kernel takes a moment to destroy old ones, and the limits of outer user namespaces count too"
}

func readStatus() map[string]string {
	fields := make(map[string]string)
	text, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return fields // no hint is better than a wrong one
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}

// readSysctl returns a setting, or "unknown" where the kernel has none.
func readSysctl(name string) string {
	text, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}
