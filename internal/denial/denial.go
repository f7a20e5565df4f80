// SPDX-License-Identifier: Apache-2.0

// Package denial says what keeps this process from namespaces, as far as anything
// tells, and what helps:
//
//	r := denial.UserNamespace(procfs.Root)
//	fmt.Println(r.Why)    // kernel.unprivileged_userns_clone is 0
//	fmt.Println(r.Remedy) // sudo sysctl -w kernel.unprivileged_userns_clone=1
//
// It is asked after something has been refused. It states what it sees and does
// not try: whether a machine allows something is found out by doing it.
package denial

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Reason is why something is refused. It is zero if nothing tells.
type Reason struct{ Why, Remedy string }

func seccomp(root string) Reason {
	return Reason{"a seccomp filter forbids unshare(2), as that of a container does", DropSeccomp(root)}
}

// UserNamespace tells why a process without privileges cannot make a user
// namespace, or cannot be root in it.
func UserNamespace(root string) Reason {
	switch {
	case SeccompForbids():
		return seccomp(root)
	case is(root, UsernsClone, "0"):
		return Reason{UsernsClone + " is 0", AllowUserns}
	case is(root, MaxNamespaces("user"), "0"):
		return Reason{MaxNamespaces("user") + " is 0", RaiseLimit("user")}
	case chrooted(root):
		return Reason{"the process is in a chroot, where no user namespace can be made (user_namespaces(7))", ""}
	}
	return Confinement(root)
}

// Numbers of capabilities(7).
const (
	capNetAdmin = 12
	capSysAdmin = 21
)

// LacksNetAdmin reports whether the process has no CAP_NET_ADMIN in its user namespace: it may make network
// namespaces by CAP_SYS_ADMIN, and change nothing in them. systemd-nspawn gives containers in the machine's network just this.
func LacksNetAdmin(root string) (bool, error) {
	caps, err := procfs.Effective(root, procfs.ThreadSelf)
	return caps&(1<<capNetAdmin) == 0, err
}

// Namespaces tells why namespaces of the kinds in flags cannot be made or joined (EPERM). Where the
// process has no CAP_SYS_ADMIN in its user namespace that is all there is to say.
func Namespaces(root string, flags int) (lacksCapability bool, reason Reason, err error) {
	if flags&kind.User != 0 {
		return false, UserNamespace(root), nil
	}
	caps, err := procfs.Effective(root, procfs.ThreadSelf)
	if err != nil || caps&(1<<capSysAdmin) == 0 {
		return err == nil, Reason{}, err
	}
	return false, Confinement(root), nil
}

// Confinement tells what is in the way of a process that has the capabilities
// for what it does in its user namespace.
func Confinement(root string) Reason {
	label := procfs.SecurityLabel(root, procfs.ThreadSelf)
	profile, enforced := strings.CutSuffix(label, " (enforce)")
	switch {
	case SeccompForbids():
		return seccomp(root)
	case is(root, RestrictUserns, "1") && (!enforced || profile == ubuntus):
		return Reason{"AppArmor denies the capabilities of user namespaces, since " + RestrictUserns + " is 1", RelaxUserns}
	case enforced:
		return Reason{fmt.Sprintf("AppArmor confines the process by the profile %q", profile), unload(root, profile)}
	case hasFilter(root):
		return Reason{"a seccomp filter is on the process", DropSeccomp(root)}
	case label != "" && !strings.Contains(label, "unconfined") && !strings.HasSuffix(label, " (complain)"):
		return Reason{fmt.Sprintf("a security module confines the process by the label %q", label), ""}
	}
	return Reason{}
}

// ubuntus is the profile of user namespaces that [RestrictUserns] denies the
// capabilities.
const ubuntus = "unprivileged_userns"

// SeccompForbids reports whether unshare(2) is forbidden to everybody. Without
// flags it does nothing, and nothing but a filter makes it fail.
func SeccompForbids() bool {
	err := sys.Unshare(0)
	return err != nil && !errors.Is(err, errors.ErrUnsupported)
}

// is reports whether a setting has that value. Kernels without it have none.
func is(root, setting, value string) bool {
	text, err := procfs.Sysctl(root, setting)
	return err == nil && text == value
}

// hasFilter reports whether the process is in the mode SECCOMP_MODE_FILTER.
func hasFilter(root string) bool {
	mode, err := procfs.Status(root, procfs.ThreadSelf, "Seccomp")
	return err == nil && mode == "2"
}

// enterOtherwise makes a folder the root as a mount of its own, which chroot(2) does not.
const enterOtherwise = "bwrap --bind DIR / --dev /dev --proc /proc --bind /sys /sys ..., in place of chroot"

// Propagation says why the propagation of the mounts from the root on cannot be set (EINVAL).
func Propagation(root string) Reason {
	if chrooted(root) {
		return Reason{"the process is in a chroot, whose root is no mount", enterOtherwise}
	}
	return Reason{}
}

// chrooted reports whether the root is no mount, which a process that was not
// chrooted always has.
func chrooted(root string) bool {
	mounts, err := procfs.Mounts(root, procfs.Self)
	if err != nil {
		return false
	}
	for _, m := range mounts {
		if m.Target == "/" {
			return false
		}
	}
	return true
}

// isPlain reports whether a name needs no quotes in a shell.
func isPlain(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_./-", r)
	})
}

// unload returns what takes a profile from everything that it confines.
func unload(root, profile string) string {
	switch {
	case profile == "docker-default":
		return here(root).appArmor
	case !isPlain(profile): // a stack of several, or one inside a container
		return ""
	}
	return fmt.Sprintf("echo -n %s | sudo tee /sys/kernel/security/apparmor/.remove", profile)
}
