// SPDX-License-Identifier: Apache-2.0

package inprocess_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/testdata/inprocess"
	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestMain(m *testing.M) { nstest.Main(m) }

const flags = set.NS_USER | set.NS_PID

var parent = os.Getpid()

// A spec is no subtest.
var ofSpecs *testing.T

var _ = ginkgo.It("cannot be run by itself", func() {
	nstest.InProcess(ofSpecs, "inside", flags, func(*testing.T) {})
})

func TestSpecs(t *testing.T) {
	ofSpecs = t
	ginkgo.RunSpecs(t, "specs")
}

func TestPasses(t *testing.T) {
	if ok := nstest.InProcess(t, "inside", flags, func(t *testing.T) {
		t.Log("from inside")
		fmt.Println("printed")
		fmt.Fprintln(os.Stderr, "complained")
		if !inprocess.Inside() || os.Getuid() != 0 {
			t.Errorf("user %d", os.Getuid())
		}
	}); !ok {
		t.Error("it should have passed")
	}
	t.Logf("afterwards: in the parent %t", os.Getpid() == parent)
}

func TestFails(t *testing.T) {
	if ok := nstest.InProcess(t, "errors", flags, func(t *testing.T) { t.Error("one"); t.Error("two\nlines") }); ok {
		t.Log("WRONG")
	}
	nstest.InProcess(t, "fatal", flags, func(t *testing.T) { t.Fatal("fatal"); t.Log("WRONG") })
}

func TestSkips(t *testing.T) {
	nstest.InProcess(t, "inside", flags, func(t *testing.T) { t.Skip("the reason"); t.Log("WRONG") })
}

func TestNested(t *testing.T) {
	nstest.InProcess(t, "inside", flags, func(t *testing.T) {
		t.Attr("color", "light blue")
		t.Run("passes", func(t *testing.T) { t.Log("a pass") })
		t.Run("fails", func(t *testing.T) {
			t.Run("below", func(t *testing.T) { t.Error("a failure") })
		})
		t.Run("skips", func(t *testing.T) { t.Skip("a skip") })
		t.Run("parallel", func(t *testing.T) {
			for _, name := range []string{"a", "b"} {
				t.Run(name, func(t *testing.T) { t.Parallel(); t.Logf("log of %s", name) })
			}
		})
	})
}

func TestNames(t *testing.T) {
	for _, name := range []string{"a b/c", "x.*[", "same", "same", "", "sam"} {
		nstest.InProcess(t, name, flags, func(t *testing.T) { t.Logf("this is %s", t.Name()) })
	}
}

func TestDeep(t *testing.T) {
	nstest.InProcess(t, "one", set.NS_USER|set.NS_UTS, func(t *testing.T) {
		one := os.Getpid()
		nstest.InProcess(t, "two", flags, func(t *testing.T) {
			t.Logf("deep: %t", inprocess.Deeper())
		})
		t.Logf("back: %t", one == os.Getpid())
	})
}

func TestPanics(t *testing.T) {
	nstest.InProcess(t, "inside", flags, func(*testing.T) { panic("oh no") })
	nstest.InProcess(t, "below", flags, func(t *testing.T) {
		t.Run("passes", func(*testing.T) {})
		t.Run("bursts", func(*testing.T) { panic("oh dear") })
	})
	t.Log("the parent goes on")
}

func TestExits(t *testing.T) {
	nstest.InProcess(t, "zero", flags, func(*testing.T) { os.Exit(0) })
	nstest.InProcess(t, "three", flags, func(*testing.T) { os.Exit(3) })
}

func TestHangs(t *testing.T) {
	nstest.InProcess(t, "inside", flags, func(t *testing.T) { t.Log("hanging"); select {} })
}

func TestParallel(t *testing.T) {
	for i := range 10 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			nstest.InProcess(t, "inside", flags, func(t *testing.T) {
				t.Parallel()
				if os.Getpid() == parent {
					t.Logf("number %d", i)
				}
			})
		})
	}
}

func TestFurnished(t *testing.T) {
	nstest.InProcess(t, "inside", set.NS_USER|set.NS_NET|set.NS_MNT, func(t *testing.T) {
		l, err := net.Listen("tcp", "[::1]:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		// Links to devices; module bonding has a file there.
		shown, err := filepath.Glob("/sys/class/net/*/ifindex")
		links, linksErr := net.Interfaces()
		if err != nil || linksErr != nil || len(links) == 0 || len(shown) != len(links) {
			t.Errorf("/sys shows %v, %v, and there are %v, %v", shown, err, links, linksErr)
		}
	})
}

// Around it something else fails, and only there.
func TestAround(t *testing.T) {
	if os.Getpid() < 100 {
		t.Error("around")
	}
	nstest.InProcess(t, "inside", flags, func(*testing.T) {})
}

func TestNotReached(t *testing.T) {
	if os.Getpid() < 100 {
		t.Fatal("not today")
	}
	nstest.InProcess(t, "inside", flags, func(*testing.T) {})
}

// In a container, parts of /proc are covered.
func TestMasked(t *testing.T) {
	nstest.InProcess(t, "container", set.NS_USER|set.NS_MNT, func(t *testing.T) {
		if err := syscall.Mount("none", "/proc/driver", "tmpfs", 0, ""); err != nil {
			t.Fatal(err)
		}
		nstest.InProcess(t, "inside", set.NS_USER|set.NS_PID|set.NS_MNT, func(t *testing.T) {
			self, err := os.Readlink("/proc/self")
			t.Logf("the parent's: %t, %v", self != fmt.Sprint(os.Getpid()), err)
		})
	})
}

func TestNamed(t *testing.T) {
	nstest.InProcess(t, "inside", set.NS_USER|set.NS_NET, func(t *testing.T) { t.Error("a failure") }, nstest.Named("gateway"))
}

func TestArtifacts(t *testing.T) {
	around := t.ArtifactDir()
	keep := func(dir, name string) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	keep(around, "around")
	nstest.InProcess(t, "inside", flags, func(t *testing.T) {
		keep(around, "from inside")
		t.Logf("around is %s", around)
		dir := t.ArtifactDir()
		keep(dir, "inside")
		t.Run("below", func(t *testing.T) { keep(t.ArtifactDir(), "below") })
		nstest.InProcess(t, "deeper", flags, func(t *testing.T) {
			keep(around, "from deeper")
			keep(dir, "inside from deeper")
			keep(t.ArtifactDir(), "deeper")
			t.Logf("deeper, around is %s", around)
		})
	})
	nstest.InProcess(t, "nothing", flags, func(t *testing.T) {})
}

func TestChdir(t *testing.T) {
	t.Chdir("..")
	where := func(t *testing.T) {
		wd, err := os.Getwd()
		t.Logf("working directory %s, %v;", wd, err)
	}
	nstest.InProcess(t, "inside", flags, where)
	where(t)
}
