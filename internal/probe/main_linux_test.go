// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"go.uber.org/goleak"
)

// What a machine denies is taken away from a child of the test, for real, and the
// child probes. A scenario has what the child does and prints.
const scenarioVar = "PROBE_TEST_SCENARIO"

var scenarios = map[string]func() error{
	"as it is":               func() error { return nil },
	"chroot":                 chrootBare,
	"chroot, no privilege":   chrootWithoutPrivilege,
	"cover /proc":            coverProc,
	"deepest, no privilege":  deepestWithoutPrivilege,
	"deny after a yes":       probeThenDeny,
	"deny execve":            denyExecve,
	"deny ioctl":             denyIoctl,
	"deny mount":             denyMount,
	"deny sethostname":       denySethostname,
	"deny shmget":            denyShmget,
	"deny unshare":           denyUnshare,
	"dumpable after all":     probeAndStayDumpable,
	"few descriptors":        probeWithFewDescriptors,
	"limit net":              limitNet,
	"limit net, then deeper": limitThenDeeper,
	"limit user":             limitUser,
	"no privilege":           noPrivilege,
	"no tun":                 hideTun,
	"no way":                 noWay,
	"closed tun":             closeTun,

	"subids granted":                          grantSubIDs,
	"subids granted, no new privileges":       grantSubIDsInVain,
	"subids granted, newuidmap missing":       grantWithoutTools,
	"subids granted, newuidmap without mode":  grantWithPlainTools,
	"subids of others":                        grantToOthers,
	"subids of nobody: no files":              noSubIDFiles,
	"subids of nobody: a group range missing": grantUsersOnly,
}

func TestMain(m *testing.M) {
	name, isChild := os.LookupEnv(scenarioVar)
	if !isChild {
		goleak.VerifyTestMain(&nstest.M{M: m})
	}
	err := scenarios[name]()
	if err == nil {
		err = probeAs(os.Getenv(proberVar), os.Getenv(remedyVar) != "", os.Args[1:])
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "scenario %q: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A finding is a Result that has come through JSON.
type finding struct {
	Name, OK, Cause, Remedy string
	Errno                   syscall.Errno
}

func newFinding(r probe.Result) finding {
	f := finding{Name: r.Name, OK: r.OK.String(), Remedy: r.Remedy}
	if r.Cause != nil {
		f.Cause = r.Cause.Error()
		errors.As(r.Cause, &f.Errno)
	}
	return f
}

// in runs a scenario in a child with these attributes, and then the checks.
func in(t *testing.T, scenario string, attr *syscall.SysProcAttr, checks ...string) []finding {
	t.Helper()
	found := run(t, scenario, attr, nil, checks...)
	if len(found) != len(checks) {
		t.Fatalf("%d answers to %d questions", len(found), len(checks))
	}
	return found
}

// run is in with more in the child's environment.
func run(t *testing.T, scenario string, attr *syscall.SysProcAttr, env []string, checks ...string) (found []finding) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", checks...)
	// Without cgo, package os/user believes it for who has no entry in passwd.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "USER=") })
	cmd.Env = append(append(cmd.Env, scenarioVar+"="+scenario), env...)
	cmd.SysProcAttr = attr
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return found
}

// userRoot makes a child root of a user namespace of its own.
func userRoot(flags uintptr) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | flags,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

// rootFor makes a child root of a user namespace that a user could have made. It
// takes a caller who can become that user.
func rootFor(user int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: user, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: user, Size: 1}},
		Credential:  &syscall.Credential{NoSetGroups: true}, // the caller's IDs are not in there
	}
}

// A user that no machine has.
const stranger = 54321

// unprivileged makes a child an ordinary user.
func unprivileged(t *testing.T) *syscall.SysProcAttr {
	t.Helper()
	nstest.RequireFeatures(t, "setuid")
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
}

// inUserNamespace reports whether some IDs are missing here.
func inUserNamespace() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	return err != nil || !strings.Contains(string(text), "4294967295")
}
