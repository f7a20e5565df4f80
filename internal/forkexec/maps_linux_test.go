// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
	"golang.org/x/sys/unix"
)

// mapped is how a process gets into a user namespace of its own and into others, with its own ID as another one.
func mapped(flags uintptr) *forkexec.Attr {
	return &forkexec.Attr{
		Sys: &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWUSER | flags},
		Configure: func(pid int) error {
			for _, file := range []struct{ name, text string }{
				{"setgroups", "deny"},
				{"uid_map", fmt.Sprintf("7 %d 1", os.Geteuid())},
				{"gid_map", fmt.Sprintf("8 %d 1", os.Getegid())},
			} {
				if err := os.WriteFile(fmt.Sprintf("/proc/%d/%s", pid, file.name), []byte(file.text), 0); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func TestStartMapsANewUserNamespace(t *testing.T) {
	for name, tc := range map[string]struct {
		flags uintptr
		want  string
	}{
		"alone":            {0, "7 8"},
		"with all threads": {unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWUTS, "7 8"},
		"with a pid":       {unix.CLONE_NEWPID, "7 8"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(output(t, mapped(tc.flags), "echo $(id -u) $(id -g)")).To(Equal(tc.want))
		})
	}
}

func TestStartWithoutIDMapsLeavesNothing(t *testing.T) {
	g := NewWithT(t)
	refused := errors.New("no maps today")
	var child int
	attr := mapped(unix.CLONE_NEWPID)
	attr.Configure = func(pid int) error {
		child = pid
		return refused
	}
	before := children(t)
	_, err := forkexec.Start(t.Context(), []string{"/bin/true"}, []string{"true"}, attr)
	g.Expect(err).To(MatchError(refused))
	g.Expect(unix.Kill(child, 0)).To(Equal(unix.ESRCH))
	g.Expect(children(t)).To(Equal(before))
}

// A child that is killed while it waits for its maps is no reason to wait any longer.
func TestStartSeesThatAChildWithoutIDMapsHasGone(t *testing.T) {
	g := NewWithT(t)
	attr := mapped(0)
	attr.Configure = func(pid int) error { return errors.Join(unix.Kill(pid, unix.SIGKILL), sys.AwaitEnd(pid)) }
	_, err := forkexec.Start(t.Context(), []string{"/bin/true"}, []string{"true"}, attr)
	g.Expect(err).To(MatchError(ContainSubstring("ended early by signal 9")))
}

// Once its maps are written the child is hidden, before anybody else can be in its namespaces.
func TestStartHidesAChildThatHasItsIDMaps(t *testing.T) {
	NewWithT(t).Expect(forkexec.HiddenWhen(mapped(unix.CLONE_NEWPID), unix.SYS_CLONE)).To(BeTrue())
}

func TestStartRefusesIDMapsThatNobodyCouldWrite(t *testing.T) {
	g := NewWithT(t)
	for name, attr := range map[string]*forkexec.Attr{
		"no new user namespace": {Configure: mapped(0).Configure},
		"below a joined one":    {Configure: mapped(0).Configure, Sys: mapped(0).Sys, Joins: fresh(t, unix.CLONE_NEWUSER)},
	} {
		_, err := forkexec.Start(t.Context(), []string{"/bin/true"}, []string{"true"}, attr)
		g.Expect(err).To(MatchError(errors.ErrUnsupported), name)
	}
}
