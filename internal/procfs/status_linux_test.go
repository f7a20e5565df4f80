// SPDX-License-Identifier: Apache-2.0

package procfs_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// plant makes a file below root.
func plant(t *testing.T, root, name, text string) {
	t.Helper()
	name = filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestStatusIsReadByField(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	plant(t, root, "42/status", "Name:\tCapEff: x\nSeccomp:\t2\nSeccomp_filters:\t1\nCapEff:\t00000000a80425fb\n")
	g.Expect(procfs.Status(root, "42", "Seccomp")).To(Equal("2"))
	g.Expect(procfs.Effective(root, "42")).To(Equal(uint64(0xa80425fb)))
	_, err := procfs.Status(root, "42", "NoNewPrivs")
	g.Expect(err).To(MatchError(os.ErrNotExist))
	_, err = procfs.Effective(root, "43")
	g.Expect(err).To(MatchError(os.ErrNotExist))
	plant(t, root, "42/status", "CapEff:\tall\n")
	_, err = procfs.Effective(root, "42")
	g.Expect(err).To(HaveOccurred())
}

// What the kernel writes is read, too.
func TestStatusOfThisThread(t *testing.T) {
	g := NewWithT(t)
	g.Expect(procfs.Status(procfs.Root, procfs.ThreadSelf, "NoNewPrivs")).To(MatchRegexp("^[01]$"))
	_, err := procfs.Effective(procfs.Root, procfs.ThreadSelf)
	g.Expect(err).NotTo(HaveOccurred())
}

func TestSecurityLabelIsAppArmorsOrThatOfTheOnlyModule(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	g.Expect(procfs.SecurityLabel(root, "42")).To(BeEmpty())
	plant(t, root, "42/attr/current", "user_u:user_r:user_t:s0\x00")
	g.Expect(procfs.SecurityLabel(root, "42")).To(Equal("user_u:user_r:user_t:s0"))
	plant(t, root, "42/attr/apparmor/current", "docker-default (enforce)\n")
	g.Expect(procfs.SecurityLabel(root, "42")).To(Equal("docker-default (enforce)"))
}

func TestSysctlGoesByItsName(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	plant(t, root, "sys/user/max_net_namespaces", "127\n")
	g.Expect(procfs.Sysctl(root, "user.max_net_namespaces")).To(Equal("127"))
	_, err := procfs.Sysctl(root, "user.max_nothing")
	g.Expect(err).To(MatchError(os.ErrNotExist))
}
