// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// newProc shows the processes of the pid namespace. Should the kernel refuse that, the old
// one stays, in which /proc/self is right and all other numbers are the outside's.
func newProc() error {
	if err := nssetup.FreshProc(); err != nil {
		return fmt.Errorf("%w; its process numbers are those of the outside", err)
	}
	return nil
}

func loUp() error { return sys.InterfaceUp("lo") }

// runtimeDir is in /run, which is a folder of our own.
const runtimeDir = "gonso"

// writableRun gives the program a /run as root has it, and in it a folder for what
// is a user's own, since a socket of the user's session is none of the program's
// business.
func writableRun() error {
	err := nssetup.CopyUp("/run", map[string]fs.FileMode{
		"netns":    0o755,
		"lock":     fs.ModeSticky | 0o777,
		runtimeDir: 0o700,
	})
	if err != nil {
		return err
	}
	return os.Setenv("XDG_RUNTIME_DIR", "/run/"+runtimeDir)
}

func writableVarLib() error { return nssetup.CopyUp("/var/lib", nil) }

func writableEtc() error { return nssetup.Overlay("/etc") }

func newSys() error { return nssetup.FreshSys() }

func shareMounts() error { return sys.SetPropagation(sys.Shared) }
