// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"os"
	"os/exec"
	"strings"
)

// withoutSudo returns a remedy without sudo for root of the machine, which may have no
// sudo, as in many images of containers. Root of a user namespace is not root of the
// machine.
func withoutSudo(remedy string) string {
	if os.Geteuid() != 0 || !strings.Contains(remedy, "sudo ") {
		return remedy
	}
	if root, err := inInitialUserNamespace(); err != nil || !root {
		return remedy
	}
	if _, err := exec.LookPath("sudo"); err == nil {
		return remedy
	}
	return strings.ReplaceAll(remedy, "sudo ", "")
}
