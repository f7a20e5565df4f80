// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// tryUser makes a user namespace, maps root to the caller, and then does as root
// what takes capabilities: make a mount namespace and change how it propagates.
func tryUser() Result {
	attr := rootMapped()
	attr.UidMappings, attr.GidMappings = nil, nil
	if err := inChild(attr); err != nil {
		return answer(kind.User, fmt.Errorf("create a user namespace: %w", err))
	}
	if err := inChild(rootMapped()); err != nil {
		return answer(kind.User, fmt.Errorf("map root to the caller in a new user namespace: %w", err))
	}
	return capable(kind.Mnt, kind.Mnt)
}

// capable reports whether root in a new user namespace can make further namespaces
// of the kinds in flags, of which a limit is blamed on the given one.
func capable(flags uintptr, blamed int) Result {
	attr := rootMapped()
	attr.Unshareflags = flags
	err := inChild(attr)
	if err != nil {
		err = fmt.Errorf("unshare as root of a new user namespace: %w", err)
	}
	if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) {
		return answer(blamed, err)
	}
	if !denial.SeccompForbids() {
		err = fmt.Errorf("%w: a user namespace can be created, but its root is denied the capabilities", err)
	}
	return because(err, denial.Confinement(procfs.Root))
}

// tryRootless makes one namespace of each kind that the kernel has as root in a
// new user namespace: first all together, and if that fails, one by one to see
// which it was.
func tryRootless() Result {
	if user := Named("user"); user.OK != Yes {
		return without(user)
	}
	var flags []int
	var all uintptr
	for _, flag := range kind.Each(kind.All &^ kind.User) {
		if kernelHas(flag) {
			flags = append(flags, flag)
			all |= uintptr(flag)
		}
	}
	r := capable(all, kind.Mnt)
	if r.OK == Yes {
		return r
	}
	for _, flag := range flags {
		if one := capable(uintptr(flag), flag); one.OK != Yes {
			one.Name = kind.Name(flag)
			return without(one)
		}
	}
	return r
}

// ofKind is the check of a kind of namespace: to make one, and to use it in there.
func ofKind(flag int, use func() error) *check {
	return &check{name: kind.Name(flag), try: func() Result { return answer(flag, inNew(flag, use)) }}
}

// bringLoUp takes CAP_NET_ADMIN in there.
func bringLoUp() error {
	if err := sys.InterfaceUp("lo"); err != nil {
		return fmt.Errorf("bring lo up in a new namespace: %w", err)
	}
	return nil
}

func mountTmpfs() error {
	if err := sys.Mount("tmpfs", mountPoint, "tmpfs", sys.NoSuid|sys.NoDev, "size=64k,mode=0700"); err != nil {
		return fmt.Errorf("mount a tmpfs in a new namespace: %w", err)
	}
	return nil
}

// startProcess starts the first one in there.
func startProcess() error {
	if err := inChild(syscall.SysProcAttr{}); err != nil {
		return fmt.Errorf("start a process in a new namespace: %w", err)
	}
	return nil
}

func makeSharedMemory() error {
	if _, err := sys.NewSharedMemory(); err != nil {
		return fmt.Errorf("shmget in a new namespace: %w", err)
	}
	return nil
}

func setHostname() error {
	if err := sys.SetHostname("gonso-probe"); err != nil {
		return fmt.Errorf("sethostname in a new namespace: %w", err)
	}
	return nil
}

// findCgroupRoot looks whether the thread is at the root of what it sees.
func findCgroupRoot() error {
	text, err := os.ReadFile("/proc/thread-self/cgroup")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if path := strings.SplitN(line, ":", 3); len(path) == 3 && path[2] != "/\n" {
			return fmt.Errorf("a new namespace shows cgroup %q instead of /: %w", line, unix.ENOTSUP)
		}
	}
	return nil
}

// setClock sets the clock of future processes one second ahead.
func setClock() error {
	// The file is a process's, but a thread's ID leads to it as well.
	offsets := fmt.Sprintf("/proc/%d/timens_offsets", sys.Gettid())
	if err := os.WriteFile(offsets, []byte("monotonic 1 0\n"), 0); err != nil {
		return fmt.Errorf("set a clock in a new namespace: %w", err)
	}
	return nil
}
