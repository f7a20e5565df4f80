// SPDX-License-Identifier: Apache-2.0

package pool_test

import (
	"fmt"
	"os"
	"runtime"
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
			var thread thread
			p := pool.NewRaw(set.NS_UTS, func() (bool, error) {
				thread = here()
				return clean, nil
			})
			s, err := p.Get()
			g.Expect(err).NotTo(HaveOccurred())
			defer s.Close()
			if clean && comesBack(t, s) {
				g.Consistently(thread.exists, 20*time.Millisecond).Should(Succeed())
			} else {
				g.Eventually(thread.exists).Should(MatchError(os.ErrNotExist))
			}
		})
	}
}

// comesBack reports whether a thread that leaves the Set clean goes back to the
// process's namespaces. In a rootless run the kernel may refuse that: they belong to
// the host's user namespace.
func comesBack(t *testing.T, s set.Set) bool {
	var thread thread
	err := s.DoRaw(func() bool { thread = here(); return true }, true)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(200 * time.Millisecond); time.Now().Before(deadline); runtime.Gosched() {
		if thread.exists() != nil {
			return false
		}
	}
	return true
}

// A thread is the folder that the kernel has for it.
type thread string

func here() thread { return thread(fmt.Sprintf("/proc/self/task/%d", syscall.Gettid())) }

func (t thread) exists() error {
	_, err := os.Stat(string(t))
	return err
}
