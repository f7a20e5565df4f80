// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// committed reads the record of the commit at which the current branch left main: on main
// itself that of the last commit. There is none (ok is false) outside of a git repository,
// and before its first commit.
func committed(root string) (r record, ok bool, err error) {
	commit := ""
	for _, args := range [][]string{
		{"merge-base", "HEAD", "origin/main"}, {"merge-base", "HEAD", "main"}, {"rev-parse", "--verify", "HEAD"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = root
		// It fails where there is no such branch, as in a clone of depth one: the next one may do.
		if out, err := cmd.Output(); err == nil {
			commit = strings.TrimSpace(string(out))
			break
		}
	}
	if commit == "" {
		return r, false, nil
	}
	cmd := exec.Command("git", "archive", "--format=zip", commit)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	archive, err := cmd.Output()
	if err != nil {
		return r, false, fmt.Errorf("%v: %w", cmd, err)
	}
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return r, false, fmt.Errorf("%v: %w", cmd, err)
	}
	r, err = readRecord(files)
	return r, err == nil, err
}
