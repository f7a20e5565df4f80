// SPDX-License-Identifier: Apache-2.0

// Package rootless is a suite that the tests of nstest run in a process of its own,
// one test at a time.
package rootless

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gleak"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/testdata/rulesgo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	rulesgo.DealOut(m)
	if os.Getenv("SUITE_NO_LEAK_CHECK") != "" {
		nstest.Main(m, nstest.NoLeakCheck())
	}
	switch os.Getenv("SUITE_MAIN") {
	case "RunFunc":
		nstest.Main(nstest.RunFunc(func() int {
			fmt.Println("set up")
			defer fmt.Println("tear down")
			return m.Run()
		}))
	case "M":
		fmt.Println("set up")
		code := (&nstest.M{M: m}).Run()
		fmt.Println("tear down")
		os.Exit(code)
	case "M that goes on":
		var ran bool
		code := (&nstest.M{M: nstest.RunFunc(func() int { ran = true; return m.Run() })}).Run()
		if !ran {
			fmt.Println("goes on in the parent")
			_, _ = io.Copy(io.Discard, os.Stdin) // until a signal ends it
		}
		os.Exit(code)
	case "testscript":
		testscript.Main(&nstest.M{M: m}, nil)
	}
	nstest.Main(m)
}

func TestPass(t *testing.T) {
	nstest.New(t, gonso.NS_NET|gonso.NS_MNT).Do(func() { t.Log(covered(), os.Getuid()) })
}

// TestBubble has fixtures of one kind in bubbles, before and after some outside. Only
// what is outside has some made ready.
func TestBubble(t *testing.T) {
	g := NewWithT(t)
	some := func(t *testing.T) {
		for range 3 {
			nstest.New(t, gonso.NS_NET).Do(func() { t.Log("inside") })
		}
	}
	for range 2 {
		synctest.Test(t, some)
		t.Run("outside", some)
		g.Eventually(openNetworks).Should(BeNumerically(">", 4))
	}
}

// TestLeakCheckers has nothing in it that those who look for leaked goroutines could name, and
// needs no list of goroutines to ignore.
func TestLeakCheckers(t *testing.T) {
	g := NewWithT(t)
	none := func() error { return goleak.Find() }
	goleak.VerifyNone(t) // before there is a fixture
	t.Run("fixtures", func(t *testing.T) {
		for range 3 {
			ns := nstest.New(t, gonso.NS_NET|gonso.NS_PID)
			NewWithT(t).Expect(ns.Set().Command(t.Context(), "true").Run()).To(Succeed())
		}
		g.Eventually(none, time.Minute).Should(Succeed()) // while there are some, and others are made ahead
	})
	g.Eventually(none, time.Minute).Should(Succeed())
	g.Eventually(gleak.Goroutines).ShouldNot(gleak.HaveLeaked())
}

// openNetworks counts the network namespaces that this process has open.
func openNetworks(g Gomega) (n int) {
	files, err := os.ReadDir("/proc/self/fd")
	g.Expect(err).NotTo(HaveOccurred())
	for _, f := range files {
		target, err := os.Readlink("/proc/self/fd/" + f.Name())
		if err == nil && strings.HasPrefix(target, "net:[") {
			n++
		}
	}
	return n
}

func TestFail(t *testing.T) { nstest.New(t, gonso.NS_UTS).Do(func() { t.Fatal("on purpose") }) }

func TestExit(*testing.T) { os.Exit(7) }

// TestRun has a /run of its own to write to.
func TestRun(t *testing.T) {
	for _, dir := range []string{"/run/netns", "/run/lock"} {
		if err := os.WriteFile(dir+"/gonso-test", nil, 0o600); err != nil {
			t.Error(err)
		}
	}
}

// TestOwner changes owners, if the user has subordinate IDs to change to.
func TestOwner(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Log("chown:", os.Chown(file, 1000, 1000))
}

