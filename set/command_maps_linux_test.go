// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/subid"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// asRoot is what makes a command root in a user namespace of its own.
func asRoot(kinds int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Unshareflags: uintptr(set.NS_USER | kinds),
		UidMappings:  []set.IDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings:  []set.IDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

func TestCommandIsRootInAUserNamespaceOfItsOwn(t *testing.T) {
	nstest.Require(t, set.NS_USER)
	g := NewWithT(t)
	s := closing(t)(set.Current(set.NS_NET))
	cmd := s.Command(t.Context(), "sh", "-c", "id -u; id -g; cat /proc/self/setgroups; echo $$")
	cmd.SysProcAttr = asRoot(set.NS_PID | set.NS_UTS)
	out, err := cmd.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), "%s", out)
	g.Expect(string(out)).To(Equal("0\n0\ndeny\n1\n"))
	g.Expect(cmd.SysProcAttr).To(Equal(asRoot(set.NS_PID|set.NS_UTS)), "the caller's own")
}

// The IDs of others take newuidmap and newgidmap, or root.
func TestCommandHasTheSubordinateIDsOfItsCaller(t *testing.T) {
	nstest.RequireFeatures(t, "setuid")
	g := NewWithT(t)
	uids := []set.IDMap{{ContainerID: 0, HostID: 0, Size: 1}, {ContainerID: 1, HostID: 65534, Size: 1}}
	gids := uids
	if os.Geteuid() != 0 {
		nstest.RequireFeatures(t, "subids")
		var err error
		uids, gids, err = subid.Own()
		g.Expect(err).NotTo(HaveOccurred())
	}
	s := closing(t)(set.Current(set.NS_NET))
	cmd := s.Command(t.Context(), "cat", "/proc/self/uid_map", "/proc/self/setgroups")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: set.NS_USER, UidMappings: uids, GidMappings: gids, GidMappingsEnableSetgroups: true,
	}
	out, err := cmd.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), "%s", out)
	g.Expect(strings.Count(string(out), "\n")).To(Equal(len(uids)+1), "%s", out)
	g.Expect(string(out)).To(HaveSuffix("allow\n"))
}

func TestCommandRefusesIDMaps(t *testing.T) {
	nstest.Require(t, set.NS_USER)
	own := closing(t)(set.Current(set.NS_NET))
	for name, tc := range map[string]struct {
		in   set.Set
		attr *syscall.SysProcAttr
		want error
		text string
	}{
		"that overlap": {own, &syscall.SysProcAttr{Unshareflags: set.NS_USER, UidMappings: []set.IDMap{{Size: 1}, {Size: 1}}},
			os.ErrInvalid, "start user: uid maps"},
		"that the kernel does not take": {own, &syscall.SysProcAttr{Unshareflags: set.NS_USER, UidMappings: []set.IDMap{{ContainerID: 0, HostID: -1, Size: 1}}},
			os.ErrInvalid, "start user: uid map"},
		"of no new user namespace": {own, &syscall.SysProcAttr{UidMappings: []set.IDMap{{Size: 1}}},
			errors.ErrUnsupported, "SysProcAttr.UidMappings"},
		"below the Set's user namespace": {unshare(t, set.NS_USER, set.WithRootMapped()), asRoot(0),
			errors.ErrUnsupported, "below one that is joined"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			cmd := tc.in.Command(t.Context(), "true")
			cmd.SysProcAttr = tc.attr
			err := cmd.Run()
			g.Expect(err).To(MatchError(tc.want))
			g.Expect(err).To(MatchError(ContainSubstring(tc.text)))
		})
	}
}
