// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
)

func limitNet() error  { return write("/proc/sys/user/max_net_namespaces", "0") }
func limitUser() error { return write("/proc/sys/user/max_user_namespaces", "0") }

// limitThenRemedy does what the answer says will help.
func limitThenRemedy() error {
	if err := limitNet(); err != nil {
		return err
	}
	remedy := probe.Named("limits").Remedy
	setting, value, _ := strings.Cut(strings.TrimPrefix(remedy, "sudo sysctl -w "), "=")
	return write("/proc/sys/"+strings.ReplaceAll(setting, ".", "/"), value)
}

func write(name, text string) error { return os.WriteFile(name, []byte(text), 0) }

func denyUnshare() error     { return deny(unix.SYS_UNSHARE) }
func denyMount() error       { return deny(unix.SYS_MOUNT) }
func denyIoctl() error       { return deny(unix.SYS_IOCTL) }
func denySethostname() error { return deny(unix.SYS_SETHOSTNAME) }
func denyShmget() error      { return deny(unix.SYS_SHMGET) }
func denyExecve() error      { return deny(unix.SYS_EXECVE) }

// deny installs a seccomp filter that makes a system call fail with EPERM, on all
// threads.
func deny(call uint32) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return nil
}

// coverProc does to /proc what containers do.
func coverProc() error { return unix.Mount("/dev/null", "/proc/version", "", unix.MS_BIND, "") }

// hideTun takes the device file away, and leaves an empty folder.
func hideTun() error { return unix.Mount("tmpfs", "/dev/net", "tmpfs", 0, "") }

// chrootBare goes into a folder that has nothing but /proc.
func chrootBare() error {
	dir, err := os.MkdirTemp("", "probe-test-")
	if err != nil {
		return err
	}
	proc := filepath.Join(dir, "proc")
	return errors.Join(
		os.Mkdir(proc, 0o755),
		unix.Mount("/proc", proc, "", unix.MS_BIND|unix.MS_REC, ""),
		unix.Chroot(dir),
		os.Chdir("/"),
	)
}

// nobody is a user whom every machine knows; newuidmap serves no other.
const nobody = 65534

// grantSubIDs puts files over /etc/subuid and /etc/subgid, and becomes the user
// whom they have a range for.
func grantSubIDs() error {
	for _, name := range []string{"/etc/subuid", "/etc/subgid"} {
		file, err := os.CreateTemp("", "probe-test-")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(file, "somebody:100000:65536\n%d:200000:65536\n%[1]d:400000:10\n", nobody)
		if err = errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
			return err
		}
		err = unix.Mount(file.Name(), name, "", unix.MS_BIND, "")
		if err = errors.Join(err, os.Remove(file.Name())); err != nil {
			return err
		}
	}
	if err := errors.Join(unix.Setgroups(nil), unix.Setresgid(nobody, nobody, nobody),
		unix.Setresuid(nobody, nobody, nobody)); err != nil {
		return err
	}
	return again()
}

// grantSubIDsInVain has them granted to a process that no program gives more
// privileges.
func grantSubIDsInVain() error {
	runtime.LockOSThread() // it is a property of the thread
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return grantSubIDs()
}

// limitThenDeeper goes into one more user namespace.
func limitThenDeeper() error {
	if err := limitNet(); err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), scenarioVar+"=as it is")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = userRoot(0)
	if err := cmd.Run(); err != nil {
		return err
	}
	os.Exit(0)
	return nil
}

// noWay leaves neither CAP_SYS_ADMIN nor a user namespace to have it in.
func noWay() error {
	if err := limitUser(); err != nil {
		return err
	}
	runtime.LockOSThread() // it is the thread that loses the capability
	if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_ADMIN, 0, 0, 0); err != nil {
		return err
	}
	return again()
}

// again executes this program once more, with what the scenario left to it.
func again() error {
	if err := os.Setenv(scenarioVar, "as it is"); err != nil {
		return err
	}
	return unix.Exec("/proc/self/exe", os.Args, os.Environ())
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
