// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// tryCgroup looks whether the thread is at the root of what it sees.
func tryCgroup() Result {
	return answer(unix.CLONE_NEWCGROUP, inNew(unix.CLONE_NEWCGROUP, func() error {
		text, err := os.ReadFile("/proc/thread-self/cgroup")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if path := strings.SplitN(line, ":", 3); len(path) == 3 && path[2] != "/\n" {
				return fmt.Errorf("a new namespace shows cgroup %q instead of /: %w", line, unix.ENOTSUP)
			}
		}
		return nil
	}))
}
