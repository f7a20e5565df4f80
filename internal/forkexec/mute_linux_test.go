// SPDX-License-Identifier: Apache-2.0

package forkexec_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/seed-1bc5c4a2/gonso/internal/forkexec"
	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
	"golang.org/x/sys/unix"
)

func init() {
	selfexec.Register("start with a deadline", startWithADeadline)
	selfexec.Register("hold with a limit", holdWithALimit)
	selfexec.Register("held back start with a deadline", func() error { return heldBack("start with a deadline", 4) })
	selfexec.Register("held back hold with a limit", func() error { return heldBack("hold with a limit", 4) })
}

// startWithADeadline starts a child that never gets anywhere.
func startWithADeadline() error {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := forkexec.Start(ctx, []string{"/bin/true"}, []string{"true"}, &forkexec.Attr{})
	return say(err)
}

func holdWithALimit() error {
	forkexec.SetMuteAfter(100 * time.Millisecond)
	_, _, err := forkexec.Hold(nil, unix.CLONE_NEWPID, forkexec.Setup{})
	return say(err)
}

func say(err error) error {
	_, werr := fmt.Fprintln(os.NewFile(3, "test"), strings.ReplaceAll(fmt.Sprint(err), "\n", "; "))
	return werr
}

// A child that says nothing costs an error.
func TestAMuteChildIsGivenUp(t *testing.T) {
	for name, want := range map[string]string{
		"start with a deadline": "context deadline exceeded",
		"hold with a limit":     "forkexec: the child has said nothing for 100ms",
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
			g.Expect(err).NotTo(HaveOccurred())
			ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
			defer ours.Close()
			parent, said := act(t, "held back "+name, theirs)
			g.Expect(theirs.Close()).To(Succeed())
			listener := receiveFile(t, ours)
			defer listener.Close()
			receiveCall(t, listener)                                                       // and no answer
			g.Expect(said.SetReadDeadline(time.Now().Add(20 * time.Second))).To(Succeed()) // where it waits for ever
			out := make([]byte, 200)
			n, err := said.Read(out)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(out[:n])).To(Equal(want + "\n"))
			g.Expect(parent.Wait()).To(Succeed())
		})
	}
}

// Who stops a child makes it slow, and no more.
func TestAStoppedChildGoesOn(t *testing.T) {
	g := NewWithT(t)
	forkexec.SetMuteAfter(10 * time.Second)
	defer forkexec.SetMuteAfter(time.Minute)
	h, _, err := forkexec.Hold(nil, unix.CLONE_NEWPID, forkexec.Setup{Configure: func(pid int) error {
		stop(t, pid)
		return nil
	}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(h.Close()).To(Succeed())
}

// Nor does it make this process wait, which has one CPU here.
func TestAStoppedCommandGoesOn(t *testing.T) {
	for name, flags := range map[string][]int{"mnt": {unix.CLONE_NEWNS}, "user": {unix.CLONE_NEWUSER}} {
		t.Run(name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			g := NewWithT(t)
			p, err := forkexec.Start(t.Context(), []string{"/bin/true"}, []string{"true"}, &forkexec.Attr{
				Joins: fresh(t, flags...),
				Guard: func(pid int) error { stop(t, pid); return nil },
			})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(p.Wait()).To(HaveField("Success()", BeTrue()))
		})
	}
}

// Who kills one costs an error that says so.
func TestAKilledChildIsAnError(t *testing.T) {
	g := NewWithT(t)
	kids := children(t)
	_, _, err := forkexec.Hold(nil, unix.CLONE_NEWPID, forkexec.Setup{Configure: func(pid int) error { return unix.Kill(pid, unix.SIGKILL) }})
	g.Expect(err).To(MatchError("forkexec: the child was ended early by signal 9 (killed)"))
	g.Expect(children(t)).To(ConsistOf(kids))
}

// A channel that fails costs an error, once or for good.
func TestAChannelThatFailsIsAnError(t *testing.T) {
	around := held(t, nil, unix.CLONE_NEWPID)
	for name, run := range map[string]func() error{
		"start": func() error {
			_, err := forkexec.Start(t.Context(), []string{"/bin/sleep"}, []string{"sleep", "1000"}, &forkexec.Attr{})
			return err
		},
		"start in pid": func() error {
			_, err := forkexec.Start(t.Context(), []string{"/bin/sleep"}, []string{"sleep", "1000"}, &forkexec.Attr{Joins: around})
			return err
		},
		"hold": func() error {
			_, _, err := forkexec.Hold(around, unix.CLONE_NEWPID, forkexec.Setup{})
			return err
		},
	} {
		for _, times := range []int{1, -1} {
			t.Run(fmt.Sprintf("%s %d", name, times), func(t *testing.T) {
				g := NewWithT(t)
				kids, fds := children(t), descriptors(t)
				forkexec.FailRecvmsg(t, unix.ENOBUFS, times)
				err := run()
				g.Expect(errors.Is(err, unix.ENOBUFS)).To(BeTrue(), "%v", err)
				g.Expect(strings.Count(err.Error(), "recvmsg")).To(Equal(1))
				g.Expect(children(t)).To(ConsistOf(kids))
				g.Expect(descriptors(t)).To(Equal(fds))
			})
		}
	}
}
