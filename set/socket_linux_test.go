// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/set"
	"golang.org/x/sys/unix"
)

// cookie returns what names the network namespace of a socket (SO_NETNS_COOKIE,
// Linux 5.14).
func cookie(t testing.TB, socket any) (n uint64) {
	t.Helper()
	raw, err := socket.(syscall.Conn).SyscallConn()
	noError(t, err)
	var e error
	noError(t, raw.Control(func(fd uintptr) { n, e = unix.GetsockoptUint64(int(fd), unix.SOL_SOCKET, unix.SO_NETNS_COOKIE) }))
	noError(t, e)
	return n
}

// cookieOf returns that of a Set, by way of a plain socket made in it.
func cookieOf(t testing.TB, s set.Set) (n uint64) {
	t.Helper()
	noError(t, s.Do(func() {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		noError(t, err)
		n, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
		noError(t, errors.Join(err, unix.Close(fd)))
	}))
	return n
}

// A meter holds sockets against the cookie of their Set.
type meter struct {
	want  uint64
	mu    sync.Mutex
	count map[string]int
}

func newMeter(t testing.TB, s set.Set) *meter {
	t.Helper()
	return &meter{want: cookieOf(t, s), count: make(map[string]int)}
}

func (m *meter) check(t testing.TB, what string, socket any) {
	t.Helper()
	if got := cookie(t, socket); got != m.want {
		t.Errorf("a socket of %s is in namespace %d, want %d", what, got, m.want)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count[what]++
}

// counts returns how many sockets have been looked at so far: servers may still be
// at it.
func (m *meter) counts() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.count)
}

// echo accepts connections and gives back what they send.
func echo(t testing.TB, m *meter, l net.Listener) {
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				m.check(t, "accepted", conn)
				if _, err := io.Copy(conn, conn); err != nil {
					t.Errorf("echo: %v", err)
				}
			})
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		serving.Wait()
	})
}

func talk(t testing.TB, conn net.Conn) {
	t.Helper()
	_, err := conn.Write([]byte("hello"))
	noError(t, err)
	var buf [5]byte
	_, err = io.ReadFull(conn, buf[:])
	noError(t, err)
	if string(buf[:]) != "hello" {
		t.Errorf("the echo of hello is %q", buf)
	}
	noError(t, conn.Close())
}

func TestSocketsOfEachNetworkAreInTheSet(t *testing.T) {
	s := nstest.New(t, set.NS_NET).Set()
	m := newMeter(t, s)
	if m.want == cookieOf(t, closing(t)(set.Current(set.NS_NET))) {
		t.Fatal("the Set is in the process's network namespace")
	}
	for _, c := range []struct{ network, address string }{
		{"tcp", "127.0.0.1:0"}, {"tcp4", "localhost:0"}, {"tcp6", "[::1]:0"}, {"tcp", ":0"},
		{"unix", fmt.Sprintf("@gonso-%d", os.Getpid())}, {"unixpacket", fmt.Sprintf("@gonso-packet-%d", os.Getpid())},
	} {
		t.Run(c.network+" "+c.address, func(t *testing.T) {
			l, err := s.Listen(c.network, c.address)
			noError(t, err)
			m.check(t, "listener", l)
			echo(t, m, l)
			conn, err := s.DialContext(t.Context(), c.network, l.Addr().String())
			noError(t, err)
			m.check(t, "dialled", conn)
			talk(t, conn)
		})
	}
	for _, c := range []struct{ network, address string }{
		{"udp", "127.0.0.1:0"}, {"udp6", "[::1]:0"}, {"udp", ":0"}, {"udp4", "224.0.0.251:0"}, {"udp", "[ff02::fb%lo]:0"},
		{"ip4:icmp", "127.0.0.1"}, {"ip6:ipv6-icmp", "::1"}, {"ip:255", "127.0.0.1"},
		{"unixgram", fmt.Sprintf("@gonso-gram-%d", os.Getpid())},
	} {
		t.Run(c.network+" "+c.address, func(t *testing.T) {
			l, err := s.ListenPacket(c.network, c.address)
			noError(t, err)
			defer l.Close()
			m.check(t, "packet listener", l)
			conn, err := s.DialContext(t.Context(), c.network, l.LocalAddr().String())
			noError(t, err)
			m.check(t, "dialled", conn)
			noError(t, conn.Close())
		})
	}
}

