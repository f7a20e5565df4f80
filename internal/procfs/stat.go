// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Stat is what the stat file of a process or task begins with (proc_pid_stat(5)).
type Stat struct {
	PID   int
	Comm  string // at most 15 bytes of anything, spaces and parentheses too
	State byte   // R running, S sleeping, D in disk sleep, Z zombie, T stopped, X dead, ...
	PPID  int
	Start uint64 // clock ticks after boot; with PID, an identity that is not recycled
}

// ErrFormat reports that a text is not in the form that the kernel writes.
var ErrFormat = errors.New("unexpected format")

// ParseStat reads the content of a stat file.
func ParseStat(text []byte) (Stat, error) {
	// The name is the only field that may hold a parenthesis, so it ends at the last one.
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return Stat{}, fmt.Errorf("stat %q: no name: %w", text, ErrFormat)
	}
	pid, ok := number(string(bytes.TrimSuffix(text[:open], []byte(" "))))
	fields := strings.Fields(string(text[end+1:]))
	// Field 3 of the manual page is the first one here.
	if !ok || len(fields) < 20 || len(fields[0]) != 1 || fields[0] < "A" || fields[0] > "z" {
		return Stat{}, fmt.Errorf("stat %q: %w", text, ErrFormat)
	}
	ppid, ok := number(fields[1])
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if !ok || err != nil {
		return Stat{}, fmt.Errorf("stat %q: no parent or start time: %w", text, ErrFormat)
	}
	return Stat{
		PID:   pid,
		Comm:  string(text[open+1 : end]),
		State: fields[0][0],
		PPID:  ppid,
		Start: start,
	}, nil
}

func readStat(file string) (Stat, error) {
	text, err := sys.ReadFile(file, 512)
	if err != nil {
		return Stat{}, err
	}
	return ParseStat(text)
}
