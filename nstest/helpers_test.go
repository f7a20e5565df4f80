// SPDX-License-Identifier: Apache-2.0

package nstest_test

import (
	"os"

	. "github.com/onsi/gomega"
)

// here returns the ID of the calling thread's namespace of that name.
func here(g Gomega, name string) string {
	id, err := os.Readlink("/proc/thread-self/ns/" + name)
	g.Expect(err).NotTo(HaveOccurred())
	return id
}
