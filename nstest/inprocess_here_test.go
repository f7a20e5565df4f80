// SPDX-License-Identifier: Apache-2.0

//go:build linux

package nstest_test

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestInProcessIsHere(t *testing.T) {
	_, code := play(t, "^TestHere$")
	NewWithT(t).Expect(code).To(BeZero())
}

func TestInProcessLeavesAloneWhatIsMountedInTempDir(t *testing.T) {
	_, code := play(t, "^TestMounted$")
	NewWithT(t).Expect(code).To(BeZero())
}
