// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/deny"
	"github.com/seed-1bc5c4a2/gonso/internal/probe"
)

func limitNet() error  { return write("/proc/sys/user/max_net_namespaces", "0") }
func limitUser() error { return write("/proc/sys/user/max_user_namespaces", "0") }

func write(name, text string) error { return os.WriteFile(name, []byte(text), 0) }

func denyUnshare() error     { return deny.Calls(unix.EPERM, unix.SYS_UNSHARE) }
func denyMount() error       { return deny.Calls(unix.EPERM, unix.SYS_MOUNT) }
func denyIoctl() error       { return deny.Calls(unix.EPERM, unix.SYS_IOCTL) }
func denySethostname() error { return deny.Calls(unix.EPERM, unix.SYS_SETHOSTNAME) }
func denyShmget() error      { return deny.Calls(unix.EPERM, unix.SYS_SHMGET) }
func denyExecve() error      { return deny.Calls(unix.EPERM, unix.SYS_EXECVE) }

// coverProc does to /proc what containers do.
func coverProc() error { return unix.Mount("/dev/null", "/proc/version", "", unix.MS_BIND, "") }

// hideTun takes the device file away, and leaves an empty folder.
func hideTun() error { return unix.Mount("tmpfs", "/dev/net", "tmpfs", 0, "") }

// closeTun leaves a device file for root alone. Where devices cannot be made it is
// a plain file, which can be opened just as little.
func closeTun() error {
	const name = "/dev/net/tun"
	if err := unix.Mount("tmpfs", "/dev/net", "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	err := unix.Mknod(name, unix.S_IFCHR|0o600, int(unix.Mkdev(10, 200)))
	if errors.Is(err, unix.EPERM) {
		err = os.WriteFile(name, nil, 0o600)
	}
	return err
}

// chrootBare goes into a folder that has nothing but /proc.
func chrootBare() error {
	dir, err := bare()
	return errors.Join(err, unix.Chroot(dir), os.Chdir("/"))
}

// bare makes the folder, in a file system that goes with this mount namespace.
func bare() (dir string, err error) {
	dir = os.TempDir() + "/bare"
	return dir, errors.Join(
		unix.Mount("tmpfs", os.TempDir(), "tmpfs", 0, "mode=755"),
		os.MkdirAll(dir+"/proc", 0o755),
		unix.Mount("/proc", dir+"/proc", "", unix.MS_BIND|unix.MS_REC, ""),
	)
}

// chrootWithoutPrivilege goes there without CAP_SYS_ADMIN. It takes two steps: in
// there, a program may miss its libraries.
func chrootWithoutPrivilege() error {
	const dirVar = "PROBE_TEST_CHROOT"
	if dir, inside := os.LookupEnv(dirVar); inside {
		return errors.Join(unix.Chroot(dir), os.Chdir("/"))
	}
	dir, err := bare()
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return os.Setenv(dirVar, dir) },
		func() error { return dropPrivilege("chroot, no privilege") },
	)
}

// inOrder takes steps of which the last may not come back.
func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// limitThenDeeper goes into one more user namespace.
func limitThenDeeper() error {
	return inOrder(limitNet, func() error { return deeper("as it is") })
}

// deepestWithoutPrivilege goes into the last user namespace that there may be.
func deepestWithoutPrivilege() error {
	return inOrder(
		func() error { return write("/proc/sys/user/max_user_namespaces", "1") },
		func() error { return deeper("no privilege") },
	)
}

// deeper runs a scenario in a user namespace of this one, and ends.
func deeper(scenario string) error {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), scenarioVar+"="+scenario)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = userRoot(0)
	if err := cmd.Run(); err != nil {
		return err
	}
	os.Exit(0)
	return nil
}

// noPrivilege leaves no CAP_SYS_ADMIN, and everything else.
func noPrivilege() error { return dropPrivilege("as it is") }

// noWay leaves neither CAP_SYS_ADMIN nor a user namespace to have it in.
func noWay() error { return inOrder(limitUser, noPrivilege) }

// dropPrivilege executes this program once more, without CAP_SYS_ADMIN, for another
// scenario.
func dropPrivilege(scenario string) error {
	runtime.LockOSThread() // it is the thread that loses the capability
	return inOrder(
		func() error { return unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_ADMIN, 0, 0, 0) },
		func() error { return os.Setenv(scenarioVar, scenario) },
		func() error { return unix.Exec("/proc/self/exe", os.Args, os.Environ()) },
	)
}

// probeWithFewDescriptors expects an answer that is not kept, and leaves room for
// another try.
func probeWithFewDescriptors() error {
	// The poller of the runtime has its descriptors first.
	if file, err := os.Open(os.DevNull); err != nil || file.Close() != nil {
		return errors.Join(err, errors.New("no /dev/null"))
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: old.Max}); err != nil {
		return err
	}
	r := probe.Named("net")
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		return err
	}
	if r.OK != probe.Inconclusive || !errors.Is(r.Cause, unix.EMFILE) {
		return fmt.Errorf("without descriptors: %v", r)
	}
	return nil
}

func probeThenDeny() error {
	if r := probe.Named("uts"); r.OK != probe.Yes {
		return fmt.Errorf("before: %v", r)
	}
	return denyUnshare()
}

func probeAndStayDumpable() error {
	for _, r := range probe.All() {
		if is, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); is != 1 || err != nil {
			return fmt.Errorf("after %v: dumpable is %d (%w)", r, is, err)
		}
	}
	return nil
}
