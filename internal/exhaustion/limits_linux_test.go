// SPDX-License-Identifier: Apache-2.0

package exhaustion_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

func init() {
	children["namespaces"] = namespaces
	children["processes"] = processes
	children["file system"] = fileSystem
}

// The limits on namespaces are those of a user namespace.
func TestNamespaces(t *testing.T) {
	runChild(t, "namespaces", inside(t, set.NS_USER|set.NS_PID|set.NS_MNT, set.WithRootMapped()), nil)
}

func TestFileSystem(t *testing.T) {
	runChild(t, "file system", inside(t, set.NS_PID|set.NS_MNT), nil)
}

// Root of the host is above the limit on processes, so that it becomes somebody else. In a
// user namespace the processes of nobody else count.
func TestProcesses(t *testing.T) {
	maps, err := procfs.UIDMap(procfs.Root, procfs.Self)
	if err != nil {
		t.Fatal(err)
	}
	if maps[0].Outside != 0 {
		runChild(t, "processes", inside(t, set.NS_USER, set.WithRootMapped()), nil)
		return
	}
	nstest.RequireFeatures(t, "setuid")
	one := []set.IDMap{{ContainerID: 0, HostID: 0, Size: 1}, {ContainerID: 1, HostID: 65534, Size: 1}}
	runChild(t, "processes", inside(t, set.NS_USER, set.WithIDMaps(one, one)), &syscall.Credential{Uid: 1, Gid: 1})
}

// namespaces tries what makes namespaces with no more of a kind.
func namespaces(dir string) (ok bool) {
	w, err := newWorld(dir)
	if err != nil {
		return complain("%v", err)
	}
	ok = true
	for _, made := range []struct {
		name  string
		kinds int
	}{
		{"Unshare", threadKinds},
		{"Unshare user and pid", set.NS_USER | set.NS_PID | set.NS_NET},
		{"Set.Unshare", set.NS_UTS | set.NS_NET},
		{"Set.Unshare, nested", set.NS_PID},
		{"Set.Unshare, nested user", set.NS_USER | set.NS_PID},
		{"Cmd.Run, Unshareflags", set.NS_IPC | set.NS_PID},
		{"Pool.Get", set.NS_UTS},
		{"Pool.Get user and pid", set.NS_USER | set.NS_PID},
		{"Action.Run, Unshare", set.NS_USER | set.NS_PID},
		{"Fixture", set.NS_NET | set.NS_MNT},
	} {
		c := w.call(made.name)
		for _, kind := range set.Kinds(made.kinds) {
			one := call{c.name + " (" + set.KindNames(kind) + ")", c.run}
			ok = one.try(noMore(kind)) && ok
		}
	}
	return ok
}

func (w *world) call(name string) call {
	for _, c := range w.calls() {
		if c.name == name {
			return c
		}
	}
	panic("no call " + name)
}

// noMore is the limit on namespaces of a kind, which is that of this user namespace.
func noMore(kind int) limit {
	name := "user.max_" + set.KindNames(kind) + "_namespaces"
	return limit{"more", unix.ENOSPC, name, 1, func(room int) (undo func(), err error) {
		if room > 0 {
			return func() {}, nil
		}
		file := filepath.Join("/proc/sys", strings.ReplaceAll(name, ".", "/"))
		before, err := procfs.Sysctl(procfs.Root, name)
		if err == nil {
			err = os.WriteFile(file, []byte("0"), 0)
		}
		return func() { must(os.WriteFile(file, []byte(before), 0)) }, err
	}}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// processes tries what forks with no more processes. A thread of Go's counts as one, and
// Go ends the program if it gets none, which nobody can prevent: so there are enough.
func processes(dir string) (ok bool) {
	user, err := set.Unshare(set.NS_USER|set.NS_PID|set.NS_NET, set.WithRootMapped())
	if err != nil {
		return complain("%v", err)
	}
	w := &world{user: user, dir: dir, pids: pool.New(set.NS_USER|set.NS_PID, nil, set.WithRootMapped())}
	l := limit{"processes", unix.EAGAIN, "RLIMIT_NPROC", 8, func(room int) (undo func(), err error) {
		if err := idleThreads(16); err != nil {
			return nil, err
		}
		var before unix.Rlimit
		threads, err := procfs.TaskIDs(procfs.Root, procfs.Self)
		children, e := procfs.Children(procfs.Root, os.Getpid()) // the first process of the Set
		if err := errors.Join(err, e, unix.Getrlimit(unix.RLIMIT_NPROC, &before)); err != nil {
			return nil, err
		}
		now := unix.Rlimit{Cur: uint64(len(threads) + len(children) + room), Max: before.Max}
		return func() { must(unix.Setrlimit(unix.RLIMIT_NPROC, &before)) }, unix.Setrlimit(unix.RLIMIT_NPROC, &now)
	}}
	ok = true
	for _, name := range []string{
		"Unshare user and pid", "Set.Unshare, nested", "Set.Unshare, nested user", "Cmd.Run, nested", "Cmd.CombinedOutput",
		"Pool.Get user and pid", // an action is a program of Go's, which ends without threads
	} {
		c := w.call(name)
		ok = c.try(l) && ok
	}
	return ok
}

// idleThreads has Go make threads, which it keeps.
func idleThreads(n int) error {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	var all sync.WaitGroup
	var waiting sync.WaitGroup
	waiting.Add(n)
	for range n {
		all.Go(func() {
			waiting.Done()
			_, _ = unix.Read(pipe[0], make([]byte, 1)) // until its end
		})
	}
	waiting.Wait()
	err := unix.Close(pipe[1])
	all.Wait()
	return errors.Join(err, unix.Close(pipe[0]))
}

// fileSystem tries what makes files in one that is full, and what need not make any.
func fileSystem(dir string) (ok bool) {
	const inodes = 16 // with that of the folder
	if err := unix.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("nr_inodes=%d", inodes)); err != nil {
		return complain("mount: %v", err)
	}
	must(os.Setenv("TMPDIR", dir))
	w, err := newWorld(dir)
	if err != nil {
		return complain("%v", err)
	}
	l := limit{"inodes", unix.ENOSPC, "file system", 3, func(room int) (undo func(), err error) {
		var files []string
		for n := range inodes - 1 - room {
			files = append(files, filepath.Join(dir, fmt.Sprint(n)))
			if err := os.WriteFile(files[n], nil, 0o600); err != nil {
				return nil, err
			}
		}
		return func() {
			for _, file := range files {
				must(os.Remove(file))
			}
		}, nil
	}}
	ok = true
	for _, name := range []string{"Set.Mount", "Set.MountNS", "Unshare", "Cmd.Run, nested", "Pool.Get", "Action.Run, Unshare", "Fixture"} {
		c := w.call(name)
		ok = c.try(l) && ok
	}
	return ok
}
