// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// trySubIDs has newuidmap and newgidmap map the caller's subordinate IDs into a
// new user namespace. Root of the whole machine maps what it likes.
func trySubIDs() Result {
	if r := Named("user"); r.OK != Yes {
		return without(r)
	}
	caps, err := effective()
	initial, mapErr := inInitialUserNamespace()
	if err = errors.Join(err, mapErr); err != nil {
		return Result{OK: Inconclusive, Cause: err}
	}
	if initial && caps&(1<<unix.CAP_SETUID) != 0 && caps&(1<<unix.CAP_SETGID) != 0 {
		return Result{OK: Yes}
	}
	if r := tryMap("newuidmap", "/etc/subuid", os.Geteuid()); r.OK != Yes {
		return r
	}
	return tryMap("newgidmap", "/etc/subgid", os.Getegid())
}

// tryMap maps the caller's own ID and all ranges that the file grants.
func tryMap(tool, file string, own int) Result {
	path, err := exec.LookPath(tool)
	if err != nil {
		return Result{OK: No, Cause: err, Remedy: "sudo apt-get install uidmap"}
	}
	owner := strconv.Itoa(os.Geteuid())
	name := owner
	if u, err := user.LookupId(owner); err == nil { // a user without an entry in passwd has only the number
		name = u.Username
	}
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Result{OK: No, Cause: err}
	}
	maps := rangesOf(string(text), owner, name)
	if maps == nil {
		return Result{
			OK:     No,
			Cause:  fmt.Errorf("%s grants nothing to %s: %w", file, name, os.ErrNotExist),
			Remedy: fmt.Sprintf("echo %s:%d:65536 | sudo tee -a %s", name, firstFree(string(text)), file),
		}
	}
	return runMapper(path, append([]string{"0", strconv.Itoa(own), "1"}, maps...))
}

// rangesOf turns lines such as "name:100000:65536" (subuid(5)) into arguments
// that map these IDs to those from 1 on. What is wrong with a line, the tool will
// say.
func rangesOf(text, owner, name string) (args []string) {
	inside := 1
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) != 3 || fields[0] != owner && fields[0] != name {
			continue
		}
		args = append(args, strconv.Itoa(inside), fields[1], fields[2])
		if count, err := strconv.Atoi(fields[2]); err == nil {
			inside += count
		}
	}
	return args
}

// firstFree returns the ID from which on the file grants nothing to anybody, at
// least where useradd(8) begins.
func firstFree(text string) int {
	free := 100000
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) != 3 {
			continue
		}
		start, startErr := strconv.Atoi(fields[1])
		count, countErr := strconv.Atoi(fields[2])
		if errors.Join(startErr, countErr) == nil {
			free = max(free, start+count)
		}
	}
	return free
}

// runMapper runs newuidmap or newgidmap on a process that sits in a new user
// namespace.
func runMapper(tool string, args []string) Result {
	var refused *exec.ExitError
	err := withChild(unix.CLONE_NEWUSER, func(pid int) error {
		_, err := exec.Command(tool, append([]string{strconv.Itoa(pid)}, args...)...).Output()
		return err
	})
	switch {
	case err == nil:
		return Result{OK: Yes}
	case errors.As(err, &refused):
		said := strings.TrimSpace(string(refused.Stderr))
		r := Result{OK: No, Cause: fmt.Errorf("%s: %w", said, err)}
		if value, err := status("NoNewPrivs"); err == nil && value == "1" {
			r.Cause = fmt.Errorf("%w: no_new_privs is set, which takes the privileges from %s (prctl(2))", r.Cause, tool)
		} else if info, err := os.Stat(tool); err == nil && info.Mode()&os.ModeSetuid == 0 {
			r.Remedy = "sudo chmod u+s " + tool // copies of a system may lose the mode
		}
		return r
	}
	return Result{OK: Inconclusive, Cause: fmt.Errorf("%s: %w", tool, err)}
}
