// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/set"
)

func TestGidMapsAreTheGidMaps(t *testing.T) {
	s := unshare(t, set.NS_USER, set.WithIDMaps(
		[]set.IDMap{{ContainerID: 7, HostID: os.Geteuid(), Size: 1}},
		[]set.IDMap{{ContainerID: 9, HostID: os.Getegid(), Size: 1}}))
	out, err := s.Command(t.Context(), "cat", "/proc/self/uid_map", "/proc/self/gid_map").Output()
	noError(t, err)
	if f := strings.Fields(string(out)); len(f) != 6 || f[0] != "7" || f[3] != "9" {
		t.Errorf("the maps are %v, want 7 and 9", f)
	}
}

func TestNamespacesOfASetBelongToItsUserNamespace(t *testing.T) {
	s := unshare(t, set.NS_USER, set.WithRootMapped())
	more := closing(t)(s.Unshare(set.NS_NET | set.NS_MNT))
	// Only root of that user namespace may do this, with the rights it has there.
	out, err := more.Command(t.Context(), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward && mount -t tmpfs none /mnt && id -u").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "0" {
		t.Errorf("%v: %s", err, out)
	}
}

func TestTimeOffsetsShowInside(t *testing.T) {
	day := 24 * time.Hour
	s := unshare(t, set.NS_TIME, set.WithTimeOffsets(2*day, 3*day+time.Millisecond))
	out, err := s.Command(t.Context(), "cat", "/proc/self/timens_offsets").Output()
	noError(t, err)
	want := []string{"monotonic", "172800", "0", "boottime", "259200", "1000000"}
	if got := strings.Fields(string(out)); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the offsets are %v, want %v", got, want)
	}
	deeper := closing(t)(s.Unshare(set.NS_TIME)) // copies those of the Set
	out, err = deeper.Command(t.Context(), "cat", "/proc/uptime").Output()
	noError(t, err)
	seconds, err := strconv.ParseFloat(strings.Fields(string(out))[0], 64)
	noError(t, err)
	if seconds < 259200 {
		t.Errorf("the uptime is %v s, want three days and more", seconds)
	}
}

func TestUserNamespacesNest(t *testing.T) {
	for name, outer := range map[string]set.Set{
		"caller is root there": unshare(t, set.NS_USER, set.WithRootMapped()),
		"caller is 7 there": unshare(t, set.NS_USER, set.WithIDMaps(
			[]set.IDMap{{ContainerID: 7, HostID: os.Geteuid(), Size: 1}},
			[]set.IDMap{{ContainerID: 9, HostID: os.Getegid(), Size: 1}})),
	} {
		inner := closing(t)(outer.Unshare(set.NS_USER|set.NS_UTS, set.WithRootMapped()))
		deepest := closing(t)(inner.Unshare(set.NS_USER|set.NS_PID, set.WithIDMaps([]set.IDMap{{ContainerID: 5, HostID: 0, Size: 1}}, nil)))
		for s, want := range map[set.Set]string{inner: "0", deepest: "5"} {
			out, err := s.Command(t.Context(), "id", "-u").Output()
			noError(t, err)
			if got := strings.TrimSpace(string(out)); got != want {
				t.Errorf("%s: the child's user is %s, want %s", name, got, want)
			}
		}
	}
}

func TestSubIDsOfAnotherUserNamespaceAreAnError(t *testing.T) {
	outer := unshare(t, set.NS_USER, set.WithRootMapped())
	_, err := outer.Unshare(set.NS_USER, set.WithSubIDs())
	if err == nil || !strings.Contains(err.Error(), "WithIDMaps") && !strings.Contains(err.Error(), "grants no range") {
		t.Errorf("%v, want an error that names WithIDMaps", err)
	}
}

// Whoever has joined the user namespace has no right any more to join what belongs
// to one above it; whoever has not, has none yet to join what belongs to it.
func TestNamespacesAreJoinedInTheOrderOfTheirOwners(t *testing.T) {
	user := unshare(t, set.NS_USER, set.WithRootMapped())
	above := unshare(t, set.NS_NET|set.NS_MNT)
	below := closing(t)(user.Unshare(set.NS_UTS | set.NS_IPC))
	both := closing(t)(below.Merge(above))
	out, err := both.Command(t.Context(), "readlink",
		"/proc/self/ns/net", "/proc/self/ns/mnt", "/proc/self/ns/uts", "/proc/self/ns/ipc", "/proc/self/ns/user").Output()
	noError(t, err)
	var want []string
	for _, kind := range []int{set.NS_NET, set.NS_MNT, set.NS_UTS, set.NS_IPC, set.NS_USER} {
		want = append(want, id(t, both, kind))
	}
	if got := strings.Fields(string(out)); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the process is in %v, want %v", got, want)
	}
}
