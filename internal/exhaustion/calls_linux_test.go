// SPDX-License-Identifier: Apache-2.0

package exhaustion_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// A call is one of the calls of this module. It undoes what it did when it succeeded.
type call struct {
	name string
	run  func() error
}

// A world is what the calls need to have been made before.
type world struct {
	net, uts, mnt set.Set      // no thread needs a process to join them
	user          set.Set      // user, pid and net
	dir           string       // a folder to mount in, inside mnt
	listener      net.Listener // in net, whose backlog accepts
	file          set.FdSet    // net, by a path
	pool, pids    *pool.Pool
}

const threadKinds = set.NS_CGROUP | set.NS_IPC | set.NS_MNT | set.NS_NET | set.NS_UTS

// worlds keeps what calls need until the process ends: a Set that is forgotten gives its descriptors back whenever
// garbage is collected, and a full table must stay full.
var worlds []*world

// newPools is a world with pools, for calls that need nothing else.
func newPools() *world {
	w := &world{pool: pool.New(set.NS_UTS, func() error { return nil }), pids: pool.New(set.NS_USER|set.NS_PID, nil, set.WithRootMapped())}
	worlds = append(worlds, w)
	return w
}

func newWorld(dir string) (w *world, err error) {
	w = newPools()
	w.dir = dir
	for _, one := range []struct {
		set   *set.Set
		flags int
		opts  []set.UnshareOpt
	}{
		{&w.net, set.NS_NET, nil}, {&w.uts, set.NS_UTS, nil}, {&w.mnt, set.NS_MNT, nil},
		{&w.user, set.NS_USER | set.NS_PID | set.NS_NET, []set.UnshareOpt{set.WithRootMapped()}},
	} {
		if *one.set, err = set.Unshare(one.flags, one.opts...); err != nil {
			return nil, err
		}
	}
	var up error
	if err := errors.Join(w.net.Do(func() { up = sys.InterfaceUp("lo") }), up); err != nil {
		return nil, err
	}
	if w.listener, err = w.net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if w.file, err = w.net.Fds(0); err != nil {
		return nil, err
	}
	return w, nil
}

// setCalls are those of package set that take descriptors, namespaces, processes or files.
func (w *world) setCalls() []call {
	ctx := context.Background()
	run := func(s set.Set, f func(*set.Cmd) error) func() error {
		return func() error { return f(s.Command(ctx, "true")) }
	}
	return []call{
		{"Current", closed(func() (set.Set, error) { return set.Current(0) })},
		{"FromDir", closed(func() (set.Set, error) { return set.FromDir("/proc/self/ns", 0) })},
		{"FromPid", closed(func() (set.Set, error) { return set.FromPid(os.Getpid(), 0) })},
		{"FromFds", w.fromFds},
		{"Unshare", closed(func() (set.Set, error) { return set.Unshare(threadKinds) })},
		{"Unshare user and pid", closed(func() (set.Set, error) {
			return set.Unshare(set.NS_USER|set.NS_PID|set.NS_NET, set.WithRootMapped())
		})},
		{"Set.Unshare", closed(func() (set.Set, error) { return w.uts.Unshare(set.NS_UTS | set.NS_NET) })},
		{"Set.Unshare, nested", closed(func() (set.Set, error) { return w.user.Unshare(set.NS_PID) })},
		{"Set.Unshare, nested user", closed(func() (set.Set, error) {
			return w.user.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped())
		})},
		{"Set.Dup", closed(func() (set.Set, error) { return w.user.Dup(0) })},
		{"Set.Merge", closed(func() (set.Set, error) { return w.user.Merge(w.uts) })},
		{"Set.Fds", func() error {
			fds, err := w.user.Fds(0)
			return errors.Join(err, fds.Close())
		}},
		{"Set.ID", func() error { _, err := w.net.ID(0); return err }},
		{"Set.Same", func() error { _, err := w.net.Same(w.net, 0); return err }},
		{"Set.Owner", func() error { _, err := w.net.Owner(0); return err }},
		{"Set.Do", func() error { return w.mnt.Do(func() {}) }},
		{"Set.DoRaw", func() error { return w.net.DoRaw(func() bool { return true }, true) }},
		{"Set.Enter", func() (err error) {
			var done sync.WaitGroup
			done.Go(func() { err = w.uts.Enter() })
			done.Wait()
			return err
		}},
		{"Set.Mount", w.mounting(func() error { return w.uts.Mount(w.dir) })},
		{"Set.MountNS", w.mounting(func() error { return w.uts.MountNS(0, filepath.Join(w.dir, "uts")) })},
		{"Set.DialContext", func() error {
			conn, err := w.net.DialContext(ctx, "tcp", w.listener.Addr().String())
			return closedToo(conn, err)
		}},
		{"Set.Listen", func() error {
			l, err := w.net.Listen("tcp", "127.0.0.1:0")
			return closedToo(l, err)
		}},
		{"Set.ListenPacket", func() error {
			conn, err := w.net.ListenPacket("udp", "127.0.0.1:0")
			return closedToo(conn, err)
		}},
		{"Set.DialContext, unix", func() error {
			l, err := w.net.Listen("unix", "@gonso-exhaustion")
			if err != nil {
				return err
			}
			defer l.Close()
			conn, err := w.net.DialContext(ctx, "unix", "@gonso-exhaustion")
			return closedToo(conn, err)
		}},
		{"Set.LookupNetIP", func() error { _, err := w.net.LookupNetIP(ctx, "ip", "localhost"); return err }},
		{"Cmd.Run", run(w.net, (*set.Cmd).Run)},
		{"Cmd.Run, nested", run(w.user, (*set.Cmd).Run)},
		{"Cmd.Run, Unshareflags", run(w.net, func(c *set.Cmd) error {
			c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: set.NS_IPC | set.NS_PID}
			return c.Run()
		})},
		{"Cmd.Output", run(w.user, func(c *set.Cmd) error { _, err := c.Output(); return err })},
		{"Cmd.CombinedOutput", run(w.user, func(c *set.Cmd) error { _, err := c.CombinedOutput(); return err })},
		{"Cmd with input", run(w.user, func(c *set.Cmd) error { c.Stdin = strings.NewReader("x"); return c.Run() })},
		{"Cmd with pipes", run(w.user, withPipes)},
		{"Cmd.Run, Releasable", run(w.user, func(c *set.Cmd) error { c.Releasable = true; return c.Run() })},
		{"Cmd.Release", func() error { return released(w.net.Command(ctx, "sleep", "infinity")) }},
	}
}

