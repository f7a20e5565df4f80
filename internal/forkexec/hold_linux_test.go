// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"golang.org/x/sys/unix"
)

// held makes new namespaces with Hold, and opens them in the order of the flags.
func held(t testing.TB, joins []forkexec.Join, flags ...int) []forkexec.Join {
	t.Helper()
	opened, h := hold(t, joins, flags...)
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}

func hold(t testing.TB, joins []forkexec.Join, flags ...int) ([]forkexec.Join, *forkexec.Init) {
	t.Helper()
	all := 0
	setup := forkexec.Setup{Configure: func(pid int) error {
		if slices.Contains(flags, unix.CLONE_NEWUSER) {
			return errors.Join(
				forkexec.Write(joins[:min(1, len(joins))], fmt.Sprintf("/proc/%d/uid_map", pid), "0 0 1\n"),
				forkexec.Write(joins[:min(1, len(joins))], fmt.Sprintf("/proc/%d/gid_map", pid), "0 0 1\n"))
		}
		return nil
	}}
	for _, f := range flags {
		all |= f
		name := names[f]
		if f == unix.CLONE_NEWPID || f == unix.CLONE_NEWTIME {
			name += "_for_children"
		}
		setup.Open = append(setup.Open, name)
	}
	h, opened, err := forkexec.Hold(joins, all, setup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // Close does not wait long for its end, and the next test counts children
		NewWithT(t).Eventually(func() []string { return children(t) }, "10s").ShouldNot(ContainElement(strconv.Itoa(h.PID())))
	})
	fresh := make([]forkexec.Join, len(flags))
	for i, fd := range opened {
		t.Cleanup(func() { fd.Close() })
		fresh[i] = forkexec.Join{FD: fd.Int(), Flag: flags[i]}
	}
	return fresh, h
}

func TestHoldMakesEveryKind(t *testing.T) {
	g := NewWithT(t)
	kids := children(t)
	joins := held(t, nil, unix.CLONE_NEWUSER, unix.CLONE_NEWCGROUP, unix.CLONE_NEWIPC, unix.CLONE_NEWNET,
		unix.CLONE_NEWPID, unix.CLONE_NEWTIME, unix.CLONE_NEWUTS, unix.CLONE_NEWNS)
	g.Expect(children(t)).To(HaveLen(len(kids)+1), "an init, and nobody else")
	var want []string
	for _, j := range joins {
		l := readlink(t, fmt.Sprintf("/proc/self/fd/%d", j.FD))
		g.Expect(l).NotTo(Equal(readlink(t, "/proc/self/ns/"+names[j.Flag])), "a new one")
		want = append(want, l)
	}
	out := sh(t, joins, "for k in user cgroup ipc net pid time uts mnt; do readlink /proc/self/ns/$k; done")
	g.Expect(strings.Fields(out)).To(Equal(want))
}

func TestHoldWithoutPidNamespaceLeavesNobody(t *testing.T) {
	g := NewWithT(t)
	kids, fds := children(t), descriptors(t)
	joins, h := hold(t, nil, unix.CLONE_NEWUSER, unix.CLONE_NEWNET)
	g.Expect(h.PID()).To(BeZero())
	g.Expect(children(t)).To(Equal(kids))
	g.Expect(descriptors(t)).To(Equal(fds + len(joins)))
	g.Expect(h.Close()).To(Succeed())
	g.Expect(sh(t, joins, "id -u")).To(Equal("0"))
}

func TestHoldNestsPidNamespaces(t *testing.T) {
	for name, outer := range map[string][]int{
		"pid":      {unix.CLONE_NEWPID},
		"user+pid": {unix.CLONE_NEWUSER, unix.CLONE_NEWPID},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			around := held(t, nil, outer...)
			kids := children(t)
			inner := held(t, around, unix.CLONE_NEWPID)
			g.Expect(children(t)).To(HaveLen(len(kids) + 1))
			joins := append(append([]forkexec.Join(nil), around[:len(around)-1]...), inner...)
			// NSpid shows the number in every namespace, from here inwards.
			g.Expect(sh(t, joins, "echo $(grep NSpid /proc/self/status | wc -w)")).To(Equal("4"))
		})
	}
}

func TestHoldAppliesTimeOffsets(t *testing.T) {
	g := NewWithT(t)
	h, opened, err := forkexec.Hold(nil, unix.CLONE_NEWTIME, forkexec.Setup{
		Offsets: "boottime 1000000 0\n", Open: []string{"time_for_children"},
	})
	g.Expect(err).NotTo(HaveOccurred())
	defer h.Close()
	defer opened[0].Close()
	up, err := strconv.ParseFloat(strings.Fields(sh(t, []forkexec.Join{{FD: opened[0].Int(), Flag: unix.CLONE_NEWTIME}}, "cat /proc/uptime"))[0], 64)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(up).To(BeNumerically(">", 1_000_000))
}

func TestHoldMakesMountsPrivate(t *testing.T) {
	g := NewWithT(t)
	const count = "grep -c -e shared: -e master: /proc/self/mountinfo || true"
	around := fresh(t, unix.CLONE_NEWNS)
	g.Expect(sh(t, around, "mount --make-rshared / && "+count)).NotTo(Equal("0"))
	g.Expect(sh(t, held(t, around, unix.CLONE_NEWNS), count)).To(Equal("0"))
}

