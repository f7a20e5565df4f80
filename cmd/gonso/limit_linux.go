// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// openFiles returns the soft limit of open files that this process was started
// with. Go raises its own to the hard limit and only package syscall knows what it
// was; but it tells each child that it starts (go.dev/issue/46279). So one is
// started, looked at before its first instruction, and ended.
func openFiles() (limit uint64, err error) {
	var own syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &own); err != nil {
		return 0, err
	}
	if own.Cur != own.Max-1 { // which Go's is
		return own.Cur, nil
	}
	err = sys.WithStoppedSelf(0, func(pid int) error {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		if err != nil {
			return err
		}
		const name = "Max open files"
		for line := range strings.Lines(string(text)) {
			if values, ok := strings.CutPrefix(line, name); ok {
				_, err := fmt.Sscan(values, &limit)
				return err
			}
		}
		return fmt.Errorf("no line %q: %w", name, syscall.ENOENT)
	})
	return limit, err
}

// limitFiles sets the soft limit of open files for this process and its children.
func limitFiles(soft uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = soft
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
