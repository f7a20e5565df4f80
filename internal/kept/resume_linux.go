// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// How a test that waits is told to go on: it has a FIFO beside its entry open, and gets a byte. Nothing is to be
// waited for at either end: opening for writing fails if nobody reads (ENXIO, fifo(7)).

// AwaitResume makes what [Folder.Resume] writes to. A read of the file returns once that was called; so does closing it.
func (f *Folder) AwaitResume(e *Entry) (*os.File, error) {
	dir, err := f.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	name := e.Name + resumeFile
	if err := ignoreMissing(f.root.Remove(name)); err != nil { // of a process that was killed
		return nil, err
	}
	if err := sys.MakeFIFO(dir, name, 0o600); err != nil {
		return nil, fmt.Errorf("%s/%s: %w", f.path, name, err)
	}
	// With a writer of its own it never reads the end of the file.
	return f.root.OpenFile(name, os.O_RDWR|syscall.O_NONBLOCK, 0)
}

// Resume has the test of an entry go on.
func (f *Folder) Resume(e *Entry) error {
	name := e.Name + resumeFile
	info, err := f.root.Lstat(name)
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeNamedPipe || !ours(info) {
		return fmt.Errorf("%s/%s: %w", f.path, name, ErrNotOurs)
	}
	fifo, err := f.root.OpenFile(name, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	_, err = fifo.Write([]byte("\n"))
	return errors.Join(err, fifo.Close())
}