// released starts a Cmd, gives it up, and ends it.
func released(c *set.Cmd) error {
	c.Releasable, c.Log = true, new(bytes.Buffer)
	if err := c.Start(); err != nil {
		return err
	}
	err := c.Release()
	if e := c.Process.Kill(); e != nil {
		return errors.Join(err, e)
	}
	if err == nil {
		_, err = c.Process.Wait()
	} else {
		_ = c.Wait() // which fails, since it was killed
	}
	for _, drain := range holder.Drains() { // which end with what has written to them
		err = errors.Join(err, sys.AwaitEnd(drain))
	}
	holder.Drains() // waits for them
	return err
}

// withPipes leaves a Cmd that was not started to its user, whose pipes they are.
func withPipes(c *set.Cmd) error {
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return errors.Join(err, c.Start(), in.Close())
	}
	if err := c.Start(); err != nil {
		return err
	}
	return errors.Join(in.Close(), c.Wait(), ignoreClosed(out.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

func (w *world) fromFds() error {
	fds, err := w.user.Fds(0)
	if err != nil {
		return err
	}
	s, err := set.FromFds(fds)
	return errors.Join(err, fds.Close(), s.Close())
}

// mounting runs f in the mount namespace, and takes back what it mounted.
func (w *world) mounting(f func() error) func() error {
	return func() (err error) {
		failed := w.mnt.Do(func() {
			if err = f(); err == nil {
				err = errors.Join(sys.Detach(filepath.Join(w.dir, "uts")), os.Remove(filepath.Join(w.dir, "uts")))
			}
		})
		return errors.Join(failed, err)
	}
}

func (w *world) poolCalls() []call {
	return []call{
		{"Pool.Get", closed(w.pool.Get)},
		{"Pool.Get user and pid", closed(w.pids.Get)},
	}
}

// double is what a process does for another.
var double = reexec.Func("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

func init() { reexec.Register("answer", func() { fmt.Println(42) }) }

func (w *world) reexecCalls() []call {
	runs := func(opts ...reexec.Option) func() error {
		return func() error {
			n, err := double.Run(context.Background(), 21, opts...)
			if err == nil && n != 42 {
				err = fmt.Errorf("21 doubled is %d", n)
			}
			return err
		}
	}
	return []call{
		{"Action.Run", runs()},
		{"Action.Run, In", runs(reexec.In(w.user))},
		{"Action.Run, Unshare", runs(reexec.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped()))},
		{"Action.Run, Namespaces", func() error {
			path := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), w.file[set.NS_NET].Fd())
			return runs(reexec.Namespaces([]reexec.Namespace{{Type: "net", Path: path}}))()
		}},
		{"RunReexecAction", func() error {
			var n int
			return reexec.RunReexecAction("answer", reexec.Result(&n))
		}},
	}
}

// closed closes the Set that a call returned, of which there must be none with an error.
func closed(f func() (set.Set, error)) func() error {
	return func() error {
		s, err := f()
		if err != nil && s != (set.Set{}) {
			return errors.Join(err, errBoth, s.Close())
		}
		return errors.Join(err, s.Close())
	}
}

var errBoth = errors.New("a Set beside an error")

func closedToo(c interface{ Close() error }, err error) error {
	if err != nil {
		return err
	}
	return c.Close()
}
