// SPDX-License-Identifier: Apache-2.0

//go:build linux

package reexec_test

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/set"
)

var allKinds = kind.All

var mount = reexec.Func("mount", func(_ context.Context, dir string) (int, error) {
	return 0, os.NewSyscallError("mount", syscall.Mount("none", dir, "tmpfs", 0, "mode=755"))
})

var print = reexec.Func("print", func(_ context.Context, text string) (int, error) {
	_, err := fmt.Println(text)
	fmt.Fprintln(os.Stderr, strings.ToUpper(text))
	return 0, err
})

// linger leaves a process behind that holds standard output open.
var linger = reexec.Func("linger", func(context.Context, struct{}) (int, error) {
	cmd := exec.Command("cat")
	cmd.Stdin, cmd.Stdout = os.Stdin, os.Stdout
	return 0, cmd.Start()
})

// mine are the flags and options with which the caller may make namespaces of these
// kinds.
func mine(flags int) (int, []set.UnshareOpt) {
	if os.Geteuid() != 0 {
		flags |= set.NS_USER
	}
	if flags&set.NS_USER == 0 {
		return flags, nil
	}
	return flags, []set.UnshareOpt{set.WithRootMapped()}
}

// fresh makes a Set that is closed when the test ends.
func fresh(t *testing.T, flags int) set.Set {
	t.Helper()
	flags, opts := mine(flags)
	s, err := set.Unshare(flags, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// hidden makes a Set with a mount namespace in which nothing of the machine is seen.
func hidden(t *testing.T, flags int) set.Set {
	t.Helper()
	s := fresh(t, flags|set.NS_MNT)
	if _, err := mount.Run(t.Context(), "/", reexec.In(s)); err != nil {
		t.Fatal(err)
	}
	return s
}

// linkedDynamically reports whether this program does not start without a loader.
func linkedDynamically(t *testing.T) bool {
	t.Helper()
	file, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// asRoot reports whether this process is root. If not, the test is run by a process that
// is, in a user namespace with the caller's subordinate IDs, and ends as it does there.
func asRoot(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 {
		return true
	}
	nstest.RequireFeatures(t, "subids")
	s, err := set.Unshare(set.NS_USER|set.NS_MNT, set.WithSubIDs())
	if err != nil {
		t.Fatal(err)
	}
	cmd := s.Command(t.Context(), "/proc/self/exe", "-test.v", "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$")
	out, err := cmd.CombinedOutput()
	if err := errors.Join(err, s.Close()); err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name()+" ")) {
		t.Errorf("as root of a user namespace: %v\n%s", err, out)
	}
	return false
}

// expectIDs expects an action to be in all of the Set's namespaces.
func expectIDs(g *WithT, w whereabouts, s set.Set) {
	for _, kind := range set.Kinds(s.Flags()) {
		g.Expect(w.IDs).To(HaveKeyWithValue(set.KindNames(kind), id(g, s, kind)))
	}
}

func id(g *WithT, s set.Set, kind int) string {
	id, err := s.ID(kind)
	g.Expect(err).NotTo(HaveOccurred())
	return id
}

func TestInEveryKindOfSet(t *testing.T) {
	here, err := set.Current(allKinds)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = here.Close() })
	for _, kind := range append(set.Kinds(allKinds), allKinds) {
		t.Run(set.KindNames(kind), func(t *testing.T) {
			g := NewWithT(t)
			s := fresh(t, kind)
			w, err := locate.Run(t.Context(), struct{}{}, reexec.In(s), reexec.Log(t))
			g.Expect(err).NotTo(HaveOccurred())
			expectIDs(g, w, s)
			for _, kind := range set.Kinds(allKinds &^ s.Flags()) {
				g.Expect(w.IDs).To(HaveKeyWithValue(set.KindNames(kind), id(g, here, kind)))
			}
		})
	}
}

// The program, its loader and its libraries are out of sight, and so is /proc, which package
// set has opened outside.
func TestInAMountNamespaceWithNothingOfTheMachine(t *testing.T) {
	if !asRoot(t) {
		return
	}
	g := NewWithT(t)
	s := hidden(t, set.NS_PID|set.NS_TIME)
	w, err := locate.Run(t.Context(), struct{}{}, reexec.In(s))
	g.Expect(err).NotTo(HaveOccurred())
	expectIDs(g, w, s)
	g.Expect(w.Root).To(BeEmpty())
	g.Expect(w.Dir).To(Equal("/"), "there is no folder of the name of the caller's")
	g.Expect(w.UID).To(BeZero())
	g.Expect(w.PID).To(BeNumerically("<", 100), "in a new pid namespace")
}

