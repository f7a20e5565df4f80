// SPDX-License-Identifier: Apache-2.0

package view

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
)

// mostListed are in what [List] writes.
const mostListed = 50

// List writes a line for each folder with a trace that tests of this user have left, the newest first: when that was, whether the
// test has ended, and the folder. It looks below NSTEST_ARTIFACTS, in _artifacts of the current folder, and in that for
// temporary files. It returns how many there are. A test that has not ended still runs, or its process was killed, such as by ^C.
func List(w io.Writer) (n int, err error) {
	left, err := findLeft()
	if err != nil {
		return 0, err
	}
	slices.SortFunc(left, func(a, b leftFolder) int { return b.at.Compare(a.at) })
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, l := range left {
		if i == mostListed {
			fmt.Fprintf(table, "and %d more\n", len(left)-i) // an error of a line is that of Flush
			break
		}
		state := "ended"
		if l.unfinished {
			state = "unfinished"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", l.at.Local().Format(time.DateTime), state, l.path)
	}
	return len(left), table.Flush()
}

// A leftFolder is one with a trace.
type leftFolder struct {
	path       string
	at         time.Time // when it was written last
	unfinished bool
}

// findLeft finds the folders wherever tests may have left some.
func findLeft() (left []leftFolder, err error) {
	tops, err := filepath.Glob(filepath.Join(os.TempDir(), tracedata.FolderPrefix+"*"))
	if err != nil {
		return nil, err
	}
	tops = append(slices.DeleteFunc(tops, func(top string) bool { return !isOwn(top) }), "_artifacts")
	if top := os.Getenv(tracedata.FolderVariable); top != "" {
		tops = append(tops, top)
	}
	var errs []error
	seen := make(map[string]bool)
	for _, top := range tops {
		paths, err := folders(top)
		if errors.Is(err, fs.ErrNotExist) { // there is none, or a run that still goes on has removed one
			err = nil
		}
		errs = append(errs, err)
		for _, path := range paths {
			l, err := leftIn(path)
			if errors.Is(err, fs.ErrNotExist) || seen[l.path] {
				continue
			}
			seen[l.path] = true
			left, errs = append(left, l), append(errs, err)
		}
	}
	return left, errors.Join(errs...)
}

// isOwn reports whether that is a folder of this user: what others have in the one for temporary files is theirs.
func isOwn(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(stat.Uid) == os.Geteuid()
}

// leftIn describes a folder.
func leftIn(path string) (l leftFolder, err error) {
	if l.path, err = filepath.Abs(path); err != nil {
		return l, err
	}
	info, err := os.Stat(filepath.Join(path, tracefile.Name))
	if l.unfinished = err == nil; !l.unfinished {
		if info, err = os.Stat(filepath.Join(path, tracefile.Page)); err != nil {
			return l, err
		}
	}
	l.at = info.ModTime()
	return l, nil
}