// Dials by name, look-ups and HTTP requests, many at once: what package net does
// on goroutines of its own must happen in the Set too.
func TestEverySocketOfManyDialsLookupsAndRequestsIsInTheSet(t *testing.T) {
	const workers, rounds = 8, 125
	ns := nstest.New(t, set.NS_NET)
	s := ns.Set()
	m := newMeter(t, s)

	at := processNameServer(t)
	if !at.Addr().IsLoopback() {
		ns.AddAddress("lo", netip.PrefixFrom(at.Addr(), at.Addr().BitLen()).String())
	}
	both := ips("127.0.0.1", "::1")
	names := serveNames(t, ns, at.String(), map[string][]netip.Addr{
		"both.test.": both, "first-deaf.test.": ips("127.0.0.9", "127.0.0.1", "::1"), "six-deaf.test.": ips("127.0.0.1", "::9"),
	})

	l, err := s.Listen("tcp", ":0")
	noError(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	noError(t, err)
	echo(t, m, l)

	web, err := s.Listen("tcp", ":0")
	noError(t, err)
	_, webPort, err := net.SplitHostPort(web.Addr().String())
	noError(t, err)
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			m.check(t, "http server", conn)
			return ctx
		},
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(web); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(serving.Wait)
	transport := &http.Transport{
		MaxIdleConnsPerHost: workers,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := s.DialContext(ctx, network, address)
			if err == nil {
				m.check(t, "http client", conn)
			}
			return conn, err
		},
	}
	client := &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		noError(t, server.Close())
	})

	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for round := range rounds {
				host := []string{"both.test", "first-deaf.test", "six-deaf.test", "Both.Test."}[round%4]
				conn, err := s.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
				if err != nil {
					t.Errorf("dial: %v", err)
					return
				}
				m.check(t, "dialled", conn)
				talk(t, conn)
				addrs, err := s.LookupNetIP(t.Context(), "ip", "both.test")
				if err != nil || len(addrs) != 2 {
					t.Errorf("look up: %v, %v", addrs, err)
				}
				response, err := client.Get("http://" + net.JoinHostPort(host, webPort))
				if err != nil {
					t.Errorf("get: %v", err)
					return
				}
				_, err = io.Copy(io.Discard, response.Body)
				noError(t, errors.Join(err, response.Body.Close()))
			}
		})
	}
	all.Wait()
	count := m.counts()
	t.Logf("sockets: %v, questions over udp: %d", count, names.count("udp"))
	if count["dialled"] != workers*rounds || count["http client"] == 0 || count["http client"] == workers*rounds {
		t.Errorf("too few sockets were looked at, or none was kept alive: %v", count)
	}
	if names.count("udp") < 3*workers*rounds {
		t.Errorf("only %d questions came to the name server in the Set", names.count("udp"))
	}
	allThreadsRestored(t)
}

func TestSocketsOutliveTheSet(t *testing.T) {
	s := unshareWithLo(t)
	l, err := s.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	m := newMeter(t, s)
	echo(t, m, l)
	conn, err := s.DialContext(t.Context(), "tcp", l.Addr().String())
	noError(t, err)
	noError(t, s.Close())
	talk(t, conn)
	for name, try := range map[string]func() error{
		"dial": func() error { _, err := s.DialContext(t.Context(), "tcp", l.Addr().String()); return err },
		"unix": func() error { _, err := s.DialContext(t.Context(), "unix", "@x"); return err },
		"look": func() error { _, err := s.LookupNetIP(t.Context(), "ip", "localhost"); return err },
		"list": func() error { _, err := s.Listen("tcp", ":0"); return err },
		"pack": func() error { _, err := s.ListenPacket("udp", ":0"); return err },
	} {
		if err := try(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s with a closed Set: %v, want os.ErrClosed", name, err)
		}
	}
}

