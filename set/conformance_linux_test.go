// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// facade has the constant that package gonso exports for each kind.
var facade = map[string]int{
	"cgroup": gonso.NS_CGROUP, "ipc": gonso.NS_IPC, "mnt": gonso.NS_MNT, "net": gonso.NS_NET,
	"pid": gonso.NS_PID, "time": gonso.NS_TIME, "user": gonso.NS_USER, "uts": gonso.NS_UTS,
}

// Every row of the kind table must hold all of this.
func TestConformance(t *testing.T) {
	each(t, kind.All, func(t *testing.T, name string, flag int) {
		t.Run("is exported", func(t *testing.T) {
			if facade[name] != flag || set.KindNames(flag) != name {
				t.Errorf("gonso has %#x for it and set calls it %q, want %#x", facade[name], set.KindNames(flag), flag)
			}
		})
		t.Run("is the kernel's", func(t *testing.T) {
			for _, path := range []string{"/proc/self/ns/" + name, "/proc/sys/user/max_" + name + "_namespaces"} {
				if _, err := os.Lstat(path); err != nil {
					t.Error(err)
				}
			}
		})
		s := newOf(t, flag)
		t.Run("has an identity", func(t *testing.T) { conformIdentity(t, s, name, flag) })
		t.Run("is joined by threads as the table says", func(t *testing.T) { conformThread(t, s, flag) })
		t.Run("is joined by processes", func(t *testing.T) { conformProcess(t, s, name, flag) })
		t.Run("is handed on", func(t *testing.T) { conformHandOver(t, s, flag) })
		t.Run("makes others", func(t *testing.T) {
			more := closing(t)(s.Unshare(set.NS_UTS))
			if flag != set.NS_UTS && id(t, more, flag) != id(t, s, flag) {
				t.Errorf("made %s from %s, want the same %s", more, s, name)
			}
		})
	})
}

// newOf makes a new namespace of a kind.
func newOf(t *testing.T, flag int) set.Set {
	if flag == set.NS_USER {
		return unshare(t, flag, set.WithRootMapped())
	}
	return unshare(t, flag)
}

func conformIdentity(t *testing.T, s set.Set, name string, flag int) {
	if got := id(t, s, flag); !strings.HasPrefix(got, name+":[") || got == here(t, name) {
		t.Errorf("a new one is %s, the process's %s", got, here(t, name))
	}
	if owner, err := s.Owner(flag); err != nil || owner != os.Geteuid() {
		t.Errorf("owned by %d (%v), want %d", owner, err, os.Geteuid())
	}
	here := closing(t)(set.Current(flag))
	if same, err := s.Same(here, flag); same || err != nil {
		t.Errorf("the same as the process's: %v (%v)", same, err)
	}
}

func conformThread(t *testing.T, s set.Set, flag int) {
	thread := flag&kind.Thread != 0
	err := s.Do(func() {
		link := kind.Table[kind.Index(flag)].Link
		if got := here(t, link); got != id(t, s, flag) {
			t.Errorf("f runs in %s, want %s", got, s)
		}
	})
	switch {
	case thread && err != nil:
		t.Error(err)
	case !thread && !errors.Is(err, set.ErrNeedsProcess):
		t.Errorf("%v, want ErrNeedsProcess", err)
	}
}

func conformProcess(t *testing.T, s set.Set, name string, flag int) {
	cat := s.Command(t.Context(), "cat")
	in, err := cat.StdinPipe()
	noError(t, err)
	noError(t, cat.Start())
	got, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", cat.Process.Pid, name))
	noError(t, err)
	if got != id(t, s, flag) {
		t.Errorf("the process is in %s, want %s", got, s)
	}
	noError(t, in.Close())
	noError(t, cat.Wait())
}

func conformHandOver(t *testing.T, s set.Set, flag int) {
	fds, err := s.Fds(flag)
	noError(t, err)
	defer fds.Close()
	again := closing(t)(set.FromFds(fds))
	dir := t.TempDir()
	mounts := unshare(t, set.NS_MNT)
	noError(t, mounts.Do(func() {
		if flag != set.NS_MNT { // for which TestMountOfAMountNamespace takes more
			noError(t, s.Mount(dir))
			again = closing(t)(set.FromDir(dir, flag))
		}
	}))
	if same, err := s.Same(again, flag); !same || err != nil {
		t.Errorf("%s became %s (%v)", s, again, err)
	}
}

// What the Set mounted is what the system's own tools enter.
func TestMountedNamespacesAreEnteredByOtherTools(t *testing.T) {
	need.Tool(t, "ip", "iproute2")
	need.Tool(t, "nsenter", "util-linux")
	need.Tool(t, "lsns", "util-linux")
	s := unshare(t, set.NS_NET|set.NS_MNT)
	noError(t, os.MkdirAll("/run/netns", 0o755))
	noError(t, s.Do(func() {
		noError(t, unix.Mount("none", "/run/netns", "tmpfs", 0, ""))
		net := closing(t)(s.Dup(set.NS_NET))
		noError(t, net.MountNS(0, "/run/netns/mine"))
		for _, command := range []string{
			"ip netns exec mine readlink /proc/self/ns/net",
			"nsenter --net=/run/netns/mine readlink /proc/self/ns/net",
		} {
			args := strings.Fields(command)
			out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != id(t, s, set.NS_NET) {
				t.Errorf("%s: %s (%v), want %s", command, got, err, s)
			}
		}
		// It gives up when one of the machine's processes ends while it looks.
		gomega.NewWithT(t).Eventually(func() (string, error) {
			out, err := exec.Command("lsns", "-n", "-t", "net", "-o", "NSFS").CombinedOutput()
			return string(out), err
		}, "10s").Should(gomega.ContainSubstring("/run/netns/mine"), "what lsns lists")
	}))
}

