// SPDX-License-Identifier: Apache-2.0

package keep

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/kept"
	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/lifecycle"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// armInits lets the first processes of pid namespaces outlive this process.
func armInits() error {
	program, err := holder.Program()
	if err != nil {
		return err
	}
	forkexec.KeepInits(program)
	return nil
}

// keep has instances of a test that are not kept yet outlive it, and returns the entry, or nil for none.
func (k *keeper) keep(t *lifecycle.Test, instances []*lifecycle.Instance) *kept.Entry {
	c, err := collect(t, instances, func(in *lifecycle.Instance) bool { return !k.isHeld(in.Set) })
	if c == nil {
		return nil
	}
	defer c.close()
	if err == nil {
		err = k.start(c)
	}
	if err != nil {
		c.instances[0].Note(fmt.Sprintf("%s: the fixtures are not kept: %v", KeepVariable, err))
		return nil
	}
	for i, in := range c.instances {
		in.Note(c.howToEnter(i))
	}
	if k.noPrograms != nil {
		c.instances[0].Note(fmt.Sprintf("%s: programs end with the test: %v", KeepVariable, k.noPrograms))
	}
	return c.entry
}

// A collection has the namespaces of a test's fixtures.
type collection struct {
	entry     *kept.Entry
	instances []*lifecycle.Instance
	files     []holder.File
}

func (c *collection) close() {
	for _, f := range c.files {
		_ = f.Close() // of a duplicate
	}
}

// collect opens the namespaces of those instances that are wanted. It returns nil if there are none.
func collect(t *lifecycle.Test, instances []*lifecycle.Instance, wanted func(*lifecycle.Instance) bool) (*collection, error) {
	c := &collection{entry: &kept.Entry{Test: t.Name(), Since: time.Now()}}
	c.entry.Folder, _ = os.Getwd() // it may have been removed
	var err error
	for _, in := range instances {
		if in.Silent() || in.Set.Closed() || !wanted(in) {
			continue
		}
		c.instances = append(c.instances, in)
		err = errors.Join(err, c.add(in))
	}
	if len(c.instances) == 0 {
		return nil, nil
	}
	return c, err
}

func (k *keeper) isHeld(s set.Set) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.held[s].entry != nil
}

// add opens the namespaces of an instance.
func (c *collection) add(in *lifecycle.Instance) error {
	fds, err := in.Set.Fds(0)
	if err != nil {
		return err
	}
	f := kept.Fixture{Name: c.freeName(in.Name)}
	for _, flag := range set.Kinds(in.Set.Flags()) {
		file := fds.Get(flag)
		f.Namespaces = append(f.Namespaces, kept.Namespace{
			Kind: set.KindNames(flag), ID: file.Name(), Shared: in.Own.Flags()&flag == 0,
		})
		c.files = append(c.files, holder.File{File: file, What: set.KindNames(flag) + " of " + in.Name})
	}
	c.entry.Fixtures = append(c.entry.Fixtures, f)
	return nil
}

// freeName returns a name that no other fixture of the test has.
func (c *collection) freeName(of string) string {
	base := kept.NameOf(of)
	name := base
	for n := 2; ; n++ {
		taken := false
		for _, f := range c.entry.Fixtures {
			taken = taken || f.Name == name
		}
		if !taken {
			return name
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
}

// start starts the holder of what was collected, and writes the entry.
func (k *keeper) start(c *collection) (err error) {
	pid, err := holder.Start(c.files...)
	if err != nil {
		return err
	}
	k.stays(pid)
	e := c.entry
	defer func() {
		if err != nil {
			for _, p := range append(e.Others, e.Holder) {
				err = errors.Join(err, p.Kill())
			}
		}
	}()
	if e.Holder, err = kept.ProcessOf(pid); err != nil {
		return err
	}
	if e.Run, err = kept.ThisProcess(); err != nil {
		return err
	}
	c.setPaths(pid, holder.FirstFD)
	if e.Around, err = around(pid); err != nil {
		return err
	}
	if err := k.keepInits(c); err != nil {
		return err
	}
	if err := k.folder.Add(e); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, in := range c.instances {
		k.held[in.Set] = heldFixture{e, i}
	}
	return nil
}

// setPaths says where a process that has the files from a number on has the namespaces.
func (c *collection) setPaths(pid, fd int) {
	for _, f := range c.entry.Fixtures {
		for i := range f.Namespaces {
			f.Namespaces[i].Path = fmt.Sprintf("%s/%d/fd/%d", procfs.Root, pid, fd)
			fd++
		}
	}
}

// keepInits has the first processes of pid namespaces live on.
func (k *keeper) keepInits(c *collection) error {
	for _, f := range c.files {
		if !strings.HasPrefix(f.File.Name(), "pid:") {
			continue
		}
		fd, err := sys.DupFile(f.File)
		if err != nil {
			return err
		}
		id, err := fd.InodeID()
		pid := 0
		if err = errors.Join(err, fd.Close()); err == nil {
			pid, err = forkexec.KeepInit(id)
		}
		if err != nil {
			return err
		}
		if pid == 0 {
			continue
		}
		k.stays(pid)
		p, err := kept.ProcessOf(pid)
		if err != nil {
			return err
		}
		p.What = "process 1 of " + strings.TrimPrefix(f.What, "pid of ")
		c.entry.Others = append(c.entry.Others, p)
	}
	return nil
}

// stays notes a process that is not to be taken for one that was left behind.
func (k *keeper) stays(pid int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pids = append(k.pids, pid)
}

// howToEnter says so for people.
func (c *collection) howToEnter(i int) string {
	e := c.entry
	return fmt.Sprintf("kept, until gonso rm %s; to enter it from another terminal:\n%s", e.Name, commands(e, i, "  "))
}

// commands has a line for each way into a fixture.
func commands(e *kept.Entry, i int, indent string) string {
	return indent + "gonso enter " + e.NameOf(i) + "\n" + indent + e.Nsenter(&e.Fixtures[i])
}

// around returns the namespaces of this run that are not its user's, which are those of a user namespace that it has made
// for itself: where the process with that number has them.
func around(pid int) (list []kept.Namespace, err error) {
	if !isRootless {
		return nil, nil
	}
	dir := fmt.Sprintf("%s/%d/ns/", procfs.Root, pid)
	user, err := sys.Open(dir + "user")
	if err != nil {
		return nil, err
	}
	defer user.Close()
	ours, err := user.InodeID()
	if err != nil {
		return nil, err
	}
	for _, k := range kind.Table {
		path := dir + k.Name
		fd, err := sys.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // the kernel has no such kind
		} else if err != nil {
			return nil, err
		}
		is := k.Flag == set.NS_USER
		if !is {
			is, err = belongs(fd, ours)
		}
		id, e := os.Readlink(path)
		if err = cmp.Or(err, e, fd.Close()); err != nil {
			return nil, err
		}
		if is {
			list = append(list, kept.Namespace{Kind: k.Name, ID: id, Path: path})
		}
	}
	return list, nil
}

// belongs reports whether a namespace belongs to a user namespace.
func belongs(fd *sys.FD, user sys.InodeID) (bool, error) {
	owner, err := fd.UserNamespace()
	if errors.Is(err, sys.ErrOutside) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	id, err := owner.InodeID()
	return err == nil && id == user, errors.Join(err, owner.Close())
}
