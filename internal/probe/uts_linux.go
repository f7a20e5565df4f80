// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// tryUTS sets the host name.
func tryUTS() Result {
	return answer(unix.CLONE_NEWUTS, inNew(unix.CLONE_NEWUTS, func() error {
		if err := sys.SetHostname("gonso-probe"); err != nil {
			return fmt.Errorf("sethostname in a new namespace: %w", err)
		}
		return nil
	}))
}