func TestHoldReapsOrphans(t *testing.T) {
	g := NewWithT(t)
	joins := held(t, nil, unix.CLONE_NEWPID, unix.CLONE_NEWNS)
	// Each subshell's child outlives it, and ends as a child of the init.
	out := sh(t, joins, `mount -t proc proc /proc
i=0; while [ $i -lt 2000 ]; do (true & true); i=$((i+1)); done
while [ "$(ls -d /proc/[0-9]* 2>/dev/null | wc -l)" -gt 5 ]; do :; done
grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l`)
	g.Expect(out).To(Equal("0"))
}

func TestCloseOfAnInitEndsTheNamespace(t *testing.T) {
	g := NewWithT(t)
	kids, fds := children(t), descriptors(t)
	joins, h := hold(t, nil, unix.CLONE_NEWUSER, unix.CLONE_NEWPID)
	r, w := pipe(t)
	p, err := forkexec.Start(t.Context(), []string{"/bin/sh"}, []string{"sh", "-c", "sleep 1000 & exec sleep 1000"},
		&forkexec.Attr{Joins: joins, Files: []uintptr{^uintptr(0), w.Fd(), w.Fd()}})
	g.Expect(err).NotTo(HaveOccurred())
	w.Close()
	// The init cannot go before p has been waited for, and Close must not wait for that.
	g.Expect(h.Close()).To(Succeed())
	g.Expect(h.Close()).To(Succeed())
	_, err = io.ReadAll(r)
	g.Expect(err).NotTo(HaveOccurred())
	state, err := p.Wait()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(state.String()).To(Equal("signal: killed"))
	g.Eventually(func() []string { return children(t) }).Should(Equal(kids))
	g.Expect(descriptors(t)).To(Equal(fds + len(joins) + 1))
	_, err = forkexec.Start(t.Context(), []string{"/bin/true"}, []string{"true"}, &forkexec.Attr{Joins: joins})
	var failed *forkexec.Error
	g.Expect(errors.As(err, &failed)).To(BeTrue())
	g.Expect(*failed).To(Equal(forkexec.Error{Step: forkexec.Fork, Err: unix.ENOMEM}))
}

func TestHoldFailuresLeaveNothing(t *testing.T) {
	boom := errors.New("boom")
	fail := func(int) error { return boom }
	dead := deadPID(t)
	for name, tc := range map[string]struct {
		joins   []forkexec.Join
		unshare int
		setup   forkexec.Setup
		want    error
	}{
		"configure":                        {nil, unix.CLONE_NEWPID, forkexec.Setup{Configure: fail}, boom},
		"open":                             {nil, unix.CLONE_NEWPID, forkexec.Setup{Open: []string{"net", "none"}}, unix.ENOENT},
		"offsets":                          {nil, unix.CLONE_NEWTIME, forkexec.Setup{Offsets: "boottime -1000000000 0\n"}, unix.ERANGE},
		"nested configure as another user": {held(t, nil, unix.CLONE_NEWUSER), unix.CLONE_NEWUSER, forkexec.Setup{Configure: fail}, boom},
		"setns":                            {[]forkexec.Join{{FD: 0, Flag: unix.CLONE_NEWNET}}, unix.CLONE_NEWPID, forkexec.Setup{}, unix.EINVAL},
		"unshare":                          {nil, 1, forkexec.Setup{}, unix.EINVAL},
		"dead pid":                         {[]forkexec.Join{{FD: dead, Flag: unix.CLONE_NEWPID}}, unix.CLONE_NEWPID, forkexec.Setup{}, unix.ENOMEM},
		"nested":                           {held(t, nil, unix.CLONE_NEWPID), unix.CLONE_NEWPID | 1, forkexec.Setup{}, unix.EINVAL},
		"nested configure":                 {held(t, nil, unix.CLONE_NEWPID), unix.CLONE_NEWPID, forkexec.Setup{Configure: fail}, boom},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			kids, fds := children(t), descriptors(t)
			h, _, err := forkexec.Hold(tc.joins, tc.unshare, tc.setup)
			g.Expect(errors.Is(err, tc.want)).To(BeTrue(), "%v", err)
			g.Expect(h).To(BeNil())
			g.Expect(children(t)).To(ConsistOf(kids))
			g.Expect(descriptors(t)).To(Equal(fds))
		})
	}
}

// The init has none of this process's descriptors, so nobody waits for it at the end of a pipe.
func TestHoldKeepsNoDescriptors(t *testing.T) {
	g := NewWithT(t)
	r, w := pipe(t)
	_, h := hold(t, nil, unix.CLONE_NEWPID)
	defer h.Close()
	w.Close()
	_, err := r.Read(make([]byte, 1))
	g.Expect(err).To(Equal(io.EOF))
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", h.PID()))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(entries).To(HaveLen(1))
}

// The init has this process's memory. Nobody in its namespace may read it, root neither.
func TestHoldKeepsItsMemoryToItself(t *testing.T) {
	g := NewWithT(t)
	joins := held(t, nil, unix.CLONE_NEWUSER, unix.CLONE_NEWPID, unix.CLONE_NEWNS)
	g.Expect(sh(t, joins, "mount -t proc proc /proc && id -u && cat /proc/self/environ >/dev/null && ! cat /proc/1/environ")).
		To(And(HavePrefix("0\n"), ContainSubstring("Permission denied")))
}

func TestHoldInParallel(t *testing.T) {
	g := NewWithT(t)
	kids, fds := children(t), descriptors(t)
	t.Run("ten", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				h, _, err := forkexec.Hold(nil, unix.CLONE_NEWUSER|unix.CLONE_NEWPID|unix.CLONE_NEWNET, forkexec.Setup{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := h.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
	g.Eventually(func() []string { return children(t) }).Should(ConsistOf(kids))
	g.Expect(descriptors(t)).To(Equal(fds))
}
