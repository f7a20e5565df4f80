// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/internal/nssetup"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// nobody is a user whom every machine knows; newuidmap serves no other.
const nobody = "65534"

// Of the IDs that a user namespace with the usual 65536 has, others than nobody's.
const (
	granted = nobody + ":10000:1000\nsomebody:100000:65536\n" + nobody + ":20000:10\n"
	others  = "somebody:100000:65536\n"
)

// etc gives /etc other subuid and subgid, or none where the text is empty. So that
// remedies can change passwd as well, it is a copy.
func etc(subuid, subgid string) error {
	passwd, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return err
	}
	if err := nssetup.CopyUp("/etc", nil); err != nil {
		return err
	}
	for name, text := range map[string]string{"subuid": subuid, "subgid": subgid, "passwd": string(passwd)} {
		name = filepath.Join("/etc", name)
		if err := unix.Unmount(name, unix.MNT_DETACH); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if text == "" {
			continue
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// tools puts copies of newuidmap and newgidmap first on the PATH. The machine's
// own belong to a root that a user namespace does not know, and get no privileges
// in it.
func tools(mode fs.FileMode) error {
	dir := "/etc/probe-test" // which others than root can reach
	err := errors.Join(os.Mkdir(dir, 0o755), unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"))
	for _, name := range []string{"newuidmap", "newgidmap"} {
		path, lookErr := exec.LookPath(name)
		text, readErr := os.ReadFile(path)
		copied := filepath.Join(dir, name)
		err = errors.Join(err, lookErr, readErr, os.WriteFile(copied, text, 0o755), os.Chmod(copied, mode))
	}
	return errors.Join(err, os.Setenv("PATH", dir+":"+os.Getenv("PATH")))
}

const setuid = fs.ModeSetuid | 0o755

func grantSubIDs() error {
	return errors.Join(etc(granted, granted), tools(setuid))
}

func grantWithPlainTools() error {
	return errors.Join(etc(granted, granted), tools(0o755))
}

func grantWithoutTools() error {
	return errors.Join(grantSubIDs(), os.Setenv("PATH", "/etc/probe-test/none"))
}

func grantToOthers() error {
	return errors.Join(etc(others, others), tools(setuid))
}

func grantUsersOnly() error {
	return errors.Join(etc(granted, others), tools(setuid))
}

func noSubIDFiles() error {
	return errors.Join(etc("", ""), tools(setuid))
}

// grantSubIDsInVain has them granted to a process that no program gives more
// privileges.
func grantSubIDsInVain() error {
	runtime.LockOSThread() // it is a property of the thread, and its children inherit it
	return errors.Join(grantSubIDs(), unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
}

// asUser runs a scenario in a mount namespace of its own and has a user ask for
// subordinate IDs.
func asUser(t *testing.T, scenario, user string) finding {
	t.Helper()
	return run(t, scenario, ownMounts(t), []string{proberVar + "=" + user}, "subids")[0]
}

// ownMounts is for scenarios that also need root to become others, and the tools
// that map IDs.
func ownMounts(t *testing.T) *syscall.SysProcAttr {
	t.Helper()
	nstest.RequireFeatures(t, "setuid")
	need.Tool(t, "newuidmap", "uidmap")
	return &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
}

func TestUserWithSubordinateIDs(t *testing.T) {
	g := NewWithT(t)
	g.Expect(asUser(t, "subids granted", nobody)).To(Equal(finding{Name: "subids", OK: yes}))
}

func TestNoNewPrivsIsNamed(t *testing.T) {
	g := NewWithT(t)
	found := asUser(t, "subids granted, no new privileges", nobody)
	g.Expect(found.OK).To(Equal(no))
	g.Expect(found.Cause).To(ContainSubstring("no_new_privs is set"))
	g.Expect(found.Remedy).To(BeEmpty())
}

func TestMissingToolIsNamedWithItsPackage(t *testing.T) {
	g := NewWithT(t)
	found := asUser(t, "subids granted, newuidmap missing", nobody)
	g.Expect(found.OK).To(Equal(no))
	g.Expect(found.Cause).To(Equal(`exec: "newuidmap": executable file not found in $PATH`))
	g.Expect(found.Remedy).To(Equal("sudo apt-get install uidmap"))
}

func TestToolWithoutPrivilegesIsNamedAndHelped(t *testing.T) {
	g := NewWithT(t)
	trail := remedied(t, "subids granted, newuidmap without mode", ownMounts(t), nobody, "subids")
	g.Expect(trail).To(HaveLen(3))
	for i, tool := range []string{"/etc/probe-test/newuidmap", "/etc/probe-test/newgidmap"} {
		g.Expect(trail[i].OK).To(Equal(no))
		g.Expect(trail[i].Cause).To(HaveSuffix(tool + " has neither the set-user-ID mode nor capabilities"))
		g.Expect(trail[i].Remedy).To(Equal("sudo chmod u+s " + tool))
	}
	g.Expect(trail[2]).To(Equal(finding{Name: "subids", OK: yes}))
}

func TestUserWithoutSubordinateIDsIsHelped(t *testing.T) {
	for scenario, want := range map[string]finding{
		"subids of others": {
			Cause:  "/etc/subuid grants no range to nobody: file does not exist",
			Remedy: "echo nobody:165536:65536 | sudo tee -a /etc/subuid /etc/subgid",
		},
		"subids of nobody: no files": {
			Cause:  "/etc/subuid grants no range to nobody: file does not exist",
			Remedy: "echo nobody:100000:65536 | sudo tee -a /etc/subuid /etc/subgid",
		},
		"subids of nobody: a group range missing": {
			Cause:  "/etc/subgid grants no range to nobody: file does not exist",
			Remedy: "echo nobody:165536:65536 | sudo tee -a /etc/subgid",
		},
	} {
		g := NewWithT(t)
		want.Name, want.OK = "subids", no
		trail := remedied(t, scenario, ownMounts(t), nobody, "subids")
		g.Expect(trail[0]).To(Equal(want))
		g.Expect(trail[1]).To(grantedBy(want.Remedy))
	}
}

// Who has no entry in passwd is helped step by step.
func TestUserWhomNoFileKnowsIsHelped(t *testing.T) {
	g := NewWithT(t)
	user := fmt.Sprint(stranger)
	trail := remedied(t, "subids of others", ownMounts(t), user, "subids")
	g.Expect(trail[0].Remedy).To(Equal("echo 54321:165536:65536 | sudo tee -a /etc/subuid /etc/subgid"))
	g.Expect(trail[1].Cause).To(HaveSuffix("user 54321 may have no entry in passwd, and newuidmap serves no other"))
	g.Expect(trail[1].Remedy).To(Equal("echo user54321:x:54321:54321::/:/bin/sh | sudo tee -a /etc/passwd"))
	g.Expect(trail[2]).To(grantedBy(trail[0].Remedy))
}

// grantedBy matches the answer once a remedy has granted IDs. In a user namespace
// there are none left to be granted: newuidmap believes the file, the kernel does
// not.
func grantedBy(remedy string) OmegaMatcher {
	if !inUserNamespace() {
		return Equal(finding{Name: "subids", OK: yes})
	}
	tool := "newuidmap"
	if !strings.Contains(remedy, "/etc/subuid") {
		tool = "newgidmap"
	}
	return HaveField("Cause", ContainSubstring(": "+tool+": write to "+strings.TrimPrefix(tool[:6], "new")+"_map failed: Operation not permitted"))
}
