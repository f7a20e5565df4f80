// SPDX-License-Identifier: Apache-2.0

package reexec

import (
	"flag"
	"os"
	"slices"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/command"
)

// command makes the command of a child.
func (c *config) command(t target, p *pipes) *command.Cmd {
	cmd := &command.Cmd{
		Path:       selfPath,
		Args:       append(childArgs(), c.args...),
		Env:        slices.Concat(os.Environ(), p.coverage.environment(), c.env, []string{p.env}),
		Dir:        c.workDir(),
		Stdin:      c.stdin,
		Stdout:     c.stdout,
		Stderr:     c.stderr,
		ExtraFiles: p.extraFiles(),
		WaitDelay:  grace,
		Attr:       t.attr,
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd
}

// childArgs returns the child's arguments. If a test binary forgets CheckAction,
// its child comes to run the tests: it should then run none.
func childArgs() []string {
	args := []string{os.Args[0]}
	if flag.Lookup("test.run") != nil {
		args = append(args, "-test.run=^$")
	}
	return args
}
