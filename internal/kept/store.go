// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// The files of an entry are its name, with these endings.
const (
	entryFile  = ".json"
	resumeFile = ".resume" // a FIFO: see resume_linux.go
	newFile    = ".new"    // of an entry that is being written, by the process whose number comes before
)

// Add adds an entry, and gives it a name that is free. What the entry says of the process and the machine is filled in.
func (f *Folder) Add(e *Entry) (err error) {
	if e.Boot, err = boot(); err != nil {
		return err
	}
	if e.PIDs, err = pidNamespace(); err != nil {
		return err
	}
	base := NameOf(e.Test)
	for n := 1; ; n++ {
		if e.Name = base; n > 1 {
			e.Name = fmt.Sprintf("%s-%d", base, n)
		}
		old, readErr := f.read(e.Name)
		if readErr == nil && f.removeStale(old) != nil {
			continue // it is in use
		}
		err := f.write(e, f.root.Link)
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		if readErr != nil && !errors.Is(readErr, fs.ErrNotExist) {
			continue // nobody knows what it is
		}
	}
}

// Update replaces the entry of that name.
func (f *Folder) Update(e *Entry) error { return f.write(e, f.root.Rename) }

// write writes a file that nobody reads yet, and has it put into its place: a killed process leaves no half of one.
func (f *Folder) write(e *Entry, put func(from, to string) error) (err error) {
	text, err := json.MarshalIndent(e, "", "\t")
	if err != nil {
		return err
	}
	this, err := ThisProcess()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s.%d.%d%s", e.Name, this.PID, this.Start, newFile)
	if err := f.root.WriteFile(name, append(text, '\n'), 0o600); err != nil {
		return errors.Join(err, ignoreMissing(f.root.Remove(name)))
	}
	err = put(name, e.Name+entryFile)
	return errors.Join(err, ignoreMissing(f.root.Remove(name)))
}

// EndPause replaces the entry of a test that has waited.
func (f *Folder) EndPause(e *Entry) error {
	return errors.Join(f.Update(e), ignoreMissing(f.root.Remove(e.Name+resumeFile)))
}

// Remove removes the entry of that name from the folder, and ends no process.
func (f *Folder) Remove(name string) error {
	return errors.Join(ignoreMissing(f.root.Remove(name+resumeFile)), ignoreMissing(f.root.Remove(name+entryFile)))
}

// End ends what the entry keeps, and removes it. A test that waits goes on.
func (f *Folder) End(e *Entry) error {
	var errs []error
	if e.Paused != nil {
		errs = append(errs, ignoreMissing(f.Resume(e)))
	}
	for _, p := range e.processes() {
		errs = append(errs, p.Kill())
	}
	errs = append(errs, e.killRest())
	if e.Paused == nil || e.Holder.PID != e.Paused.Test.PID {
		errs = append(errs, e.Holder.Kill())
	}
	return errors.Join(append(errs, f.Remove(e.Name))...)
}

// List returns the entries, by name, and removes those whose holder is gone. Programs are those that live. The error is of
// those that were not understood, not removed, or that others could have written.
func (f *Folder) List() (entries []*Entry, err error) {
	files, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		name, isEntry := strings.CutSuffix(file.Name(), entryFile)
		if !isEntry {
			err = errors.Join(err, f.removeUnfinished(file.Name()))
			continue
		}
		e, e1 := f.read(name)
		switch {
		case errors.Is(e1, fs.ErrNotExist): // meanwhile
		case e1 != nil:
			err = errors.Join(err, fmt.Errorf("%s/%s: %w", f.path, file.Name(), e1))
		default:
			switch e2 := f.removeStale(e); {
			case errors.Is(e2, errInUse):
				err = errors.Join(err, e.addLeft())
				entries = append(entries, e)
			case !errors.Is(e2, errElsewhere):
				err = errors.Join(err, e2)
			}
		}
	}
	return entries, err
}

// read reads an entry.
func (f *Folder) read(name string) (*Entry, error) {
	info, err := f.root.Lstat(name + entryFile)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || !ours(info) {
		return nil, ErrNotOurs
	}
	text, err := f.root.ReadFile(name + entryFile)
	if err != nil {
		return nil, err
	}
	e := new(Entry)
	if err := json.Unmarshal(text, e); err != nil {
		return nil, err
	}
	e.Since = info.ModTime() // which is true in a bubble of testing/synctest, too
	if e.Name != name {
		return nil, fmt.Errorf("it is about %q: %w", e.Name, os.ErrInvalid)
	}
	return e, nil
}

var (
	errInUse     = errors.New("the entry is in use")
	errElsewhere = errors.New("the entry is of another pid namespace, of which nothing is known here")
)

// removeStale removes an entry that no process holds any more, with what is left of it. Otherwise it returns why not.
func (f *Folder) removeStale(e *Entry) error {
	now, err := boot()
	if err != nil {
		return err
	}
	if now != e.Boot { // its numbers are those of other processes
		return f.Remove(e.Name)
	}
	pids, err := pidNamespace()
	if err != nil {
		return err
	}
	if pids != e.PIDs {
		return errElsewhere
	}
	if e.Holder.Lives() {
		if e.Paused != nil && !e.Paused.Test.Lives() {
			e.Paused = nil // it was killed, and what it kept is there
		}
		for i := range e.Fixtures {
			f := &e.Fixtures[i]
			f.Programs = slices.DeleteFunc(f.Programs, func(p Process) bool { return !p.Lives() })
		}
		return errInUse
	}
	var errs []error
	for _, p := range e.processes() {
		errs = append(errs, p.Kill())
	}
	return errors.Join(append(errs, f.Remove(e.Name))...)
}

// removeUnfinished removes a file whose writer is gone.
func (f *Folder) removeUnfinished(name string) error {
	front, is := strings.CutSuffix(name, newFile)
	if !is {
		return nil
	}
	parts := strings.Split(front, ".")
	if len(parts) < 3 {
		return nil
	}
	var p Process
	if _, err := fmt.Sscan(parts[len(parts)-2]+" "+parts[len(parts)-1], &p.PID, &p.Start); err != nil || p.Lives() {
		return nil
	}
	return ignoreMissing(f.root.Remove(name))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
