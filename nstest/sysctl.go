// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/inside"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Sysctl returns a setting of the kernel as it is in the fixture's namespaces, such as
// net.ipv4.ip_forward. Names are those of sysctl(8): the parts are separated by dots, and a slash stands
// for a dot inside of a part, or the other way round: net.ipv4.conf.eth0/100.forwarding is
// net/ipv4/conf/eth0.100/forwarding.
func (f *Fixture) Sysctl(name string) string {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	var value string
	err := in.atSysctl(name, func(path string) error {
		text, err := os.ReadFile(procfs.Root + "/sys/" + path)
		value = strings.TrimSuffix(string(text), "\n")
		return err
	})
	if err != nil {
		tb.Fatalf("nstest: %s: read sysctl %s: %v", in.Name, name, err)
	}
	return value
}

// SetSysctl changes a setting of the kernel in the fixture's namespaces, see [Fixture.Sysctl] for the name. The
// setting has to be one of a network, uts or ipc namespace that the fixture has. All others belong to the whole
// machine, and the test fails.
func (f *Fixture) SetSysctl(name, value string) {
	tb := f.reporter()
	tb.Helper()
	in := f.instance(tb)
	if err := in.atSysctl(name, func(path string) error { return writeSysctl(path, value) }); err != nil {
		tb.Fatalf("nstest: %s: set sysctl %s to %q: %v", in.Name, name, value, err)
	}
}

// writeSysctl writes a setting of the calling thread's namespaces. Only root of the machine may open the
// files of a uts namespace's names for writing, but root of its user namespace may call sethostname(2).
func writeSysctl(path, value string) error {
	switch path {
	case "kernel/hostname":
		return os.NewSyscallError("sethostname", sys.SetHostname(value))
	case "kernel/domainname":
		return os.NewSyscallError("setdomainname", sys.SetDomainname(value))
	}
	return nssetup.SetSysctl(path, value)
}

// atSysctl runs f on a thread in the fixture's namespace that a setting belongs to, and in no other, so
// that /proc is this process's.
func (in *instance) atSysctl(name string, f func(path string) error) error {
	path, err := sysctlPath(name)
	if err != nil {
		return err
	}
	kind := sysctlKind(path)
	if kind == 0 {
		return fmt.Errorf("it is no setting of a network, uts or ipc namespace, but the whole machine's: %w", os.ErrInvalid)
	}
	if flags := in.Set.Flags(); flags&kind == 0 {
		return fmt.Errorf("the fixture has no %s namespace, only %s", set.KindNames(kind), set.KindNames(flags))
	}
	return inside.DoIn(in.Set, kind, func() error { return explainSysctl(f(path)) })
}

func explainSysctl(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: this kernel has no such setting for a namespace, or it comes with a module that is not loaded", err)
	case errors.Is(err, syscall.EROFS):
		if remedy := denial.Masks(procfs.Root).Remedy; remedy != "" {
			return fmt.Errorf("%w; try: %s", err, remedy)
		}
	case errors.Is(err, fs.ErrPermission):
		if reason := denial.Confinement(procfs.Root); reason.Remedy != "" {
			return fmt.Errorf("%w: it may be that %s; try: %s", err, reason.Why, reason.Remedy)
		}
		return fmt.Errorf("%w: the kernel lets only root of the machine do so, in the first namespace of its kind or in all", err)
	case errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("%w: the kernel takes no such value", err)
	}
	return err
}

// sysctlPath returns the path below /proc/sys. As for sysctl(8), the separator is the first that comes.
func sysctlPath(name string) (string, error) {
	path := name
	if i := strings.IndexAny(name, "./"); i >= 0 && name[i] == '.' {
		path = strings.NewReplacer(".", "/", "/", ".").Replace(name)
	}
	if !fs.ValidPath(path) || path == "." {
		return "", fmt.Errorf("that is no name of a setting, such as net.ipv4.ip_forward: %w", os.ErrInvalid)
	}
	return path, nil
}

// sysctlKinds are the settings that namespaces have, by the beginnings of their paths (network_namespaces(7),
// uts_namespaces(7), ipc_namespaces(7)).
var sysctlKinds = []struct {
	kind   int
	prefix string
}{
	{set.NS_NET, "net/"},
	{set.NS_UTS, "kernel/hostname"}, {set.NS_UTS, "kernel/domainname"},
	{set.NS_IPC, "kernel/shm"}, {set.NS_IPC, "kernel/msg"}, {set.NS_IPC, "kernel/sem"}, {set.NS_IPC, "kernel/auto_msgmni"},
	{set.NS_IPC, "fs/mqueue/"},
}

// sysctlKind returns the kind of namespace that a setting belongs to, or 0.
func sysctlKind(path string) int {
	for _, k := range sysctlKinds {
		if strings.HasPrefix(path, k.prefix) {
			return k.kind
		}
	}
	return 0
}
