// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gons_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
)

// Each build says the same about a request that it cannot follow, and has then
// neither moved nor kept a descriptor.
func TestRefusalNamesVariablePathStepAndCause(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	net := here().variable("net")
	for _, refusal := range []struct {
		name      string
		variables []string
		text      string
		is        []string
	}{
		{"no such path", []string{"gons_net=/nowhere"},
			"gons: gons_net=/nowhere: open: no such file or directory", []string{"ENOENT"}},
		{"empty path", []string{"gons_net="},
			"gons: gons_net=: open: no such file or directory", []string{"ENOENT"}},
		{"ordinary file", []string{"gons_net=/proc/cpuinfo"},
			"gons: gons_net=/proc/cpuinfo: open: is not a net namespace: invalid argument", []string{"ErrInvalid"}},
		{"folder", []string{"gons_mnt=/"},
			"gons: gons_mnt=/: open: is not a mnt namespace: invalid argument", []string{"ErrInvalid"}},
		{"fifo without a writer", []string{"gons_uts=" + fifo},
			"gons: gons_uts=" + fifo + ": open: is not a uts namespace: invalid argument", []string{"ErrInvalid"}},
		{"namespace of another kind", []string{"gons_ipc=/proc/self/ns/uts"},
			"gons: gons_ipc=/proc/self/ns/uts: open: is not a ipc namespace: invalid argument", []string{"ErrInvalid"}},
		{"late one", []string{"gons_order=net", "gons_net=/nowhere"},
			"gons: gons_net=/nowhere: open: no such file or directory", []string{"ENOENT"}},
		{"second one", []string{net, "gons_uts=/nowhere"},
			"gons: gons_uts=/nowhere: open: no such file or directory", []string{"ENOENT"}},
		{"unknown name in the order", []string{net, "gons_order=net,foo"},
			`gons: gons_order=net,foo: parse: unknown namespace "foo": invalid argument`, []string{"ErrInvalid"}},
		{"unknown name in the order of nothing", []string{"gons_order=!"},
			`gons: gons_order=!: parse: unknown namespace "": invalid argument`, []string{"ErrInvalid"}},
		{"empty order", []string{net, "gons_order="},
			`gons: gons_order=: parse: unknown namespace "": invalid argument`, []string{"ErrInvalid"}},
		{"comma at the end", []string{net, "gons_order=net,"},
			`gons: gons_order=net,: parse: unknown namespace "": invalid argument`, []string{"ErrInvalid"}},
		{"double bang", []string{net, "gons_order=!!net"},
			`gons: gons_order=!!net: parse: unknown namespace "!net": invalid argument`, []string{"ErrInvalid"}},
		{"beginning of a name", []string{net, "gons_order=ne"},
			`gons: gons_order=ne: parse: unknown namespace "ne": invalid argument`, []string{"ErrInvalid"}},
		{"name that goes on", []string{net, "gons_order=nets"},
			`gons: gons_order=nets: parse: unknown namespace "nets": invalid argument`, []string{"ErrInvalid"}},
		{"same name twice", []string{net, "gons_order=net,!net"},
			`gons: gons_order=net,!net: parse: net is named twice: invalid argument`, []string{"ErrInvalid"}},
		{"variable that the order leaves out", []string{net, "gons_uts=/nowhere", "gons_order=net"},
			"gons: gons_uts=/nowhere: parse: not named in gons_order: invalid argument", []string{"ErrInvalid"}},
	} {
		t.Run(refusal.name, func(t *testing.T) {
			eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
				g := NewWithT(t)
				plain := probe(t, program)
				r := probe(t, program, refusal.variables...)
				g.Expect(r.Status).To(Equal(refusal.text))
				g.Expect(r.Is).To(ConsistOf(append(refusal.is, "*gons.Error")))
				g.Expect(r.Namespaces).To(Equal(plain.Namespaces))
				g.Expect(withoutIDs(r.Descriptors)).To(Equal(withoutIDs(plain.Descriptors)))
				g.Expect(r.Environ).To(Equal(plain.Environ))
			})
		})
	}
}

func TestKernelsRefusalIsToldByItsErrno(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
		g := NewWithT(t)
		// Its own user namespace has no rights in the one that owns the target.
		to := hold(t, syscall.CLONE_NEWUTS)
		cmd := exec.Command(program)
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{Size: 1}},
		}
		file := open(t, to.path("uts"))
		cmd.ExtraFiles = append(cmd.ExtraFiles, file)
		r := probeCmd(t, cmd, "gons_uts=/proc/self/fd/3")
		g.Expect(r.Status).To(Equal("gons: gons_uts=/proc/self/fd/3: setns: operation not permitted"))
		g.Expect(r.Is).To(ConsistOf("*gons.Error", "EPERM", "ErrPermission"))
	})
}

