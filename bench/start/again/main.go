// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Again is the least that a program in Go can do to run true in new namespaces of all kinds: it starts itself again in
// them, as process 1, which starts true. It is what gonso exec is compared with.
package main

import (
	"os"
	"syscall"
)

func main() {
	attr := &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}}
	path := "/proc/self/exe"
	if os.Getpid() == 1 {
		path = "/usr/bin/true"
	} else {
		attr.Sys = &syscall.SysProcAttr{
			Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID |
				syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | syscall.CLONE_NEWCGROUP,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
	}
	p, err := os.StartProcess(path, []string{"again"}, attr)
	if err != nil {
		panic(err)
	}
	if state, err := p.Wait(); err != nil || !state.Success() {
		os.Exit(1)
	}
}
