// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
)

// What a child leaves in its folder can be anything, if it was another user: a
// symbolic link to a file that is none of its business, a FIFO on which Go's tools would
// wait for ever, garbage at which they give up. They are given copies of what is as it
// should be:
//
//  1. When the child has ended, no other process can get into the folder any more.
//  2. A file is opened so that nothing is followed and nothing waited for. It has to be a
//     regular one with one name, of bounded size, and the user's that the child was.
//  3. Its content has to begin and end as its name says. What is in between is for Go's
//     tools to read, and for nobody else.
//  4. What the program itself looks like (covmeta) this process knows too. From another
//     user it is not taken.
//
// What is left out is an error of the run.

// Bounds of what a child may hand over. The counters of the go command have less than
// 2 MiB, and each process that runs an action leaves one file of them.
const (
	maxCoverageFile  = 64 << 20
	maxCoverageFiles = 1 << 16
	maxComplaints    = 5
)

// The names of the files (internal/coverage: CounterFilePref, MetaFilePref). The runtime
// writes one under a name with tmp. in front first.
const (
	counterPrefix = "covcounters."
	metaPrefix    = "covmeta."
)

// collect copies what the child has written to where it belongs.
func (f *coverageFolder) collect() error {
	if f == nil || f.around == nil || !f.counts {
		return nil
	}
	from, err := f.close()
	if err != nil {
		return fmt.Errorf("coverage folder: %w", err)
	}
	defer from.Close()
	names, err := namesIn(from)
	if err != nil {
		return fmt.Errorf("coverage folder: %w", err)
	}
	var complaints []error
	for _, name := range names {
		if err := f.take(from, name); err != nil {
			complaints = append(complaints, fmt.Errorf("%w: %s: %w", ErrCoverage, name, err))
		}
	}
	if n := len(complaints) - maxComplaints; n > 0 {
		complaints = append(complaints[:maxComplaints], fmt.Errorf("%w: %d more files", ErrCoverage, n))
	}
	return errors.Join(complaints...)
}

// close keeps everybody else from making files in the folder, those included who have it
// open, and returns the folder as it is found from its own.
func (f *coverageFolder) close() (*os.Root, error) {
	if err := f.dir.Chmod(0o700); err != nil {
		return nil, err
	}
	from, err := f.around.OpenRoot(childDir)
	if err != nil {
		return nil, err
	}
	found, err := from.Stat(".")
	made, dirErr := f.dir.Stat()
	if err = errors.Join(err, dirErr); err == nil && !os.SameFile(found, made) {
		err = fmt.Errorf("%s was replaced by another one", f.dir.Name())
	}
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	return from, nil
}

// namesIn returns the names of coverage data.
func namesIn(dir *os.Root) (names []string, err error) {
	list, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer list.Close()
	for seen := 0; seen < maxCoverageFiles; {
		some, err := list.Readdirnames(1024)
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		seen += len(some)
		for _, name := range some {
			if strings.HasPrefix(name, counterPrefix) || strings.HasPrefix(name, metaPrefix) {
				names = append(names, name)
			}
		}
	}
	return nil, fmt.Errorf("%w: more than %d files", ErrCoverage, maxCoverageFiles)
}

// take copies one file.
func (f *coverageFolder) take(from *os.Root, name string) error {
	data, owner, err := f.read(from, name)
	if err != nil {
		return err
	}
	if err := recognise(name, data); err != nil {
		return err
	}
	if isMeta := strings.HasPrefix(name, metaPrefix); isMeta && owner != os.Geteuid() {
		return nil
	} else if _, err := f.into.Lstat(name); isMeta && err == nil {
		return nil // the same, from this process or from another child
	}
	to, err := f.into.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = to.Write(data)
	if err = errors.Join(err, to.Close()); err != nil {
		return errors.Join(err, f.into.Remove(name))
	}
	return nil
}

// read returns the content and the owner of a file that is what it should be.
func (f *coverageFolder) read(from *os.Root, name string) (data []byte, owner int, err error) {
	info, err := from.Lstat(name) // it stays what it is, now that the folder is closed
	if err != nil {
		return nil, 0, err
	}
	stat := info.Sys().(*syscall.Stat_t)
	switch owner = int(stat.Uid); {
	case !info.Mode().IsRegular():
		return nil, 0, fmt.Errorf("is no regular file (%v)", info.Mode())
	case stat.Nlink != 1:
		return nil, 0, fmt.Errorf("has %d names", stat.Nlink)
	case f.others && owner != f.owner:
		return nil, 0, fmt.Errorf("belongs to user %d, and the process to user %d", owner, f.owner)
	case info.Size() > maxCoverageFile:
		return nil, 0, fmt.Errorf("has %d bytes, more than %d", info.Size(), maxCoverageFile)
	}
	// A Root follows no symbolic link out of its folder (O_NOFOLLOW).
	file, err := from.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	data, err = io.ReadAll(io.LimitReader(file, maxCoverageFile))
	return data, owner, err
}

// ranAs notes whose files the child leaves. It is called when the child is where and who
// it is to be, and has not begun yet. A child that may become somebody else can leave
// anybody's.
func (f *coverageFolder) ranAs(c *credential, pid int) {
	if f == nil || c == nil || c.UID == 0 {
		return
	}
	f.others, f.owner = true, os.Geteuid()
	// The folder of a process belongs to its effective user (proc_pid(5)), with the ID
	// that this user has here.
	if info, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
		f.owner = int(info.Sys().(*syscall.Stat_t).Uid)
	}
}

// recognise reports what keeps data from being coverage data of that name: how it begins
// and ends, and which program it is of (internal/coverage: CounterFileHeader,
// CounterFileFooter, MetaFileHeader).
func recognise(name string, data []byte) error {
	magic, at, footer := "\x00cwm", 8, 16
	if strings.HasPrefix(name, metaPrefix) {
		magic, at, footer = "\x00cvm", 24, 0
	}
	const hashSize = 16
	body := len(data) - footer
	switch {
	case body < at+hashSize || !bytes.HasPrefix(data, []byte(magic)):
		return fmt.Errorf("begins with %q, which is no coverage data", data[:min(len(data), 16)])
	case hex.EncodeToString(data[at:at+hashSize]) != strings.Split(name, ".")[1]:
		return errors.New("belongs to another program")
	case footer != 0 && (!bytes.HasPrefix(data[body:], []byte(magic)) || binary.LittleEndian.Uint32(data[body+8:]) == 0):
		return errors.New("ends early") // without the number of its segments
	case footer == 0 && binary.LittleEndian.Uint64(data[8:]) != uint64(len(data)):
		return errors.New("ends early") // before the length that it states
	}
	return nil
}
