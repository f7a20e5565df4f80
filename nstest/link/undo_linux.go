// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"golang.org/x/sys/unix"
)

// removeGroup deletes all links of the group. That there is none is no error.
func (b *batch) removeGroup() error {
	conn, err := rtnl.Dial(b.fixture.Set())
	if err == nil {
		defer conn.Close()
		err = conn.Do(rtnl.DelGroup(b.group))
	}
	if err == nil || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return fmt.Errorf("link: delete those that were made in %s: %w", b.fixture.Name(), err)
}
