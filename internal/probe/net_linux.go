// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// tryNet brings the loopback interface up, which takes CAP_NET_ADMIN in there.
func tryNet() Result {
	return answer(unix.CLONE_NEWNET, inNew(unix.CLONE_NEWNET, func() error {
		if err := sys.InterfaceUp("lo"); err != nil {
			return fmt.Errorf("bring lo up in a new namespace: %w", err)
		}
		return nil
	}))
}