// Root of a user namespace could follow a process that has its root directory outside. So
// it starts inside, where no loader is, and no /proc either.
func TestInAUserNamespaceWithNothingOfTheMachine(t *testing.T) {
	g := NewWithT(t)
	in := reexec.In(hidden(t, set.NS_USER|set.NS_PID))
	w, err := grope.Run(t.Context(), struct{}{}, in)
	if linkedDynamically(t) {
		g.Expect(err).To(MatchError(syscall.ENOENT))
		g.Expect(err).To(MatchError(ContainSubstring("its loader is not in there: build it with CGO_ENABLED=0")))
		return
	}
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.Root).To(BeEmpty())
	g.Expect(w.Dir).To(Equal("/"))
	g.Expect(w.UID).To(BeZero())
	g.Expect(w.PID).To(BeNumerically("<", 100), "in a new pid namespace")

	_, err = locate.Run(t.Context(), struct{}{}, in)
	g.Expect(err).To(MatchError(os.ErrNotExist))
	g.Expect(err).To(MatchError(ContainSubstring("/proc is missing")))
	g.Expect(err).To(MatchError(ContainSubstring("mount -t proc")))
}

func TestWithoutInTheActionIsWhereItsCallerIs(t *testing.T) {
	if !asRoot(t) {
		return
	}
	g := NewWithT(t)
	s := fresh(t, set.NS_NET|set.NS_UTS)
	var w whereabouts
	var err error
	g.Expect(s.Do(func() { w, err = locate.Run(t.Context(), struct{}{}) })).To(Succeed())
	g.Expect(err).NotTo(HaveOccurred())
	expectIDs(g, w, s)
}

func TestUnshareMakesNamespacesForOneAction(t *testing.T) {
	g := NewWithT(t)
	flags, opts := mine(set.NS_UTS | set.NS_PID)
	first, err := locate.Run(t.Context(), struct{}{}, reexec.Unshare(flags, opts...))
	g.Expect(err).NotTo(HaveOccurred())
	here, err := set.Current(set.NS_UTS | set.NS_PID)
	g.Expect(err).NotTo(HaveOccurred())
	defer here.Close()
	for _, kind := range set.Kinds(here.Flags()) {
		g.Expect(first.IDs).NotTo(HaveKeyWithValue(set.KindNames(kind), id(g, here, kind)))
	}

	inside := fresh(t, set.NS_USER|set.NS_IPC)
	w, err := locate.Run(t.Context(), struct{}{}, reexec.In(inside), reexec.Unshare(set.NS_UTS))
	g.Expect(err).NotTo(HaveOccurred())
	expectIDs(g, w, inside)
	g.Expect(w.IDs).NotTo(HaveKeyWithValue("uts", id(g, here, set.NS_UTS)))
}

func TestUnshareEndsWithTheAction(t *testing.T) {
	g := NewWithT(t)
	in, theirs, err := os.Pipe()
	g.Expect(err).NotTo(HaveOccurred())
	ours, out, err := os.Pipe()
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _, _, _ = in.Close(), theirs.Close(), ours.Close() }()
	before := descriptors(g)
	flags, opts := mine(set.NS_PID)
	_, err = linger.Run(t.Context(), struct{}{}, reexec.Unshare(flags, opts...), reexec.Stdin(in), reexec.Stdout(out))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(descriptors(g)).To(Equal(before))
	g.Expect(out.Close()).To(Succeed())
	// Whoever was left behind had it open.
	g.Expect(io.ReadAll(ours)).To(BeEmpty())
}

// descriptors lists what this process has open.
func descriptors(g *WithT) []string {
	open, err := filepath.Glob("/proc/self/fd/*")
	g.Expect(err).NotTo(HaveOccurred())
	return open
}

