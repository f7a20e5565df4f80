// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os/exec"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// leave starts a process in the namespaces of the calling goroutine.
func leave() *exec.Cmd {
	GinkgoHelper()
	cmd := exec.Command("sleep", "1000")
	Expect(cmd.Start()).To(Succeed())
	return cmd
}

// end ends it again.
func end(cmd *exec.Cmd) {
	GinkgoHelper()
	Expect(cmd.Process.Kill()).To(Succeed())
	Expect(cmd.Wait()).Error().To(MatchError(ContainSubstring("killed")))
}
