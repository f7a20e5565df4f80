// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"golang.org/x/sys/unix"
)

func TestStartJoinsEveryKind(t *testing.T) {
	g := NewWithT(t)
	joins := fresh(t, unix.CLONE_NEWUSER, unix.CLONE_NEWCGROUP, unix.CLONE_NEWIPC, unix.CLONE_NEWNET,
		unix.CLONE_NEWPID, unix.CLONE_NEWTIME, unix.CLONE_NEWUTS, unix.CLONE_NEWNS)
	want := make([]string, 0, len(joins))
	for _, j := range joins {
		want = append(want, readlink(t, fmt.Sprintf("/proc/self/fd/%d", j.FD)))
	}
	// /proc is the host's, where a child knows itself by no number but as "self".
	out := sh(t, joins, "for k in user cgroup ipc net pid time uts mnt; do readlink /proc/self/ns/$k; done")
	g.Expect(strings.Fields(out)).To(Equal(want))
}

func TestStartEntersAPidNamespace(t *testing.T) {
	g := NewWithT(t)
	joins := fresh(t, unix.CLONE_NEWUSER, unix.CLONE_NEWPID)
	for want := 2; want < 5; want++ {
		g.Expect(sh(t, joins, "echo $$ $PPID")).To(HaveSuffix(" 0"))
	}
	g.Expect(children(t)).To(HaveLen(1), "the namespace's cat, and no zombie")
}

func TestStartRuns(t *testing.T) {
	for name, tc := range map[string]struct {
		attr   forkexec.Attr
		script string
		want   string
	}{
		"in Dir":            {forkexec.Attr{Dir: "/usr/bin"}, "pwd -P", "/usr/bin"},
		"in Chroot":         {forkexec.Attr{Dir: "/", Sys: &syscall.SysProcAttr{Chroot: "/proc/self/root"}}, "pwd", "/"},
		"with Env":          {forkexec.Attr{Env: []string{"A=b c"}}, `echo "$A"`, "b c"},
		"as Credential":     {forkexec.Attr{Sys: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12, Gid: 34, Groups: []uint32{56}}}}, "echo $(id -u) $(id -g) $(id -G)", "12 34 34 56"},
		"in a session":      {forkexec.Attr{Sys: &syscall.SysProcAttr{Setsid: true}}, `set -- $(cat /proc/$$/stat); [ $6 = $$ ] && echo own`, "own"},
		"in a group":        {forkexec.Attr{Sys: &syscall.SysProcAttr{Setpgid: true}}, `set -- $(cat /proc/$$/stat); [ $5 = $$ ] && echo own`, "own"},
		"with Unshareflags": {forkexec.Attr{Sys: &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWPID | unix.CLONE_NEWNET}}, "echo $$ $(grep -c : /proc/thread-self/net/dev)", "1 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.attr.Sys != nil && tc.attr.Sys.Credential != nil {
				nstest.RequireFeatures(t, "setuid")
			}
			g := NewWithT(t)
			out := output(t, &tc.attr, tc.script)
			g.Expect(out).To(Equal(tc.want))
		})
	}
}

func TestStartJoinsAUserNamespaceAs(t *testing.T) {
	for name, tc := range map[string]struct {
		maps string
		want string
	}{
		"who it is, if that is mapped": {"7 0 1\n", "7 7"},
		"root, if it is not":           {"0 1000 10\n", "0 0"},
		"nobody, if there is no root":  {"5 1000 10\n", "65534 65534"},
		"nobody, if there are no maps": {"", "65534 65534"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			if strings.Contains(tc.maps, "1000") {
				nstest.RequireFeatures(t, "setuid")
			}
			h, opened, err := forkexec.Hold(nil, unix.CLONE_NEWUSER, forkexec.Setup{
				Open: []string{"user"},
				Configure: func(pid int) error {
					if tc.maps == "" {
						return nil
					}
					return errors.Join(os.WriteFile(fmt.Sprintf("/proc/%d/uid_map", pid), []byte(tc.maps), 0),
						os.WriteFile(fmt.Sprintf("/proc/%d/gid_map", pid), []byte(tc.maps), 0))
				},
			})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(h.Close()).To(Succeed())
			defer opened[0].Close()
			g.Expect(sh(t, []forkexec.Join{{FD: opened[0].Int(), Flag: unix.CLONE_NEWUSER}}, "echo $(id -u) $(id -g)")).To(Equal(tc.want))
		})
	}
}