func TestInput(t *testing.T) {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("read %q\n", text)
}

func TestEnvironment(t *testing.T) {
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, "GONSO_") || strings.Contains(variable, "_TOTAL_SHARDS=") {
			t.Errorf("%s would be passed on to children", variable)
		}
	}
	comm, err := os.ReadFile("/proc/thread-self/comm")
	if want := filepath.Base(os.Args[0]); err != nil || strings.TrimSpace(string(comm)) != want {
		t.Errorf("the process is called %q, not %s as its file: %v", comm, want, err)
	}
}

// TestHang says that it is there, and waits for longer than any test does. Where
// nothing at all could wake it, the runtime would call it a deadlock.
func TestHang(*testing.T) {
	fmt.Printf("hanging pid=%d\n", os.Getpid())
	<-time.After(time.Hour)
}

// TestHangBesideADaemon hangs with a daemon that has a child. Both have the standard output open, until they end.
func TestHangBesideADaemon(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET)
	cmd := ns.Command("sh", "-c", "sleep 1000 & echo ready; sleep 1001")
	cmd.ExtraFiles = []*os.File{os.Stdout}
	d := ns.Start(cmd, nstest.Printing("ready"))
	fmt.Printf("hanging pid=%d\ndaemon pid=%d\n", os.Getpid(), d.PID())
	<-time.After(time.Hour)
}

// TestHangInside hangs in one of its fixtures.
func TestHangInside(t *testing.T) {
	ns := nstest.New(t, gonso.NS_NET, nstest.Named("hanger"))
	other := nstest.New(t, gonso.NS_UTS, nstest.Named("other"))
	other.Do(func() {
		if err := syscall.Sethostname([]byte("waits")); err != nil {
			t.Error(err)
		}
	})
	ns.Do(func() { <-time.After(time.Hour) })
}

// TestSignal says which signals come.
func TestSignal(*testing.T) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGUSR1)
	fmt.Printf("hanging pid=%d\n", os.Getpid())
	fmt.Println("got", <-signals)
	os.Exit(0)
}

// TestTerminal says which signals come from the keyboard, until one does not.
func TestTerminal(t *testing.T) {
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Fatalf("standard input is no terminal: %v, %v", info, err)
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM)
	fmt.Printf("hanging pid=%d\n", os.Getpid())
	for s := range signals {
		fmt.Println("got", s)
		if s == syscall.SIGTERM {
			os.Exit(0)
		}
	}
}

func TestRequire(t *testing.T) { nstest.Require(t, gonso.NS_NET) }

func TestNonsense(t *testing.T) {
	t.Run("name", func(t *testing.T) { nstest.RequireFeatures(t, "vteh") })
	t.Run("none", func(t *testing.T) { nstest.Require(t, 0) })
	t.Run("other", func(t *testing.T) { nstest.Require(t, gonso.NS_NET|1) })
}

// TestLeak leaves one of each behind.
func TestLeak(t *testing.T) {
	s := keep(t)
	var err error
	ready := make(chan error)
	go func() { // a thread
		ready <- s.Enter()
		select {}
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	kept, err = os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	cat := exec.Command("cat") // it ends with this process, at the latest
	if _, err := cat.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	if err := s.Command(context.Background(), "sleep", "1000").Start(); err != nil { // it dies with this process
		t.Fatal(err)
	}
	if err := syscall.Mount("leaked", "/run/lock", "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
}

// TestLeavesAMount is run in a mount namespace that others might use too, as far as Main knows.
func TestLeavesAMount(t *testing.T) {
	if err := syscall.Mount("left", "/mnt", "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
}

func TestFailAfterLeavingAMount(t *testing.T) {
	leave(t)
	TestLeavesAMount(t)
	t.Fatal("the reason")
}

// keep makes a Set that nobody closes.
func keep(t *testing.T) gonso.Set {
	s, err := gonso.Unshare(gonso.NS_UTS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var kept *os.File
