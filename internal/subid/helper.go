// SPDX-License-Identifier: Apache-2.0

package subid

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// limit is how long a helper may take, which looks for the user and what is granted, maybe in a directory that a server
// has (nsswitch.conf(5)).
var limit = 10 * time.Second

// A Helper is newuidmap(1) or newgidmap(1), which writes an ID map.
type Helper struct {
	cmd    *exec.Cmd
	ctx    context.Context // its own, which ends before its caller's if it takes too long
	cancel context.CancelFunc
	said   bytes.Buffer
	err    error // of its start
}

var errNoEnd = errors.New("it does not end, and was killed")

// ErrKilled reports that a helper was killed: by somebody, or since it took too long, or its context has ended.
var ErrKilled = errors.New("the ID map was not written")

// Start starts the helper of that name, which is to write the maps for the user namespace that a process has made. It is started
// by the calling thread, in whose namespaces it is to run. Wait has to be called.
func Start(ctx context.Context, name string, pid int, maps []Map) *Helper {
	h := new(Helper)
	h.ctx, h.cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w after %v", errNoEnd, limit))
	h.cmd = exec.CommandContext(h.ctx, name, Args(pid, maps)...)
	h.cmd.Stdout, h.cmd.Stderr = &h.said, &h.said
	h.cmd.WaitDelay = time.Second // of what a killed one has started, and holds its output open
	h.err = h.cmd.Start()
	return h
}

// Wait waits for the end. The error has the command line, how it ended, and what it has printed.
func (h *Helper) Wait() error {
	defer h.cancel()
	err := h.err
	if err == nil {
		err = h.cmd.Wait()
	}
	var exit *exec.ExitError
	isExit := errors.As(err, &exit)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%w; install it (Debian and Ubuntu: apt-get install uidmap)", err)
	case h.ctx.Err() != nil:
		err = fmt.Errorf("%w: %w", ErrKilled, context.Cause(h.ctx))
	case isExit && !exit.Exited():
		err = fmt.Errorf("%w: %w", ErrKilled, err)
	}
	if said := strings.TrimSpace(h.said.String()); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return fmt.Errorf("%s: %w", strings.Join(h.cmd.Args, " "), err)
}
