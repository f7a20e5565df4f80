// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
)

// A thread that has joined a command's namespaces has come back, or has ended.
func TestNoThreadStaysInTheNamespacesOfACommand(t *testing.T) {
	for name, kind := range map[string]int{"net": unix.CLONE_NEWNET, "uts": unix.CLONE_NEWUTS, "cgroup": unix.CLONE_NEWCGROUP, "pid": unix.CLONE_NEWPID} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			joins := fresh(t, kind)
			want := readlink(t, "/proc/self/ns/"+name)
			for range 10 {
				g.Expect(sh(t, joins, "readlink /proc/self/ns/"+name)).NotTo(Equal(want))
			}
			link := name
			if kind == unix.CLONE_NEWPID {
				link = "pid_for_children"
			}
			g.Eventually(func(g Gomega) {
				threads, err := filepath.Glob("/proc/self/task/*/ns/" + link)
				g.Expect(err).NotTo(HaveOccurred())
				for _, path := range threads {
					is, err := os.Readlink(path)
					if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
						continue // it has ended
					}
					g.Expect(err).NotTo(HaveOccurred())
					g.Expect(is).To(Equal(want), path)
				}
			}).Should(Succeed())
		})
	}
}

// Root of the user namespace that a pid namespace belongs to sees all who are born there.
func TestNobodyIsBornIntoAPidNamespaceOfOthersBeforeItIsHidden(t *testing.T) {
	g := NewWithT(t)
	joins := fresh(t, unix.CLONE_NEWUSER, unix.CLONE_NEWPID)
	g.Expect(forkexec.JoinsByThread(&forkexec.Attr{Joins: joins[1:]})).To(BeFalse())
	g.Expect(forkexec.JoinsByThread(&forkexec.Attr{Joins: fresh(t, unix.CLONE_NEWPID)})).To(BeTrue())
}

// What syscall's errno does not say, the long way does.
func TestStartInNetNamesTheStepThatFailed(t *testing.T) {
	joins := fresh(t, unix.CLONE_NEWNET)
	for path, want := range map[string]forkexec.Error{
		"/bin/true":   {Step: forkexec.Chdir, Err: unix.ENOENT},
		"/etc/passwd": {Step: forkexec.Exec, Err: unix.EACCES},
	} {
		attr := &forkexec.Attr{Joins: joins}
		if want.Step == forkexec.Chdir {
			attr.Dir = "/nowhere"
		}
		g := NewWithT(t)
		_, err := forkexec.Start(t.Context(), []string{path}, []string{"x"}, attr)
		var got *forkexec.Error
		g.Expect(errors.As(err, &got)).To(BeTrue(), "%v", err)
		g.Expect(*got).To(Equal(want))
	}
}