func unshareWithLo(t testing.TB) set.Set {
	t.Helper()
	s, err := nstest.New(t, set.NS_NET).Set().Dup(0)
	return closing(t)(s, err)
}

func TestASetWithoutANetworkDialsInTheProcesss(t *testing.T) {
	s := unshare(t, set.NS_UTS)
	here := newMeter(t, closing(t)(set.Current(set.NS_NET)))
	l, err := s.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	here.check(t, "listener", l)
	echo(t, here, l)
	// Also where it is called on a goroutine that lives elsewhere.
	noError(t, unshare(t, set.NS_NET).Do(func() {
		conn, err := s.DialContext(t.Context(), "tcp", l.Addr().String())
		noError(t, err)
		here.check(t, "dialled", conn)
		talk(t, conn)
	}))
}

func TestASetWithAUserNamespaceDials(t *testing.T) {
	s := unshare(t, set.NS_USER|set.NS_NET, set.WithRootMapped())
	l, err := s.Listen("unix", "@x")
	noError(t, err)
	m := newMeter(t, closing(t)(s.Dup(set.NS_NET)))
	echo(t, m, l)
	conn, err := s.DialContext(t.Context(), "unix", "@x")
	noError(t, err)
	m.check(t, "dialled", conn)
	talk(t, conn)
}

const strangerVar = "GONSO_TEST_STRANGER"

// A process that may not join the Set's network namespace is told so. The child
// is one, whoever runs the tests: its user namespace is a fresh one.
func TestDialWithoutThePrivilegeToJoinSaysSo(t *testing.T) {
	if os.Getenv(strangerVar) != "" {
		net3 := os.NewFile(3, "net")
		s := closing(t)(set.FromFds(set.FdSet{set.NS_NET: net3}))
		_, err := s.DialContext(t.Context(), "tcp", "127.0.0.1:1")
		_, err2 := s.Listen("tcp", ":0")
		fmt.Printf("dial: %v\nlisten: %v\nEPERM: %v\n", err, err2, errors.Is(err, unix.EPERM) && errors.Is(err2, unix.EPERM))
		return
	}
	fds, err := unshare(t, set.NS_NET).Fds(0)
	noError(t, err)
	defer fds.Close()
	child := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), strangerVar+"=1", "NSTEST_ROOTLESS=off")
	child.ExtraFiles = []*os.File{fds.Get(set.NS_NET)}
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"dial: gonso: setns net: operation not permitted (", "listen: gonso: setns net: operation not permitted (",
		"the namespace may belong to a user namespace outside of this process's", "EPERM: true",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func TestUnixPathsAreInTheMountNamespaceOfTheSet(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "socket")
	noError(t, os.WriteFile(path, []byte("the process's"), 0o600))
	ns := nstest.New(t, set.NS_MNT)
	ns.Do(func() { mountTmpfs(t, dir) })
	l, err := ns.Set().Listen("unix", path)
	noError(t, err)
	conn, err := ns.Set().DialContext(t.Context(), "unix", path)
	noError(t, err)
	noError(t, conn.Close())
	noError(t, l.Close())
	if text, err := os.ReadFile(path); err != nil || string(text) != "the process's" {
		t.Errorf("Close of the listener left %q (%v) of the process's file", text, err)
	}
	ns.Do(func() {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the socket: %v", err)
		}
	})
}

// option reads an option of a socket, or the error of doing so.
func option(t testing.TB, socket any, level, name int) (value string) {
	t.Helper()
	raw, err := socket.(syscall.Conn).SyscallConn()
	noError(t, err)
	noError(t, raw.Control(func(fd uintptr) {
		n, err := unix.GetsockoptInt(int(fd), level, name)
		value = fmt.Sprint(n, err)
	}))
	return value
}
