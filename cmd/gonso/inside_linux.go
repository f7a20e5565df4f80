// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
)

// execInside sets up the namespaces that this process was started in, and runs the
// program. Its arguments are the plan and the program's. It returns only if that fails.
func execInside(args []string) int {
	var p plan
	if err := json.Unmarshal([]byte(args[0]), &p); err != nil {
		return failed(err)
	}
	status := handshake.Inherit(p.Status, "status")
	p.setUp()
	args = args[1:]
	path, err := exec.LookPath(args[0])
	if err != nil {
		return failed(err)
	}
	if !p.takes("init") {
		return failed(&os.PathError{Op: "exec", Path: path, Err: syscall.Exec(path, args, os.Environ())})
	}
	ended, err := initialise(path, args, p.takes("pid"))
	if err == nil {
		err = binary.Write(status, binary.NativeEndian, uint32(ended))
	}
	if err != nil {
		return failed(err)
	}
	return 0
}

// setUp takes the steps that are taken inside.
func (p *plan) setUp() {
	// A step may mount something over a parent of the working directory, which then
	// stays below that mount. Only its path leads to what is mounted.
	dir, dirErr := os.Getwd()
	p.takeSteps()
	if dirErr != nil { // then it has no name
		return
	}
	if err := os.Chdir(dir); err != nil && p.Verbose {
		printError("exec: the program starts in the old working directory: %v", err)
	}
}

// takeSteps takes the steps of each chain in their order, and the chains side by side: the kernel
// makes mounts and networks under different locks.
func (p *plan) takeSteps() {
	var chains sync.WaitGroup
	refusals := make([]error, len(steps))
	for _, chain := range []chain{mounts, network} {
		chains.Go(func() {
			for i, s := range steps {
				if s.do != nil && s.chain == chain && p.takes(s.name) {
					refusals[i] = s.do()
				}
			}
		})
	}
	chains.Wait()
	for i, err := range refusals {
		if err != nil {
			p.refused(steps[i].name, err)
		}
	}
}
