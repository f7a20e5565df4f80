// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// A ctxResult is what came of the end of a context.
type ctxResult struct {
	err     error
	expired <-chan time.Time // when WaitDelay is over, if it has begun
}

// watchCtx waits for the end of the context or of the process, and ends the process with
// the context: by Cancel and, if it still runs after WaitDelay, by SIGKILL.
func (c *Cmd) watchCtx(ctx context.Context) (result ctxResult) {
	select {
	case <-c.exited:
		return ctxResult{}
	case <-ctx.Done():
	}
	if c.Cancel != nil {
		switch err := c.Cancel(); {
		case err == nil:
			result.err = ctx.Err()
		case !errors.Is(err, os.ErrProcessDone):
			result.err = fmt.Errorf("gonso: cancelling the command: %w", err)
		}
	}
	if c.WaitDelay == 0 {
		return result
	}
	timer := time.NewTimer(c.WaitDelay)
	select {
	case <-c.exited:
		result.expired = timer.C
		return result
	case <-timer.C:
	}
	if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		result.err = fmt.Errorf("gonso: killing the command: %w", err)
	}
	expired := make(chan time.Time)
	close(expired)
	result.expired = expired
	return result
}
