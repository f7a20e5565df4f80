// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// The program has rights by its file that its caller has not: it must not lend
// them. File capabilities count in user namespaces below the one of the file's
// root, and only for others than root (capabilities(7)).
func TestProgramWithFileCapabilitiesIgnoresTheVariables(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
		g := NewWithT(t)
		to := hold(t, syscall.CLONE_NEWUTS)
		program = copyOf(t, program)
		run := func() report {
			cmd := exec.Command(program)
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, Size: 1}},
			}
			cmd.ExtraFiles = []*os.File{open(t, to.path("uts"))}
			return probeCmd(t, cmd, "gons_uts=/proc/self/fd/3", "gons_order=uts")
		}
		g.Expect(run().Status).To(Equal("gons: gons_uts=/proc/self/fd/3: setns: operation not permitted"))

		giveCapability(t, program, unix.CAP_SYS_ADMIN)
		r := run()
		g.Expect(r.Status).To(Equal("gons: gons_uts=/proc/self/fd/3: start: ignored: " +
			"the program is set-user-ID, set-group-ID or has file capabilities: permission denied"))
		g.Expect(r.Is).To(ConsistOf("*gons.Error", "ErrPermission"))
		g.Expect(r.Namespaces["uts"]).To(ConsistOf(here().id(t, "uts")))
	})
}

// Where the kernel does not say whether the program is privileged, it may be. Without cgo
// that is for internal/sys to find out; other C libraries have their getauxval(3) built in.
func TestProgramThatMayBePrivilegedIgnoresTheVariables(t *testing.T) {
	needRoot(t)
	b := builds[2]
	program := b.program(t, "probe")
	g := NewWithT(t)
	to := hold(t, syscall.CLONE_NEWUTS)
	r := probe(t, program, "LD_PRELOAD="+preload(t, b, "nosecure"), to.variable("uts"))
	g.Expect(r.Status).To(Equal("gons: " + to.variable("uts") + ": start: ignored: the kernel does not say whether " +
		"the program has rights that its caller lacks (no AT_SECURE in the auxiliary vector): permission denied"))
	g.Expect(r.Is).To(ConsistOf("*gons.Error", "ErrPermission"))
	g.Expect(r.Namespaces["uts"]).To(ConsistOf(here().id(t, "uts")))
}

// giveCapability makes a capability effective for whoever executes the file: a
// struct vfs_cap_data of capabilities(7), "File capability extended attribute
// versioning".
func giveCapability(t *testing.T, file string, capability int) {
	t.Helper()
	const revision2, effective = 0x02000000, 1
	var data [20]byte
	binary.LittleEndian.PutUint32(data[0:], revision2|effective)
	binary.LittleEndian.PutUint32(data[4:], 1<<capability)
	if err := unix.Setxattr(file, "security.capability", data[:], 0); err != nil {
		need.Missing(t, "file capabilities: "+err.Error(), "put TMPDIR on a file system that has them")
	}
}

// A user namespace of somebody else's comes with credentials for which the kernel
// clears the signal that guards against the parent's end.
func TestParentDeathSignalSurvivesAUserNamespace(t *testing.T) {
	nstest.RequireFeatures(t, "setuid")
	eachBuild(t, "probe", func(t *testing.T, b build, program string) {
		if !b.cgo {
			return // such a namespace cannot be joined
		}
		g := NewWithT(t)
		need.Tool(t, "unshare", "util-linux")
		cmd := exec.Command("unshare", "--user", "sh")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1, Gid: 1}}
		to := holdCmd(t, cmd, "")
		child := exec.Command(program)
		child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGUSR1}
		r := probeCmd(t, child, to.variable("user"))
		g.Expect(r.Status).To(BeEmpty())
		g.Expect(r.Namespaces["user"]).To(ConsistOf(to.id(t, "user")))
		g.Expect(r.DeathSignal).To(BeEquivalentTo(syscall.SIGUSR1))
	})
}

// copyOf copies a program, so that it can be changed.
func copyOf(t *testing.T, program string) string {
	t.Helper()
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(program))
	if err := os.WriteFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}