// A Set is handed to another process over a unix socket and used there.
func TestASetTravelsOverAUnixSocket(t *testing.T) {
	s := unshare(t, set.NS_UTS|set.NS_NET)
	fds, err := s.Fds(0)
	noError(t, err)
	defer fds.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	noError(t, err)
	defer unix.Close(pair[0]) // a test's
	defer unix.Close(pair[1]) // a test's
	var sent []int
	for _, f := range fds {
		sent = append(sent, int(f.Fd()))
	}
	noError(t, unix.Sendmsg(pair[0], []byte("set"), unix.UnixRights(sent...), nil, 0))

	buffer := make([]byte, unix.CmsgSpace(4*len(sent)))
	_, n, _, _, err := unix.Recvmsg(pair[1], make([]byte, 8), buffer, unix.MSG_CMSG_CLOEXEC)
	noError(t, err)
	messages, err := unix.ParseSocketControlMessage(buffer[:n])
	noError(t, err)
	numbers, err := unix.ParseUnixRights(&messages[0])
	noError(t, err)
	received := make(set.FdSet)
	for _, number := range numbers {
		f := os.NewFile(uintptr(number), fmt.Sprint(number))
		// Which is which, the receiver asks the kernel (ioctl_ns(2), NS_GET_NSTYPE).
		flag, err := unix.IoctlRetInt(number, 0xb703)
		noError(t, err)
		received[flag] = f
	}
	defer received.Close()
	again := closing(t)(set.FromFds(received))
	noError(t, s.Close())
	noError(t, again.Do(func() {
		if here(t, "net") != id(t, again, set.NS_NET) || here(t, "uts") != id(t, again, set.NS_UTS) {
			t.Error("not in the namespaces that were handed over")
		}
	}))
}

func TestFromPidOfAProcessInASet(t *testing.T) {
	s := unshare(t, set.NS_UTS|set.NS_NET)
	cmd := s.Command(t.Context(), "cat")
	in, err := cmd.StdinPipe()
	noError(t, err)
	noError(t, cmd.Start())
	its := closing(t)(set.FromPid(cmd.Process.Pid, 0))
	if id(t, its, set.NS_NET) != id(t, s, set.NS_NET) || its.Flags()&set.NS_USER != 0 {
		t.Errorf("the process is in %s, want %s", its, s)
	}
	noError(t, in.Close())
	noError(t, cmd.Wait())
}

func FuzzFromDir(f *testing.F) {
	f.Add("net", "/proc/self/ns/net", 0)
	f.Add("net", "/proc/self/ns/uts", set.NS_NET)
	f.Add("mnt", "/dev/null", set.NS_MNT)
	f.Add("user", "/proc/self/ns/user", set.NS_USER)
	f.Add("../net", "relative", -1)
	f.Fuzz(func(t *testing.T, name, target string, flags int) {
		dir := t.TempDir()
		// What makes no file name, and no link, is a folder without files.
		_ = os.Symlink(target, filepath.Join(dir, filepath.Base(name)))
		files := openFiles(t)
		s, err := set.FromDir(dir, flags)
		if err == nil {
			for _, flag := range set.Kinds(s.Flags()) {
				if got := id(t, s, flag); !strings.HasPrefix(got, set.KindNames(flag)+":[") {
					t.Errorf("%s -> %s is taken for %s", name, target, got)
				}
			}
			noError(t, s.Close())
		}
		if now := openFiles(t); now != files {
			t.Errorf("%d descriptors are open, want %d", now, files)
		}
	})
}

func FuzzFlags(f *testing.F) {
	for _, k := range kind.Table {
		f.Add(k.Flag)
	}
	f.Add(0)
	f.Add(-1)
	s, err := set.Unshare(set.NS_UTS | set.NS_NET)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { noError(f, s.Close()) })
	f.Fuzz(func(t *testing.T, flags int) {
		_ = set.KindNames(flags)
		dup, err := s.Dup(flags)
		if valid := flags&^(set.NS_UTS|set.NS_NET) == 0; valid != (err == nil) {
			t.Errorf("Dup(%#x): %v", flags, err)
		}
		noError(t, dup.Close())
		if _, err := s.ID(flags); (err == nil) != (flags == set.NS_UTS || flags == set.NS_NET) {
			t.Errorf("ID(%#x): %v", flags, err)
		}
	})
}

func FuzzIDMaps(f *testing.F) {
	f.Add(0, 1000, 1, 1, 100000, 65536)
	f.Add(0, 0, 0, 0, 0, 0)
	f.Add(-1, 5, 1, 0, math.MaxInt32, 10)
	f.Fuzz(func(t *testing.T, in, out, size, in2, out2, size2 int) {
		maps := []set.IDMap{{ContainerID: in, HostID: out, Size: size}, {ContainerID: in2, HostID: out2, Size: size2}}
		// Without the kind nothing is made, whatever the maps are.
		if _, err := set.Unshare(set.NS_UTS, set.WithIDMaps(maps, maps)); !errors.Is(err, os.ErrInvalid) {
			t.Errorf("%v: %v, want os.ErrInvalid", maps, err)
		}
	})
}
