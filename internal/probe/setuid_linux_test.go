// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/nstest"
)

const becoming = "become user 1 and group 1: "

// A user namespace with one ID has root and nobody else to become, and the kernel
// lets no group be given up in there.
func TestDeniedSetgroupsIsNamed(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "as it is", userRoot(0), "setuid", "rootless")
	g.Expect(found[0]).To(Equal(finding{
		Name: "setuid", OK: no, Errno: unix.EPERM,
		Cause: becoming + "operation not permitted: setgroups(2) is denied in this user namespace, " +
			"as in each that has only its maker's own group (user_namespaces(7))",
	}))
	g.Expect(found[1].OK).To(Equal(yes)) // namespaces need no setgroups
}

// Whoever made it would have more IDs in there if some were granted.
func TestDeniedSetgroupsIsHelpedByIDsForTheMaker(t *testing.T) {
	g := NewWithT(t)
	nstest.RequireFeatures(t, "setuid")
	found := in(t, "as it is", rootFor(stranger), "setuid")
	g.Expect(found[0].Cause).To(ContainSubstring("setgroups(2) is denied"))
	g.Expect(found[0].Remedy).To(MatchRegexp(`^echo 54321:\d+:65536 \| sudo tee -a /etc/subuid /etc/subgid$`))
}

func TestUserWhoIsNotMappedIsNamed(t *testing.T) {
	g := NewWithT(t)
	nstest.RequireFeatures(t, "setuid")
	attr := rootFor(stranger)
	attr.GidMappingsEnableSetgroups = true
	attr.Credential = &syscall.Credential{}
	found := in(t, "as it is", attr, "setuid")
	g.Expect(found[0].OK).To(Equal(no))
	g.Expect(found[0].Cause).To(Equal(becoming + "invalid argument: they are not mapped into this user namespace"))
}

func TestOrdinaryUserBecomesOthersWithSubordinateIDs(t *testing.T) {
	g := NewWithT(t)
	const lacking = becoming + "operation not permitted: the process has no CAP_SETUID and CAP_SETGID"
	found := run(t, "subids granted", ownMounts(t), []string{proberVar + "=" + nobody}, "setuid")
	g.Expect(found[0]).To(Equal(finding{
		Name: "setuid", OK: no, Errno: unix.EPERM, Cause: lacking, Remedy: "gonso exec -- go test ./...",
	}))
	found = run(t, "subids of others", ownMounts(t), []string{proberVar + "=" + nobody}, "setuid")
	g.Expect(found[0]).To(Equal(finding{
		Name: "setuid", OK: no, Errno: unix.EPERM,
		Cause: lacking + ", and no user namespace with more IDs to have them in: " +
			"/etc/subuid grants no range to nobody: file does not exist",
		Remedy: "echo nobody:165536:65536 | sudo tee -a /etc/subuid /etc/subgid",
	}))
}

// A child that becomes somebody else before it executes its program does so to the memory
// that it shares with the one that probes.
func TestProbingLeavesThisProcessAsDumpable(t *testing.T) {
	g := NewWithT(t)
	nstest.RequireFeatures(t, "setuid")
	g.Expect(in(t, "dumpable after all", &syscall.SysProcAttr{}, "setuid")[0].OK).To(Equal(yes))
}
