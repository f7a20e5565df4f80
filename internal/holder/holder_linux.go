// SPDX-License-Identifier: Apache-2.0

package holder

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Name is what the processes are called.
const Name = "gonso-holder"

// A File is what a process is to hold, and what that is, for people.
type File struct {
	*os.File
	What string
}

// Program returns the program, for a process that is about to become a holder itself.
func Program() (*sys.FD, error) {
	code, err := image()
	if err != nil {
		return nil, err
	}
	return sys.NewProgram(Name, code)
}

// FirstFD is the number of the first file that a holder has.
const FirstFD = 4

// Start starts a holder, which reads input until its end, if there is any, and returns its number. It is no process
// that one has to wait for: it outlives this one, and so is waited for by another.
func Start(input *os.File, files ...File) (pid int, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, null.Close()) }()
	if input == nil {
		input = null
	}
	program, err := Program()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, program.Close()) }()
	exe, err := program.File(Name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, exe.Close()) }()
	attr := &os.ProcAttr{Dir: "/", Env: []string{}, Files: []*os.File{input, null, null, exe}, Sys: &syscall.SysProcAttr{Setsid: true}}
	args := []string{Name, "", "", ""}
	for _, f := range files {
		attr.Files = append(attr.Files, f.File)
		args = append(args, f.What)
	}
	p, err := os.StartProcess(fmt.Sprintf("%s/self/fd/%d", procfs.Root, slices.Index(attr.Files, exe)), args, attr)
	if err != nil {
		return 0, fmt.Errorf("start a process that holds namespaces: %w", err)
	}
	pid = p.Pid // which Release sets to -1: as the number to kill that would be all processes
	return pid, p.Release()
}
