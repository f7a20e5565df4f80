// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/subid"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// granting returns a mount namespace in which the users 0 and 1 have subordinate IDs, and a folder with a newuidmap
// that is a shell script.
func granting(t *testing.T, script string) (ns *nstest.Fixture, dir string) {
	t.Helper()
	ns, dir = nstest.New(t, set.NS_MNT), t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"granted": "0:2:1\n1:2:1\n", "newuidmap": "#!/bin/sh\n" + script, "newgidmap": "#!/bin/sh\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ns.Do(func() {
		for _, file := range []string{subid.UserFile, subid.GroupFile} {
			if err := syscall.Mount(filepath.Join(dir, "granted"), file, "", syscall.MS_BIND, ""); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
	})
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return ns, dir
}

// children lists those of this process.
func children(g Gomega) (list string) {
	files, err := filepath.Glob("/proc/self/task/*/children")
	g.Expect(err).NotTo(HaveOccurred())
	for _, file := range files {
		text, err := os.ReadFile(file)
		if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ESRCH) { // of a thread that has ended
			g.Expect(err).NotTo(HaveOccurred())
		}
		list += string(text)
	}
	return list
}

func TestUnshareNamesTheHelperThatFails(t *testing.T) {
	nstest.Require(t, set.NS_USER)
	for script, want := range map[string]string{
		"echo refused; exit 1": `exit status 1: refused$`,
		"kill -9 $$":           `the ID map was not written: signal: killed$`,
	} {
		t.Run(script, func(t *testing.T) {
			g := NewWithT(t)
			ns, _ := granting(t, script)
			before := children(g)
			ns.Do(func() {
				s, err := set.Unshare(set.NS_USER|set.NS_PID, set.WithSubIDs())
				g.Expect(errors.Join(s.Close(), err)).To(MatchError(MatchRegexp(`^gonso: map the IDs of user: newuidmap \d+ 0 0 1 1 2 1: ` + want)))
			})
			g.Expect(children(g)).To(Equal(before))
		})
	}
}

// TestStartEndsWithTheContext while IDs are mapped, which takes an ordinary user: it runs itself again as one.
func TestStartEndsWithTheContext(t *testing.T) {
	const variable = "SET_TEST_HELPER"
	if dir := os.Getenv(variable); dir != "" {
		startAsUser(t, dir)
		return
	}
	nstest.Require(t, set.NS_USER)
	nstest.RequireFeatures(t, "setuid")
	ns, dir := granting(t, `cd "${0%/*}"; echo $$ >started; read line <never`)
	for _, name := range []string{"started", "never"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(syscall.Mkfifo(path, 0o600), os.Chown(path, 1, 1)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := ns.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), variable+"="+dir, "NSTEST_ROOTLESS=off", "GOCOVERDIR=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1, Gid: 1}}
	out, err := cmd.CombinedOutput()
	NewWithT(t).Expect(err).NotTo(HaveOccurred(), "%s", out)
	NewWithT(t).Expect(string(out)).To(ContainSubstring("--- PASS: " + t.Name()))
}

func startAsUser(t *testing.T, dir string) {
	g := NewWithT(t)
	uids, gids, err := subid.Own()
	g.Expect(err).NotTo(HaveOccurred())
	s, err := set.Current(set.NS_UTS)
	g.Expect(err).NotTo(HaveOccurred())
	defer s.Close()
	boom := errors.New("boom")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	cmd := s.Command(ctx, "true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: set.NS_USER, UidMappings: uids, GidMappings: gids, GidMappingsEnableSetgroups: true}
	before := children(g)
	ended := make(chan error)
	go func() { ended <- cmd.Run() }()
	pid, err := os.ReadFile(filepath.Join(dir, "started"))
	g.Expect(err).NotTo(HaveOccurred())
	cancel(boom)
	err = <-ended
	g.Expect(err).To(MatchError(boom))
	g.Expect(err).To(MatchError(ContainSubstring("map the IDs of user: newuidmap ")))
	number, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(syscall.Kill(number, 0)).To(MatchError(syscall.ESRCH))
	g.Expect(children(g)).To(Equal(before))
}
