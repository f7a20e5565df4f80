// SPDX-License-Identifier: Apache-2.0

package platforms

import (
	"syscall"
	"testing"
)

func TestOpen(t *testing.T) {
	t.Log(syscall.SYS_OPEN) // which newer architectures do not have
}