func TestStartLooksForTheProgramInside(t *testing.T) {
	g := NewWithT(t)
	p, err := forkexec.Start(t.Context(), []string{"/no/such/folder/sh", "/dev/null/sh", "/etc/passwd", "/bin/sh"}, []string{"sh", "-c", "exit 3"}, &forkexec.Attr{})
	g.Expect(err).NotTo(HaveOccurred())
	state, err := p.Wait()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(state.ExitCode()).To(Equal(3))
}

func TestStartNamesTheStepThatFailed(t *testing.T) {
	joins := fresh(t, unix.CLONE_NEWNET, unix.CLONE_NEWUTS)
	swapped := []forkexec.Join{{FD: joins[0].FD, Flag: unix.CLONE_NEWNET}, {FD: joins[0].FD, Flag: unix.CLONE_NEWUTS}}
	dead := deadPID(t)
	for name, tc := range map[string]struct {
		path string
		attr forkexec.Attr
		want forkexec.Error
	}{
		"setns":                   {"/bin/true", forkexec.Attr{Joins: swapped}, forkexec.Error{Step: forkexec.Setns, Flag: unix.CLONE_NEWUTS, Err: unix.EINVAL}},
		"descriptor":              {"/bin/true", forkexec.Attr{Joins: []forkexec.Join{{FD: -1, Flag: unix.CLONE_NEWIPC}}}, forkexec.Error{Step: forkexec.Setns, Flag: unix.CLONE_NEWIPC, Err: unix.EBADF}},
		"dead pid":                {"/bin/true", forkexec.Attr{Joins: []forkexec.Join{{FD: dead, Flag: unix.CLONE_NEWPID}}}, forkexec.Error{Step: forkexec.Fork, Err: unix.ENOMEM}},
		"unshare":                 {"/bin/true", forkexec.Attr{Sys: &syscall.SysProcAttr{Unshareflags: 1}}, forkexec.Error{Step: forkexec.Unshare, Flag: 1, Err: unix.EINVAL}},
		"chroot":                  {"/bin/true", forkexec.Attr{Sys: &syscall.SysProcAttr{Chroot: "/nowhere"}}, forkexec.Error{Step: forkexec.Chroot, Err: unix.ENOENT}},
		"chdir":                   {"/bin/true", forkexec.Attr{Dir: "/nowhere"}, forkexec.Error{Step: forkexec.Chdir, Err: unix.ENOENT}},
		"credential":              {"/bin/true", forkexec.Attr{Joins: fresh(t, unix.CLONE_NEWUSER), Sys: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 7, NoSetGroups: true}}}, forkexec.Error{Step: forkexec.Credential, Err: unix.EINVAL}},
		"files":                   {"/bin/true", forkexec.Attr{Files: []uintptr{100_000}}, forkexec.Error{Step: forkexec.Files, Err: unix.EBADF}},
		"group":                   {"/bin/true", forkexec.Attr{Sys: &syscall.SysProcAttr{Setpgid: true, Pgid: 1}}, forkexec.Error{Step: forkexec.Session, Err: unix.EPERM}},
		"death":                   {"/bin/true", forkexec.Attr{Sys: &syscall.SysProcAttr{Pdeathsig: 1000}}, forkexec.Error{Step: forkexec.Signal, Err: unix.EINVAL}},
		"exec":                    {"/etc/passwd", forkexec.Attr{}, forkexec.Error{Step: forkexec.Exec, Err: unix.EACCES}},
		"exec in a pid namespace": {"/nowhere", forkexec.Attr{Joins: fresh(t, unix.CLONE_NEWPID)}, forkexec.Error{Step: forkexec.Exec, Err: unix.ENOENT}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			fds, kids := descriptors(t), children(t)
			_, err := forkexec.Start(t.Context(), []string{tc.path}, []string{"x"}, &tc.attr)
			var got *forkexec.Error
			g.Expect(errors.As(err, &got)).To(BeTrue(), "%v", err)
			g.Expect(*got).To(Equal(tc.want))
			g.Expect(errors.Is(err, tc.want.Err)).To(BeTrue())
			g.Expect(descriptors(t)).To(Equal(fds))
			g.Expect(children(t)).To(ConsistOf(kids))
		})
	}
}

