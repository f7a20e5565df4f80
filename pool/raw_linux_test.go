// SPDX-License-Identifier: Apache-2.0

package pool_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestThreadOfAfterCreateIsUsedAgainOnlyIfClean(t *testing.T) {
	for _, clean := range []bool{true, false} {
		t.Run(fmt.Sprintf("clean=%v", clean), func(t *testing.T) {
			g := NewWithT(t)
			var thread string
			p := pool.NewRaw(set.NS_UTS, func() (bool, error) {
				thread = fmt.Sprintf("/proc/self/task/%d", syscall.Gettid())
				return clean, nil
			})
			s, err := p.Get()
			g.Expect(err).NotTo(HaveOccurred())
			defer s.Close()
			lives := func() error {
				_, err := os.Stat(thread)
				return err
			}
			if clean {
				g.Consistently(lives, 20*time.Millisecond).Should(Succeed())
			} else {
				g.Eventually(lives).Should(MatchError(os.ErrNotExist))
			}
		})
	}
}
