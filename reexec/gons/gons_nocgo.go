// SPDX-License-Identifier: Apache-2.0

//go:build linux && !cgo

// Joins namespaces without C, by the time that packages are initialised. Go then
// has several threads, each with namespaces of its own.
//
//  1. The variables are taken out of the environment, whatever follows.
//  2. A new thread, locked to its goroutine, joins the namespaces. If that fails
//     the thread ends with the goroutine, and the process is as it was: another
//     reason for not using the main thread, which cannot end.
//  3. The thread executes the program again. execve(2) ends all other threads and
//     makes this one the leader: it keeps its namespaces, and the process its ID,
//     parent, start time and open files.
//  4. The new image finds none of the variables, so that it is not executed a
//     third time. Nothing marks it, and nothing that could be forged has to.

package gons

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// status is of a program that was asked for nothing, or could not do it. One that
// could is another program by now.
var status = start()

func start() error {
	paths, order, err := take()
	if err != nil {
		return err
	}
	if len(paths) != 0 {
		if secure, err := sys.SecureExec(); err != nil {
			return firstOf(paths, "start", errUnknown(err))
		} else if secure {
			return firstOf(paths, "start", errPrivileged)
		}
	}
	joins, err := plan(paths, order)
	if err != nil || len(joins) == 0 {
		return err
	}
	death, err := deathSignal()
	if err != nil {
		return joins[0].fail("prctl", err)
	}
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: see 2
		failed <- run(joins, death)
	}()
	return <-failed
}

// take moves the variables out of the environment.
func take() (paths map[string]string, order string, err error) {
	order = defaultOrder
	if value, ok := os.LookupEnv(orderVariable); ok {
		order = value
		err = os.Unsetenv(orderVariable)
	}
	paths = make(map[string]string)
	for _, k := range kind.Table {
		if path, ok := os.LookupEnv(variable(k)); ok {
			paths[k.Name] = path
			err = errors.Join(err, os.Unsetenv(variable(k)))
		}
	}
	return paths, order, err
}

// A join is one namespace to be joined.
type join struct {
	step
	path   string
	own    sys.InodeID // the namespace that the process starts in, if known
	fd     *sys.FD     // nil until opened
	inside bool        // own is the one to be joined
}

// plan lists the joins that are asked for, in order.
func plan(paths map[string]string, order string) ([]*join, error) {
	steps, err := parseOrder(order)
	if err != nil {
		return nil, &Error{orderVariable, order, "parse", err}
	}
	var joins []*join
	for _, s := range steps {
		if path, ok := paths[s.Name]; ok {
			joins = append(joins, &join{step: s, path: path})
			delete(paths, s.Name)
		}
	}
	if len(paths) != 0 {
		return nil, firstOf(paths, "parse", errUnordered)
	}
	return joins, nil
}

// firstOf puts an error on the first of the variables that are set.
func firstOf(paths map[string]string, op string, err error) error {
	for _, k := range kind.Table {
		if path, ok := paths[k.Name]; ok {
			return &Error{variable(k), path, op, err}
		}
	}
	return err
}

// run joins the namespaces and executes the program in them; it returns only if
// it fails, or has nowhere to go. It leaves the calling thread unfit for anything else.
func run(joins []*join, death int) error {
	// Now, since the mount namespace may have another /proc, or none.
	exe, err := openSelf()
	if err != nil {
		return joins[0].fail("open /proc/self/exe", err)
	}
	err = enterAll(joins)
	if err == nil && slices.ContainsFunc(joins, (*join).moves) {
		err = joins[0].fail("exec", execute(exe, death))
	}
	fds := []*sys.FD{exe}
	for _, j := range joins {
		if j.fd != nil {
			fds = append(fds, j.fd)
		}
	}
	for _, fd := range fds {
		if e := fd.Close(); e != nil {
			err = errors.Join(err, e)
		}
	}
	return err
}

func enterAll(joins []*join) error {
	// A mount namespace cannot be joined without (setns(2)). And while an exec is
	// under way, threads that share its file system attributes get EAGAIN for each
	// thread that they create (go.dev/issue/19546).
	if err := sys.UnshareFS(); err != nil {
		return joins[0].fail("unshare", err)
	}
	for _, j := range joins {
		j.look()
	}
	for _, j := range joins {
		if !j.early {
			continue
		}
		if err := j.open(); err != nil {
			return err
		}
	}
	for _, j := range joins {
		if err := j.enter(); err != nil {
			return err
		}
	}
	return nil
}

func (j *join) fail(op string, err error) error {
	return &Error{variable(j.Kind), j.path, op, err}
}

// look remembers the namespace that the process is in; without /proc it stays
// unknown, and equal to none.
func (j *join) look() {
	var st syscall.Stat_t
	if err := syscall.Stat("/proc/self/ns/"+j.Name, &st); err == nil {
		j.own = sys.InodeID{Dev: uint64(st.Dev), Ino: st.Ino} //nolint:unconvert // 32 bits on mips
	}
}

// open opens a namespace file and makes sure that it can be joined.
func (j *join) open() error {
	fd, err := sys.Open(j.path)
	if err != nil {
		return j.fail("open", err)
	}
	j.fd = fd
	if flag, err := fd.NamespaceFlag(); errors.Is(err, sys.ErrNotNamespace) || err == nil && flag != j.Flag {
		return j.fail("open", errNotKind(j.Name))
	} else if err != nil {
		return j.fail("open", err)
	}
	id, err := fd.InodeID()
	if err != nil {
		return j.fail("open", err)
	}
	j.inside = id == j.own
	if j.inside {
		return nil
	}
	switch {
	case !j.Thread:
		return j.fail("setns", errThreads)
	case j.Link != j.Name: // it is the children who would be in there
		return j.fail("setns", errChildren)
	}
	return nil
}

// errThreads is what setns(2) calls EINVAL for a user namespace and EUSERS for a
// time namespace.
var errThreads = fmt.Errorf("cannot be joined by a process that has threads; build with CGO_ENABLED=1, "+
	"so that it is joined before there are any: %w", errors.ErrUnsupported)

// moves reports whether there is anything to do, once opened: where the process is
// already there is not, but joining a mount namespace also makes its root the root
// and working directory.
func (j *join) moves() bool { return !j.inside || j.Flag == kind.Mnt }

func (j *join) enter() error {
	if j.fd == nil {
		if err := j.open(); err != nil {
			return err
		}
	}
	if !j.moves() {
		return nil
	}
	if err := sys.Setns(j.fd, j.Flag); err != nil {
		return j.fail("setns", err)
	}
	return nil
}
