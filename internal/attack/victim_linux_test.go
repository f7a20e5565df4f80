// SPDX-License-Identifier: Apache-2.0

package attack_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/holder"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/reexec"
	_ "github.com/seed-1bc5c4a2/gonso/reexec/gons"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// How often each entry is called while it is attacked, and how the names of those begin that are.
var (
	calls, _ = strconv.Atoi(cmp.Or(os.Getenv("ATTACK_CALLS"), "2"))
	only     = os.Getenv("ATTACK_ONLY")
)

// What a process of this binary is to be.
const (
	roleVar    = "ATTACK_TEST_ROLE"
	secretVar  = "ATTACK_TEST_SECRET"
	gonsoVar   = "ATTACK_TEST_GONSO"  // the path of cmd/gonso
	reportVar  = "ATTACK_TEST_REPORT" // where to write the rows
	subtestVar = "ATTACK_TEST_SUBTEST"
	mapping    = "attack-test-mapping"
	argMark    = "-test.v=test2json" // an argument of the victim's alone
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "attacker":
		if err := attack(); err != nil {
			fmt.Fprintln(os.Stderr, "attacker:", err)
			os.Exit(1)
		}
		os.Exit(0)
	case "nobody":
		os.Exit(0)
	}
	nstest.Main(m)
}

var nothing = reexec.Func("nothing", func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })

// memory has the secret of one victim only.
var memory [64]byte

// clean is the environment of programs that have a right to be looked at.
func clean(role string) []string { return []string{roleVar + "=" + role} }

// An entry is a way to have another process do something.
type entry struct {
	name string
	call func(t *testing.T, s set.Set) error
	// without is a kind that makes it impossible, or what it is called without.
	without int
	// kept says that first processes of pid namespaces can be kept.
	kept bool
}

func unshare(name string, flags int, opts ...set.UnshareOpt) entry {
	return entry{name: "Unshare " + name, call: func(_ *testing.T, s set.Set) error {
		made, err := s.Unshare(flags, opts...)
		return errors.Join(err, made.Close())
	}}
}

func action(name string, opts func(t *testing.T, s set.Set) []reexec.Option) entry {
	return entry{name: "reexec " + name, call: func(t *testing.T, s set.Set) error {
		_, err := nothing.Run(t.Context(), struct{}{}, append(opts(t, s), reexec.Environment(clean("")))...)
		return err
	}}
}

var entries = []entry{
	unshare("pid", set.NS_PID),
	unshare("net", set.NS_NET),
	unshare("user", set.NS_USER, set.WithRootMapped()),
	unshare("user+pid", set.NS_USER|set.NS_PID, set.WithRootMapped()),
	unshare("all", set.NS_USER|set.NS_PID|set.NS_NET|set.NS_MNT|set.NS_UTS|set.NS_IPC|set.NS_TIME, set.WithRootMapped(), set.WithTimeOffsets(1, 1)),
	{name: "Unshare twice", call: func(_ *testing.T, s set.Set) error {
		outer, err := s.Unshare(set.NS_USER|set.NS_PID, set.WithRootMapped())
		if err != nil {
			return err
		}
		inner, err := outer.Unshare(set.NS_PID)
		return errors.Join(err, inner.Close(), outer.Close())
	}},
	{name: "Command", call: func(t *testing.T, s set.Set) error {
		cmd := s.Command(t.Context(), "/proc/self/exe")
		cmd.Env = clean("nobody")
		return cmd.Run()
	}},
	{name: "guarded Command", call: func(t *testing.T, s set.Set) error {
		cmd := s.Command(t.Context(), "/proc/self/exe")
		cmd.Env, cmd.Releasable = clean("nobody"), true
		return cmd.Run()
	}},
	action("In", func(_ *testing.T, s set.Set) []reexec.Option { return []reexec.Option{reexec.In(s)} }),
	action("In, Unshare", func(_ *testing.T, s set.Set) []reexec.Option {
		return []reexec.Option{reexec.In(s), reexec.Unshare(set.NS_PID | set.NS_MNT)}
	}),
	action("In, Chroot", func(_ *testing.T, s set.Set) []reexec.Option {
		return []reexec.Option{reexec.In(s), reexec.Chroot("/")}
	}),
	{name: "gons", without: set.NS_PID, call: switchByGons},
	{name: "InProcess", call: func(t *testing.T, _ set.Set) error {
		subtests++
		return errors.Join(os.Setenv(subtestVar, fmt.Sprint("inside", subtests)), inProcess(t))
	}},
	{name: "rootless Main", call: func(t *testing.T, _ set.Set) error {
		cmd := exec.Command("/proc/self/exe", "-test.run=^$")
		cmd.Env = append(os.Environ(), "NSTEST_ROOTLESS=force")
		return cmd.Run()
	}},
	{name: "gonso exec", call: func(t *testing.T, _ set.Set) error {
		cmd := exec.Command(os.Getenv(gonsoVar), "exec", "--", "true")
		cmd.Env = os.Environ()
		return cmd.Run()
	}},
	{name: "kept", call: keep, kept: true},
}

var subtests int

// inProcess is all that a process of InProcess has to come by.
func inProcess(t *testing.T) error {
	if !nstest.InProcess(t, os.Getenv(subtestVar), set.NS_USER|set.NS_PID|set.NS_MNT, func(*testing.T) {}) {
		return errors.New("InProcess failed")
	}
	return nil
}