func TestStartRefusesWhatItDoesNotDo(t *testing.T) {
	for name, attr := range map[string]*syscall.SysProcAttr{
		"Ptrace":      {Ptrace: true},
		"Foreground":  {Foreground: true},
		"Cloneflags":  {Cloneflags: unix.CLONE_NEWNET},
		"UidMappings": {UidMappings: []syscall.SysProcIDMap{{}}},
		"GidMappings": {GidMappings: []syscall.SysProcIDMap{{}}},
		"AmbientCaps": {AmbientCaps: []uintptr{1}},
		"UseCgroupFD": {UseCgroupFD: true},
		"PidFD":       {PidFD: new(int)},
	} {
		g := NewWithT(t)
		_, err := forkexec.Start(t.Context(), []string{"/bin/true"}, []string{"true"}, &forkexec.Attr{Sys: attr})
		g.Expect(errors.Is(err, errors.ErrUnsupported)).To(BeTrue(), name)
		g.Expect(err).To(MatchError(ContainSubstring(name)))
	}
}

func TestStartRefusesNUL(t *testing.T) {
	g := NewWithT(t)
	for _, tc := range []struct {
		path, arg string
		attr      forkexec.Attr
	}{
		{"a\x00", "a", forkexec.Attr{}},
		{"a", "a\x00", forkexec.Attr{}},
		{"a", "a", forkexec.Attr{Env: []string{"a\x00"}}},
		{"a", "a", forkexec.Attr{Dir: "a\x00"}},
		{"a", "a", forkexec.Attr{Sys: &syscall.SysProcAttr{Chroot: "a\x00"}}},
	} {
		_, err := forkexec.Start(t.Context(), []string{tc.path}, []string{tc.arg}, &tc.attr)
		g.Expect(errors.Is(err, unix.EINVAL)).To(BeTrue(), "%v", err)
	}
}

func TestStartGivesDescriptorsTheirNumbers(t *testing.T) {
	a, b, c := file(t), file(t), file(t)
	const none = ^uintptr(0)
	for _, fds := range [][]uintptr{
		{none, none},
		{none, a},
		{a, b, c},
		{c, b, a, none, a},
		{2, 1, 0, a, a, c, b},
		{b, a, a, none, c, 2, 1, 0},
		{none, 0, 1, 2, none, a, 2, 1},
	} {
		t.Run(fmt.Sprint(fds), func(t *testing.T) {
			g := NewWithT(t)
			r, w := pipe(t)
			files := append(append([]uintptr(nil), fds...), w.Fd())
			var want []string
			for _, fd := range files[:len(files)-1] {
				link := "none"
				if l, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", int(fd))); err == nil {
					link = l
				}
				want = append(want, link)
			}
			script := fmt.Sprintf("i=0; while [ $i -lt %[1]d ]; do (readlink /proc/$$/fd/$i || echo none) >&%[1]d; i=$((i+1)); done", len(files)-1)
			p, err := forkexec.Start(t.Context(), []string{"/bin/sh"}, []string{"sh", "-c", script}, &forkexec.Attr{Files: files, Env: os.Environ()})
			g.Expect(err).NotTo(HaveOccurred())
			w.Close()
			out, err := io.ReadAll(r)
			g.Expect(err).NotTo(HaveOccurred())
			_, err = p.Wait()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(strings.Split(strings.TrimSpace(string(out)), "\n")).To(Equal(want))
		})
	}
}

func TestStartUnderGCStorm(t *testing.T) {
	const forks = 1000
	g := NewWithT(t)
	fds := descriptors(t)
	stop := make(chan struct{})
	var storm, starters sync.WaitGroup
	for range 2 {
		storm.Go(func() {
			var keep [][]byte
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					keep = append(keep[max(0, len(keep)-64):], make([]byte, 1<<12))
					if i%256 == 0 {
						runtime.GC()
					}
				}
			}
		})
	}
	for range 10 {
		starters.Go(func() {
			for range forks / 10 {
				p, err := forkexec.Start(t.Context(), []string{"/bin/true"}, []string{"true"}, &forkexec.Attr{Env: []string{strings.Repeat("x", 100)}})
				if err != nil {
					t.Error(err)
					return
				}
				if state, err := p.Wait(); err != nil || !state.Success() {
					t.Error(state, err)
				}
			}
		})
	}
	starters.Wait()
	close(stop)
	storm.Wait()
	g.Expect(children(t)).To(BeEmpty())
	g.Expect(descriptors(t)).To(Equal(fds))
}

// deadPID is a pid namespace whose first process has ended.
func deadPID(t *testing.T) int {
	t.Helper()
	var fd int
	t.Run("its cat lives as long as this", func(t *testing.T) {
		dup, err := unix.FcntlInt(uintptr(fresh(t, unix.CLONE_NEWPID)[0].FD), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		fd = dup
	})
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}
