// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
	"github.com/seed-1bc5c4a2/gonso/internal/relay"
)

// execInside furnishes the namespaces that this process was started in, and runs
// the program. Its arguments are the plan and the program's. It returns only if
// that fails.
func execInside(args []string) int {
	var p plan
	if err := json.Unmarshal([]byte(args[0]), &p); err != nil {
		return failed(err)
	}
	status := handshake.Inherit(p.Status, "status")
	p.furnish()
	if p.Files > 0 {
		if err := limitFiles(p.Files); err != nil {
			return failed(os.NewSyscallError("setrlimit", err))
		}
	}
	args = args[1:]
	path, err := exec.LookPath(args[0])
	if err != nil {
		return failed(err)
	}
	if !p.takes("init") {
		return failed(&os.PathError{Op: "exec", Path: path, Err: syscall.Exec(path, args, os.Environ())})
	}
	ended, err := initialise(path, args)
	if err == nil {
		err = binary.Write(status, binary.NativeEndian, uint32(ended))
	}
	if err != nil {
		return failed(err)
	}
	return 0
}

// furnish takes the steps that are taken inside.
func (p *plan) furnish() {
	// From the working directory nothing is seen that is mounted over a parent of it.
	// Its name leads to what is.
	dir, dirErr := os.Getwd()
	for _, s := range steps {
		if s.do == nil || !p.takes(s.name) {
			continue
		}
		if err := s.do(); err != nil {
			p.refused(s.name, err)
		}
	}
	if dirErr != nil { // then it has no name
		return
	}
	if err := os.Chdir(dir); err != nil && p.Verbose {
		complain("exec: the program starts in the old working directory: %v", err)
	}
}

// initialise is process 1 of a pid namespace: it starts the program, passes signals
// on and waits for everybody, until the program has ended.
func initialise(path string, args []string) (ended syscall.WaitStatus, err error) {
	signals := relay.Listen()
	program, err := syscall.ForkExec(path, args, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}})
	if err != nil {
		return 0, &os.PathError{Op: "exec", Path: path, Err: err}
	}
	// The program stays in the process group that the terminal sends signals to. From
	// here on this process is not, so that all it gets is for the program.
	if err := syscall.Setpgid(0, 0); err != nil {
		return 0, os.NewSyscallError("setpgid", err)
	}
	go signals.Pass(func(s os.Signal) error { return syscall.Kill(program, s.(syscall.Signal)) })
	for {
		switch pid, err := syscall.Wait4(-1, &ended, 0, nil); {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, os.NewSyscallError("wait4", err)
		case pid == program:
			return ended, nil
		}
	}
}
