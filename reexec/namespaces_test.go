// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// keep mounts a folder of its own on dir, and binds a new UTS namespace to dir/uts.
var keep = reexec.Func("keep", func(ctx context.Context, dir string) (int, error) {
	if err := syscall.Mount("none", dir, "tmpfs", 0, ""); err != nil {
		return 0, err
	}
	file := filepath.Join(dir, "uts")
	cmd := exec.CommandContext(ctx, "sh", "-c", "touch "+file+" && unshare --uts="+file+" true")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", out, err)
	}
	var stat syscall.Stat_t
	err = syscall.Stat(file, &stat)
	return int(stat.Ino), err
})

// paths returns a path for each of the Set's namespaces, good until the test ends.
func paths(t *testing.T, s set.Set) map[string]string {
	t.Helper()
	fds, err := s.Fds(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fds.Close(); err != nil {
			t.Error(err)
		}
	})
	paths := map[string]string{}
	for kind, f := range fds {
		paths[set.KindNames(kind)] = fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	}
	return paths
}

func TestNamespacesByPath(t *testing.T) {
	g := NewWithT(t)
	s := fresh(t, set.NS_USER|set.NS_NET|set.NS_PID|set.NS_MNT)
	path := paths(t, s)
	w, err := locate.Run(t.Context(), struct{}{}, reexec.Namespaces([]reexec.Namespace{
		{Type: "!user", Path: path["user"]},
		{Type: "!mnt", Path: path["mnt"]},
		{Type: "!net", Path: path["net"]},
		{Type: "!pid", Path: path["pid"]},
	}))
	g.Expect(err).NotTo(HaveOccurred())
	expectIDs(g, w, s)
}

// What makes the ! a difference: where the path is looked up.
func TestNamespaceIsOpenedBeforeOrAfterTheSwitch(t *testing.T) {
	g := NewWithT(t)
	s, dir := fresh(t, set.NS_USER|set.NS_MNT), t.TempDir()
	ino, err := keep.Run(t.Context(), dir, reexec.In(s))
	g.Expect(err).NotTo(HaveOccurred())
	file, path := filepath.Join(dir, "uts"), paths(t, s)
	list := func(uts string) reexec.Option {
		return reexec.Namespaces([]reexec.Namespace{
			{Type: "!user", Path: path["user"]}, {Type: "!mnt", Path: path["mnt"]}, {Type: uts, Path: file},
		})
	}
	w, err := locate.Run(t.Context(), struct{}{}, list("uts"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.IDs["uts"]).To(Equal(fmt.Sprintf("uts:[%d]", ino)))
	expectIDs(g, w, s)

	_, err = locate.Run(t.Context(), struct{}{}, list("!uts"))
	g.Expect(err).To(MatchError(fmt.Sprintf(`gonso: reexec locate: namespace "!uts": open %s: no such file or directory`, file)))
	_, err = locate.Run(t.Context(), struct{}{}, reexec.Namespaces([]reexec.Namespace{{Type: "uts", Path: file}}))
	g.Expect(err).To(MatchError(fmt.Sprintf("gonso: reexec locate: gonso: open uts: %s: no such file or directory", file)))
	g.Expect(err).To(MatchError(os.ErrNotExist))
}

func TestNamespacesThatAreNone(t *testing.T) {
	const net = "/proc/self/ns/net"
	for text, c := range map[string][]reexec.Namespace{
		`namespace "!netz": the type is none of user, cgroup, ipc, net, pid, time, uts, mnt`: {{Type: "!netz", Path: net}},
		`namespace "": the type is none of`:                                                  {{Path: net}},
		`namespace "net": no path`:                                                           {{Type: "net"}},
		`namespace "net": the type is there`:                                                 {{Type: "!net", Path: net}, {Type: "net", Path: net}},
		`/proc/self/ns/net: a namespace of kind`:                                             {{Type: "!uts", Path: net}},
		`namespace "!net": gonso: dup net`:                                                   {{Type: "!net", Path: os.DevNull}},
		`gonso: setns uts: /proc/self/ns/net`:                                                {{Type: "uts", Path: net}},
	} {
		t.Run(text, func(t *testing.T) {
			g := NewWithT(t)
			before := descriptors(g)
			_, err := locate.Run(t.Context(), struct{}{}, reexec.Namespaces(c))
			g.Expect(err).To(MatchError(ContainSubstring(text)))
			var whole *reexec.Error
			g.Expect(errors.As(err, &whole)).To(BeTrue())
			g.Expect(descriptors(g)).To(Equal(before))
		})
	}
	_, err := locate.Run(t.Context(), struct{}{}, reexec.Unshare(set.NS_UTS),
		reexec.Namespaces([]reexec.Namespace{{Type: "net", Path: net}}))
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("Namespaces excludes In and Unshare")))
}

// Whoever can replace a file of namespaces must not be able to make us wait.
func TestFifoIsNoNamespace(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"net", "!net"} {
		g := NewWithT(t)
		_, err := locate.Run(t.Context(), struct{}{}, reexec.Namespaces([]reexec.Namespace{{Type: kind, Path: fifo}}))
		g.Expect(err).To(HaveOccurred())
		g.Expect(err.Error()).To(ContainSubstring("net"))
		t.Log(err)
	}
}

// own mounts the /proc of its pid namespace, or looks at processes by it.
var own = reexec.Func("own", func(_ context.Context, mount bool) (int, error) {
	if mount {
		return 0, syscall.Mount("proc", "/proc", "proc", 0, "")
	}
	here, err := set.Current(set.NS_PID)
	if err != nil {
		return 0, err
	}
	it, err := set.FromPid(os.Getpid(), set.NS_PID)
	if err != nil {
		return 0, err
	}
	if same, err := here.Same(it, set.NS_PID); err != nil || !same {
		return 0, fmt.Errorf("a process of the same number, from outside: %w", err)
	}
	user, err := set.Unshare(set.NS_USER, set.WithRootMapped())
	return 0, errors.Join(err, here.Close(), it.Close(), user.Close())
})

// Package set has found the parent's /proc when it was initialised, if the process started
// with the root directory of its parent.
func TestSetsOfAPidNamespaceAreFoundInItsProc(t *testing.T) {
	nstest.RequireFeatures(t, "proc")
	g := NewWithT(t)
	for _, flags := range []int{set.NS_USER | set.NS_PID | set.NS_MNT, set.NS_PID | set.NS_MNT} {
		s := fresh(t, flags)
		_, err := own.Run(t.Context(), true, reexec.In(s))
		g.Expect(err).NotTo(HaveOccurred())
		_, err = own.Run(t.Context(), false, reexec.In(s))
		g.Expect(err).NotTo(HaveOccurred())
	}
}
