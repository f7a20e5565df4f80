// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/kind"
	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
	"github.com/seed-1bc5c4a2/gonso/internal/subid"
	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// trySubIDs has newuidmap and newgidmap map the caller's subordinate IDs into a
// new user namespace. Root of the whole machine maps what it likes.
func trySubIDs() Result {
	if r := Named("user"); r.OK != Yes {
		return without(r)
	}
	caps, err := procfs.Effective(procfs.Root, procfs.ThreadSelf)
	initial, mapErr := inInitialUserNamespace()
	if err = errors.Join(err, mapErr); err != nil {
		return Result{OK: Inconclusive, Cause: err}
	}
	if initial && caps&(1<<unix.CAP_SETUID) != 0 && caps&(1<<unix.CAP_SETGID) != 0 {
		return Result{OK: Yes}
	}
	if r := tryMap("newuidmap", subid.UserFile, os.Geteuid()); r.OK != Yes {
		return r
	}
	return tryMap("newgidmap", subid.GroupFile, os.Getegid())
}

// tryMap maps the caller's own ID and all ranges that the file grants.
func tryMap(tool, file string, own int) Result {
	path, err := exec.LookPath(tool)
	if err != nil {
		return Result{OK: No, Cause: err, Remedy: "sudo apt-get install uidmap"}
	}
	names := subid.Names(os.Geteuid())
	maps, err := subid.Maps(file, names, own)
	if err != nil {
		r := Result{OK: No, Cause: err}
		if errors.Is(err, os.ErrNotExist) {
			r.Remedy = subid.Grant(names, subid.UserFile, subid.GroupFile)
		}
		return r
	}
	return runMapper(path, maps)
}

// runMapper runs newuidmap or newgidmap on a process that sits in a new user
// namespace.
func runMapper(tool string, maps []subid.Map) Result {
	var refused *exec.ExitError
	err := sys.WithStoppedSelf(kind.User, func(pid int) error {
		return subid.Start(context.Background(), tool, pid, maps).Wait()
	})
	switch {
	case err == nil:
		return Result{OK: Yes}
	case !errors.As(err, &refused) || errors.Is(err, subid.ErrKilled):
		return Result{OK: Inconclusive, Cause: err}
	}
	r := Result{OK: No, Cause: err}
	names := subid.Names(os.Geteuid())
	noNewPrivs, statusErr := procfs.Status(procfs.Root, procfs.ThreadSelf, "NoNewPrivs")
	info, statErr := os.Stat(tool)
	_, capErr := syscall.Getxattr(tool, "security.capability", nil) // capabilities(7)
	switch {
	case statusErr == nil && noNewPrivs == "1":
		r.Cause = fmt.Errorf("%w: no_new_privs is set, which takes the privileges from %s (prctl(2))", r.Cause, tool)
	case statErr == nil && info.Mode()&os.ModeSetuid == 0 && capErr != nil:
		r.Cause = fmt.Errorf("%w: %s has neither the set-user-ID mode nor capabilities", r.Cause, tool)
		r.Remedy = "sudo chmod u+s " + tool // copies of a system may lose both
	case len(names) == 1:
		r.Cause = fmt.Errorf("%w: user %s may have no entry in passwd, and newuidmap serves no other", r.Cause, names[0])
		r.Remedy = fmt.Sprintf("echo user%s:x:%[1]s:%d::/:/bin/sh | sudo tee -a /etc/passwd", names[0], os.Getegid())
	}
	return r
}