// What was joined before cannot be undone in a process of one thread; one that
// has several gives up the thread that joined.
func TestFailureHalfWay(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, b build, program string) {
		g := NewWithT(t)
		to := hold(t, syscall.CLONE_NEWNET)
		plain := probe(t, program)
		r := probe(t, program, "gons_order=net,uts", to.variable("net"), "gons_uts=/nowhere")
		g.Expect(r.Status).To(Equal("gons: gons_uts=/nowhere: open: no such file or directory"))
		want := here().id(t, "net")
		if b.cgo {
			want = to.id(t, "net")
		}
		g.Expect(r.Namespaces["net"]).To(ConsistOf(want))
		g.Expect(withoutIDs(r.Descriptors)).To(Equal(withoutIDs(plain.Descriptors)))
	})
}

// Root of the user namespace cannot follow to where a process comes from that did not get all
// the way, and may look at one that did.
func TestWhoIsHalfInsideIsNotLookedAt(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, b build, program string) {
		if !b.cgo {
			return // it cannot join a user namespace
		}
		g := NewWithT(t)
		to := hold(t, syscall.CLONE_NEWUSER|syscall.CLONE_NEWNS)
		r := probe(t, program, "gons_order=user,mnt", to.variable("user"), "gons_mnt=/nowhere")
		g.Expect(r.Status).To(Equal("gons: gons_mnt=/nowhere: open: no such file or directory"))
		g.Expect(r.Namespaces["user"]).To(ConsistOf(to.id(t, "user")))
		g.Expect(r.Dumpable).To(Equal(0))
		r = probe(t, program, "gons_order=user,mnt", to.variable("user"), to.variable("mnt"))
		g.Expect(r.Status).To(BeEmpty())
		g.Expect(r.Dumpable).To(Equal(1))
	})
}

// A path can exist in the mount namespace only that is joined, or outside of it
// only.
func TestBangOpensBeforeTheFirstSwitch(t *testing.T) {
	eachBuild(t, "probe", func(t *testing.T, _ build, program string) {
		need.Tool(t, "mount", "mount")
		dir := t.TempDir()
		cmd := exec.Command("sh")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET}
		to := holdCmd(t, cmd, `mount --make-rprivate /
			mount -t tmpfs none '`+dir+`'
			touch '`+dir+`/net'
			mount --bind /proc/self/ns/net '`+dir+`/net'`)
		net := "gons_net=" + filepath.Join(dir, "net")
		for order, moves := range map[string]bool{
			"mnt,net": true, "!mnt,net": true, "mnt,!net": false, "net,mnt": false, "": false,
		} {
			t.Run(order, func(t *testing.T) {
				g := NewWithT(t)
				variables := []string{to.variable("mnt"), net}
				if order != "" {
					variables = append(variables, "gons_order="+order)
				}
				r := probe(t, program, variables...)
				if moves {
					g.Expect(r.Status).To(BeEmpty())
					g.Expect(r.Namespaces["net"]).To(ConsistOf(to.id(t, "net")))
					g.Expect(r.Namespaces["mnt"]).To(ConsistOf(to.id(t, "mnt")))
					return
				}
				g.Expect(r.Status).To(Equal("gons: " + net + ": open: no such file or directory"))
				g.Expect(r.Namespaces["mnt"]).To(ConsistOf(here().id(t, "mnt")))
			})
		}
	})
}

// A library that was loaded before may have started threads.
func TestProcessWithThreadsIsLeftAlone(t *testing.T) {
	needRoot(t)
	b := builds[2]
	program := b.program(t, "probe")
	g := NewWithT(t)
	to := hold(t, syscall.CLONE_NEWNET)
	r := probe(t, program, "LD_PRELOAD="+preload(t, b, "thread"), to.variable("net"))
	g.Expect(r.Status).To(Equal("gons: " + to.variable("net") +
		": unshare: the process has more than one thread already: invalid argument"))
	g.Expect(r.Namespaces["net"]).To(ConsistOf(here().id(t, "net")))
}

// What answers like a namespace is none unless it is a file of nsfs.
func TestOnlyNamespaceFilesAreAskedForTheirKind(t *testing.T) {
	needRoot(t)
	b := builds[2]
	program := b.program(t, "probe")
	r := probe(t, program, "LD_PRELOAD="+preload(t, b, "ioctl"), "gons_net=/proc/cpuinfo")
	NewWithT(t).Expect(r.Status).To(Equal("gons: gons_net=/proc/cpuinfo: open: is not a net namespace: invalid argument"))
}

// preload builds a library of testdata/preload.
func preload(t *testing.T, b build, name string) string {
	t.Helper()
	library := filepath.Join(t.TempDir(), name+".so")
	out, err := exec.Command(b.cc, "-shared", "-fPIC", "-o", library, "testdata/preload/"+name+".c", "-lpthread").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return library
}

func TestConstructorCompilesWithoutWarnings(t *testing.T) {
	for cc, pkg := range map[string]string{"gcc": "gcc", "clang": "clang", "musl-gcc": "musl-tools"} {
		t.Run(cc, func(t *testing.T) {
			need.Tool(t, cc, pkg)
			out, err := exec.Command(cc, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2", "-c",
				"-o", filepath.Join(t.TempDir(), "gons.o"), "gons.c").CombinedOutput()
			if err != nil || strings.TrimSpace(string(out)) != "" {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
