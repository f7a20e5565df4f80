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
	args := []string{os.Args[0]}
	if flag.Lookup("test.run") != nil {
		// If a test binary forgets CheckAction, its child comes to run the tests: it should
		// then run none.
		args = append(args, "-test.run=^$")
	}
	var coverage *os.File // none
	if p.coverage != nil {
		coverage = p.coverage.dir
	}
	cmd := &command.Cmd{
		Path:       selfPath,
		Args:       append(args, c.args...),
		Env:        slices.Concat(os.Environ(), p.coverage.environment(), c.env, []string{p.env}),
		Dir:        c.workDir(),
		Stdin:      c.stdin,
		Stdout:     c.stdout,
		Stderr:     c.stderr,
		ExtraFiles: append(slices.Clip(p.child), coverage),
		WaitDelay:  grace,
		Attr:       t.attr,
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd
}
