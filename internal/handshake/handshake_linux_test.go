// SPDX-License-Identifier: Apache-2.0

package handshake_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/handshake"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
)

const role = "test"

// asChild makes this binary print what Accept says instead of running tests.
const asChild = "HANDSHAKE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) == "" {
		nstest.Main(m)
	}
	ok, err := handshake.Accept(role)
	again, againErr := handshake.Accept(role)
	_, left := os.LookupEnv("GONSO_TEST")
	fmt.Printf("%v %v; again %v %v; variable left %v\n", ok, err, again, againErr, left)
}

// accept runs a child that inherits the files and the variables and says what
// Accept returned.
func accept(t *testing.T, exe string, env []string, attr *syscall.SysProcAttr, files ...*os.File) string {
	t.Helper()
	cmd := exec.Command(exe)
	cmd.Env = append(append(os.Environ(), asChild+"=1"), env...)
	cmd.ExtraFiles = files
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func offer(t *testing.T, role string, fd int) (*os.File, string) {
	t.Helper()
	ticket, env, err := handshake.Offer(role, fd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ticket.Close() })
	return ticket, env
}

func TestChildWithTicketIsAcceptedOnce(t *testing.T) {
	ticket, env := offer(t, role, 3)
	want := "true <nil>; again false <nil>; variable left false"
	if got := accept(t, "/proc/self/exe", []string{env}, nil, ticket); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWithoutVariableNothingIsAccepted(t *testing.T) {
	ticket, _ := offer(t, role, 3)
	want := "false <nil>; again false <nil>; variable left false"
	if got := accept(t, "/proc/self/exe", nil, nil, ticket); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestVariableAloneIsRefused(t *testing.T) {
	stranger, _ := offer(t, "stranger", 3)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = null.Close() })
	for name, c := range map[string]struct {
		env   string
		files []*os.File
		want  string
	}{
		"no descriptor": {"GONSO_TEST=1000", nil, "bad file descriptor"},
		"a file":        {"GONSO_TEST=3", []*os.File{null}, "socket operation on non-socket"},
		"other role":    {"GONSO_TEST=3", []*os.File{stranger}, handshake.ErrNoTicket.Error()},
		"no number":     {"GONSO_TEST=yes", nil, handshake.ErrNoTicket.Error()},
		"negative":      {"GONSO_TEST=-1", nil, "bad file descriptor"},
	} {
		t.Run(name, func(t *testing.T) {
			got := accept(t, "/proc/self/exe", []string{c.env}, nil, c.files...)
			if !strings.HasPrefix(got, "false ") || !strings.Contains(got, c.want) ||
				!strings.HasSuffix(got, "again false <nil>; variable left false") {
				t.Errorf("got %q, want a refusal because of %q", got, c.want)
			}
		})
	}
}

// A wrong number must neither wait for, nor take from, what somebody else reads.
func TestStrangersSocketKeepsItsData(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	t.Cleanup(func() { _ = theirs.Close() })

	got := accept(t, "/proc/self/exe", []string{"GONSO_TEST=3"}, nil, theirs)
	if !strings.Contains(got, syscall.EAGAIN.Error()) {
		t.Errorf("empty socket: got %q, want %q", got, syscall.EAGAIN)
	}
	if _, err := ours.WriteString("precious"); err != nil {
		t.Fatal(err)
	}
	if err := ours.Close(); err != nil {
		t.Fatal(err)
	}
	got = accept(t, "/proc/self/exe", []string{"GONSO_TEST=3"}, nil, theirs)
	if !strings.Contains(got, handshake.ErrNoTicket.Error()) {
		t.Errorf("stranger's socket: got %q, want %q", got, handshake.ErrNoTicket)
	}
	if left, err := io.ReadAll(theirs); err != nil || string(left) != "precious" {
		t.Errorf("left %q, %v; want all of it", left, err)
	}
}

// A set-user-id program ignores the ticket, and scrubs the variable all the same.
func TestPrivilegedProgramIgnoresTicket(t *testing.T) {
	nstest.RequireFeatures(t, "setuid")
	dir := t.TempDir()
	nstest.New(t, set.NS_MNT).Do(func() {
		// TMPDIR may be mounted nosuid.
		if err := syscall.Mount("none", dir, "tmpfs", 0, ""); err != nil {
			t.Fatal(err)
		}
		exe := dir + "/setuid"
		image, err := os.ReadFile("/proc/self/exe")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(exe, image, 0o755), os.Chown(exe, 1, 1),
			os.Chmod(exe, 0o755|os.ModeSetuid)); err != nil {
			t.Fatal(err)
		}
		ticket, env := offer(t, role, 3)
		want := "false <nil>; again false <nil>; variable left false"
		if got := accept(t, exe, []string{env}, nil, ticket); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestOfferReportsDescriptorLimit(t *testing.T) {
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := old
	low.Cur = 1
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	_, _, err := handshake.Offer(role, 3)
	if restoreErr := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); restoreErr != nil {
		t.Fatal(restoreErr)
	}
	if !errors.Is(err, syscall.EMFILE) {
		t.Errorf("got %v, want %v", err, syscall.EMFILE)
	}
}

// What the parent handed down is for this process, and for none that it starts.
func TestInheritedDescriptorGoesNoFurther(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	const fd = 700 // which a child has from nowhere else
	if err := syscall.Dup3(int(null.Fd()), fd, 0); err != nil {
		t.Fatal(err)
	}
	inherited := handshake.Inherit(fd, "inherited")
	defer inherited.Close()
	ls := exec.Command("readlink", fmt.Sprintf("/proc/self/fd/%d", fd))
	if out, err := ls.CombinedOutput(); err == nil {
		t.Errorf("a child has descriptor %d: %s", fd, out)
	}
}
