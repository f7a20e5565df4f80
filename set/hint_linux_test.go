// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// What is refused by a machine that lets nobody have user namespaces is refused
// for two reasons, and the remedy is one for the second.
func TestErrorsNameWhatIsInTheWayOfUserNamespaces(t *testing.T) {
	const (
		limit  = "user.max_user_namespaces is 0; try: sudo sysctl -w user.max_user_namespaces=100000"
		chroot = "the process is in a chroot, where no user namespace can be made (user_namespaces(7))"
		tail   = "; run it as root, or in a user namespace as nstest.Main and gonso exec do; what may be in the way of that: "
	)
	for what, want := range map[string]string{
		"limit user":  "gonso: unshare user: no space left on device (" + limit + ")",
		"limit net":   "gonso: unshare net: operation not permitted (the process has no CAP_SYS_ADMIN" + tail + limit + ")",
		"chroot user": "gonso: unshare user: operation not permitted (" + chroot + ")",
	} {
		root := unshare(t, set.NS_USER|set.NS_MNT, set.WithRootMapped())
		cmd := root.Command(t.Context(), "/proc/self/exe", "-test.run=^TestRefused$", "-test.v")
		cmd.Env = append(os.Environ(), "NSTEST_ROOTLESS=off", "GOCOVERDIR="+t.TempDir(), refusedEnv+"="+what)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", what, err, out)
		}
		_, text, _ := strings.Cut(string(out), "error: ")
		if text, _, _ = strings.Cut(text, "\n"); text != want {
			t.Errorf("%s: %q, want %q", what, text, want)
		}
	}
}

// refusedEnv tells the process that the test above starts what to do; once that is
// done it is empty, and says which namespaces are still to be tried.
const refusedEnv = "GONSO_TEST_REFUSED"

// TestRefused is what that process runs; by itself it has nothing to do.
func TestRefused(t *testing.T) {
	what, ok := os.LookupEnv(refusedEnv)
	if !ok {
		return
	}
	fmt.Println() // package testing does not end its lines
	switch what {
	case "limit user", "limit net":
		noError(t, os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0))
		noError(t, os.Setenv(refusedEnv, strings.TrimPrefix(what, "limit ")))
		runtime.LockOSThread() // it is the thread that loses the capability
		noError(t, unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_ADMIN, 0, 0, 0))
		noError(t, unix.Exec("/proc/self/exe", os.Args, os.Environ()))
	case "chroot user":
		dir := os.TempDir() + "/bare" // in a file system that goes with this mount namespace
		noError(t, unix.Mount("tmpfs", os.TempDir(), "tmpfs", 0, ""))
		noError(t, os.MkdirAll(dir+"/proc", 0o755))
		noError(t, unix.Mount("/proc", dir+"/proc", "", unix.MS_BIND|unix.MS_REC, ""))
		noError(t, errors.Join(unix.Chroot(dir), os.Chdir("/")))
		what = "user"
	}
	kinds := map[string]int{"user": set.NS_USER, "net": set.NS_NET}[what]
	_, err := set.Unshare(kinds)
	fmt.Printf("error: %v\n", err)
	if errors.Is(err, unix.EPERM) {
		os.Exit(0) // a chroot has no place for what is written at the end of a test
	}
}