// switchByGons has a program move itself into the Set.
func switchByGons(t *testing.T, s set.Set) error {
	kinds := s.Flags()
	fds, err := s.Fds(kinds)
	if err != nil {
		return err
	}
	defer fds.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = clean("nobody")
	for _, kind := range set.Kinds(kinds) {
		cmd.Env = append(cmd.Env, fmt.Sprintf("gons_%s=/proc/self/fd/%d", set.KindNames(kind), 3+len(cmd.ExtraFiles)))
		cmd.ExtraFiles = append(cmd.ExtraFiles, fds.Get(kind))
	}
	return cmd.Run()
}

// A scene is a Set that somebody is root in.
type scene struct {
	name  string
	kinds int
	maps  func() set.UnshareOpt
	ids   uint32 // how many IDs that takes
}

// identity is in two parts since those of a rootless run's IDs are: root, and all others. The
// kernel maps no range that lies in two (user_namespaces(7)).
func identity() set.UnshareOpt {
	all := []set.IDMap{{ContainerID: 0, HostID: 0, Size: 1}, {ContainerID: 1, HostID: 1, Size: 1<<16 - 1}}
	return set.WithIDMaps(all, all)
}

func shifted() set.UnshareOpt {
	all := []set.IDMap{{ContainerID: 0, HostID: 1 << 16, Size: 1 << 16}}
	return set.WithIDMaps(all, all)
}

var scenes = []scene{
	{"user+pid+mnt", set.NS_USER | set.NS_PID | set.NS_MNT, set.WithRootMapped, 1},
	{"user+mnt", set.NS_USER | set.NS_MNT, set.WithRootMapped, 1},
	{"user+pid+mnt, identity", set.NS_USER | set.NS_PID | set.NS_MNT, identity, 1 << 16},
	{"user+mnt, identity", set.NS_USER | set.NS_MNT, identity, 1 << 16},
	{"user+pid+mnt, shifted", set.NS_USER | set.NS_PID | set.NS_MNT, shifted, 1 << 17},
}

// TestVictim is run by TestAttacks in a process of its own: one that was executed with a secret.
func TestVictim(t *testing.T) {
	if os.Getenv(subtestVar) != "" {
		t.Error(inProcess(t)) // does not return
	}
	secret := os.Getenv(secretVar)
	if secret == "" {
		return
	}
	report, err := os.Create(os.Getenv(reportVar))
	if err != nil {
		t.Fatal(err)
	}
	defer report.Close()
	// What reexec starts may be looked at, and gets the environment as it is now.
	if err := os.Unsetenv(secretVar); err != nil {
		t.Fatal(err)
	}
	copy(memory[:], secret)
	heavy(t)
	goal := target{Victim: os.Getpid(), Secret: secret, Address: uintptr(unsafe.Pointer(&memory[0])), Mapping: mapping, Arg: argMark}
	goal.Dir = t.TempDir()
	goal.File = filepath.Join(goal.Dir, "secret")
	if err := errors.Join(os.WriteFile(goal.File, []byte(secret), 0o644), os.Chmod(goal.Dir, 0o755),
		os.Chmod(filepath.Dir(goal.Dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(goal.Dir)
	open(t, &goal)
	enc := json.NewEncoder(report)
	ids, err := procfs.UIDMap(procfs.Root, procfs.Self)
	if err != nil {
		t.Fatal(err)
	}
	for _, sc := range scenes {
		if sc.ids > ids[len(ids)-1].Inside+ids[len(ids)-1].Count {
			continue // an ordinary user does not have them
		}
		for _, e := range entries {
			if e.without&sc.kinds != 0 || !strings.HasPrefix(e.name, strings.ReplaceAll(only, "_", " ")) {
				continue
			}
			l := attacked(t, goal, sc, e)
			if err := enc.Encode(row{sc.name, e.name, calls, l}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// heavy gives the victim so much memory in small pages that the kernel takes a while in
// execve to let go of a copy.
func heavy(t *testing.T) {
	t.Helper()
	ballast, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err == nil {
		err = unix.Madvise(ballast, unix.MADV_NOHUGEPAGE)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(ballast); i += os.Getpagesize() {
		ballast[i] = 1
	}
}

// open has the victim hold a file, a folder and a mapping with a name.
func open(t *testing.T, goal *target) {
	t.Helper()
	f, err := os.Open(goal.File)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close(); _ = dir.Close() })
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	goal.Dev, goal.Ino = uint64(st.Dev), st.Ino
	fd, err := unix.MemfdCreate(mapping, unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ, unix.MAP_SHARED); err != nil {
		t.Fatal(err)
	}
}

// attacked makes the calls with an attacker in the Set.
func attacked(t *testing.T, goal target, sc scene, e entry) (l loot) {
	t.Helper()
	if e.kept {
		program, err := holder.Program()
		if err != nil {
			t.Fatal(err)
		}
		forkexec.KeepInits(program)
		defer func() {
			forkexec.KeepInits(nil)
			if err := program.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	s, err := set.Unshare(sc.kinds, sc.maps())
	if err != nil {
		t.Fatalf("%s: %v", sc.name, err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	goal.Proc = sc.kinds&set.NS_PID != 0
	if goal.Proc {
		goal.Victim = 0
	}
	cmd := s.Command(t.Context(), "/proc/self/exe")
	cmd.Env = clean("attacker")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(in).Encode(goal); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(pipe)
	if line, err := out.ReadString('\n'); line != "ready\n" {
		t.Fatalf("the attacker says %q, %v", line, err)
	}
	for range calls {
		if err := e.call(t, s); err != nil {
			t.Errorf("%s in %s: %v", e.name, sc.name, err)
			break
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := io.ReadAll(out)
	if err := errors.Join(err, json.Unmarshal(report, &l), cmd.Wait()); err != nil {
		t.Fatalf("the attacker's report %q: %v", report, err)
	}
	return l
}
