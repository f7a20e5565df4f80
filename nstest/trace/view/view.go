// SPDX-License-Identifier: Apache-2.0

// Package view opens the traces that package trace has kept, as 'gonso trace' does. It is for programs that show them, or make
// something else of them: docs/trace-data.md in the repository describes the data.
//
// A path is that of a page, or of the folder of a test. Where the test's process was killed, there is no page in
// the folder, and it is made of what there is.
package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracedata"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage"
)

// open opens a trace. Where there is none it says where there are some.
func open(path string) (*tracedata.Trace, error) {
	if filepath.Ext(path) == filepath.Ext(tracefile.Capture) {
		return nil, fmt.Errorf("%s: this is a capture, which Wireshark shows, or tcpdump -r %[1]s; a trace is the folder that it is in", path)
	}
	t, err := tracefile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if below, _ := folders(path); len(below) > 0 { // the first error is the one to tell of
			err = fmt.Errorf("%w; of these folders below it there are traces:\n%s", err, strings.Join(below, "\n"))
		}
	}
	return t, err
}

// Write writes the page of a trace.
func Write(w io.Writer, path string) error {
	t, err := open(path)
	if err != nil {
		return err
	}
	return tracepage.Write(w, t)
}

// WriteJSON writes the data of a trace.
func WriteJSON(w io.Writer, path string) error {
	t, err := open(path)
	if err != nil {
		return err
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(t)
}

// Page returns the file of the page. If there is none yet, it is made, in the test's folder if that can be written to.
func Page(path string) (page string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	dir := path
	if !info.IsDir() {
		if filepath.Base(path) != tracefile.Name {
			if _, err := open(path); err != nil {
				return "", err
			}
			return filepath.Abs(path)
		}
		dir = filepath.Dir(path)
	}
	if page, err = filepath.Abs(filepath.Join(dir, tracefile.Page)); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, tracefile.Name)); errors.Is(err, fs.ErrNotExist) {
		_, err := open(dir)
		return page, err
	}
	f, err := create(page)
	if err != nil {
		if f, err = os.CreateTemp("", "trace-*.html"); err != nil {
			return "", err
		}
	}
	return f.Name(), errors.Join(Write(f, dir), f.Close())
}

// create makes the page for its owner alone, as the trace is that it shows; one of before too.
func create(page string) (*os.File, error) {
	if err := os.Remove(page); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(page, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}