func TestChrootIntoAnEmptyFolder(t *testing.T) {
	if linkedDynamically(t) && !asRoot(t) {
		return
	}
	g := NewWithT(t)
	root := t.TempDir()
	g.Expect(os.Mkdir(root+"/home", 0o755)).To(Succeed())
	flags, opts := mine(set.NS_UTS)
	opt := reexec.Unshare(flags, opts...)
	w, err := grope.Run(t.Context(), struct{}{}, opt, reexec.Chroot(root))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.Root).To(ConsistOf("home"))
	g.Expect(w.Dir).To(Equal("/"))

	w, err = grope.Run(t.Context(), struct{}{}, opt, reexec.Chroot(root), reexec.Dir("/home"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.Dir).To(Equal("/home"))

	_, err = grope.Run(t.Context(), struct{}{}, opt, reexec.Chroot(root), reexec.Dir("/office"))
	g.Expect(err).To(MatchError(MatchRegexp("^gonso: reexec grope: (gonso: chdir:|chdir) /office: no such file or directory$")))
	g.Expect(err).To(MatchError(syscall.ENOENT))
	_, err = grope.Run(t.Context(), struct{}{}, opt, reexec.Chroot(root+"/none"))
	g.Expect(err).To(MatchError("gonso: reexec grope: gonso: chroot: " + root + "/none: no such file or directory"))
}

func TestCredentialMakesTheActionAnotherUser(t *testing.T) {
	if !asRoot(t) {
		return
	}
	other := reexec.Credential(&syscall.Credential{Uid: 4711, Gid: 4712, Groups: []uint32{4712, 4713}})
	for name, opts := range map[string][]reexec.Option{
		"here":        {},
		"in a chroot": {reexec.Chroot(t.TempDir())},
		"inside":      {reexec.In(hidden(t, set.NS_UTS))},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w, err := locate.Run(t.Context(), struct{}{}, append(opts, other, reexec.Dir("/"))...)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(w.UID).To(Equal(4711))
			g.Expect(w.GID).To(Equal(4712))
			g.Expect(w.Groups).To(Equal([]int{4712, 4713}))
		})
	}
}

func TestCredentialOfAUserThatIsNotMapped(t *testing.T) {
	g := NewWithT(t)
	opt := reexec.Unshare(set.NS_USER, set.WithRootMapped())
	for _, root := range []reexec.Option{reexec.Dir("/"), reexec.Chroot("/")} {
		_, err := locate.Run(t.Context(), struct{}{}, opt, root,
			reexec.Credential(&syscall.Credential{Uid: 4711, Gid: 4711, NoSetGroups: true}))
		g.Expect(err).To(MatchError(syscall.EINVAL))
		g.Expect(err).To(MatchError(ContainSubstring("credential: ")))
	}
}

func TestClosedSetAndNoKind(t *testing.T) {
	g := NewWithT(t)
	s := fresh(t, set.NS_UTS)
	g.Expect(s.Close()).To(Succeed())
	_, err := locate.Run(t.Context(), struct{}{}, reexec.In(s))
	g.Expect(err).To(MatchError(os.ErrClosed))
	_, err = locate.Run(t.Context(), struct{}{}, reexec.In(set.Set{}))
	g.Expect(err).To(MatchError(os.ErrInvalid))
	_, err = locate.Run(t.Context(), struct{}{}, reexec.Unshare(0))
	g.Expect(err).To(MatchError(os.ErrInvalid))
}

func TestTenInParallelInSetsOfTheirOwn(t *testing.T) {
	var wg sync.WaitGroup
	for range 10 {
		s := fresh(t, set.NS_USER|set.NS_PID|set.NS_TIME|set.NS_MNT)
		wg.Go(func() {
			w, err := locate.Run(t.Context(), struct{}{}, reexec.In(s), reexec.Log(t))
			if err != nil {
				t.Error(err)
				return
			}
			for _, kind := range set.Kinds(s.Flags()) {
				if id, err := s.ID(kind); err != nil || id != w.IDs[set.KindNames(kind)] {
					t.Errorf("in %s, not %s (%v)", w.IDs[set.KindNames(kind)], id, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestArgsAreTheChilds(t *testing.T) {
	g := NewWithT(t)
	seen, err := look.Run(t.Context(), "", reexec.Args("-one", "two"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(seen.Args).To(Equal([]string{os.Args[0], "-test.run=^$", "-one", "two"}))
}

type log struct{ bytes.Buffer }

func (l *log) Output() io.Writer { return &l.Buffer }

var _ interface{ Output() io.Writer } = testing.TB(nil)

func TestLogHasBothOutputs(t *testing.T) {
	g := NewWithT(t)
	var l log
	_, err := print.Run(t.Context(), "line", reexec.Log(&l))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(l.String()).To(Equal("line\nLINE\n"))
}
