// SPDX-License-Identifier: Apache-2.0

package subid_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso/internal/subid"
)

var maps = []subid.Map{{ContainerID: 0, HostID: 1000, Size: 1}, {ContainerID: 1, HostID: 100000, Size: 65536}}

// fake puts a newuidmap into PATH that is a shell script.
func fake(t *testing.T, script string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "newuidmap"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

const tried = "newuidmap 42 0 1000 1 1 100000 65536: "

func TestWhatAHelperSaysIsInTheError(t *testing.T) {
	for script, want := range map[string]string{
		"exit 0":               "",
		"exit 3":               tried + "exit status 3",
		"echo no >&2; exit 1":  tried + "exit status 1: no",
		"echo no; kill -9 $$":  tried + "the ID map was not written: signal: killed: no",
		"kill -TERM $$; sleep": tried + "the ID map was not written: signal: terminated",
	} {
		fake(t, script)
		err := subid.Start(t.Context(), "newuidmap", 42, maps).Wait()
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %v, want %q", script, err, want)
		}
		if errors.Is(err, subid.ErrKilled) != strings.Contains(script, "kill") {
			t.Errorf("%s: %v is of one that was killed, or is not", script, err)
		}
	}
}

func TestAHelperThatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := subid.Start(t.Context(), "newuidmap", 42, maps).Wait()
	if !errors.Is(err, exec.ErrNotFound) || !strings.HasSuffix(err.Error(), "apt-get install uidmap)") {
		t.Error(err)
	}
}

// ends fails the test if a helper is there that has its number in a file.
func ends(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/" + strings.TrimSpace(string(text))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the helper is there: %v", err)
	}
}

func TestAHelperThatHangsEndsWithItsContext(t *testing.T) {
	dir := fake(t, `cd "${0%/*}"; echo $$ >pid; echo I wait; mkfifo never; echo >started; read line <never`)
	if err := syscall.Mkfifo(filepath.Join(dir, "started"), 0o600); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	h := subid.Start(ctx, "newuidmap", 42, maps)
	if _, err := os.ReadFile(filepath.Join(dir, "started")); err != nil {
		t.Fatal(err)
	}
	cancel(boom)
	err := h.Wait()
	if !errors.Is(err, boom) || !errors.Is(err, subid.ErrKilled) || err.Error() != tried+"the ID map was not written: boom: I wait" {
		t.Error(err)
	}
	ends(t, dir)
}

func TestAHelperThatHangsEndsInTime(t *testing.T) {
	dir := fake(t, `cd "${0%/*}"; echo $$ >new; mv new pid; mkfifo never; read line <never`)
	defer subid.SetLimit(500 * time.Millisecond)() // in which the script may not have begun: all the same
	if err := os.WriteFile(filepath.Join(dir, "pid"), []byte("-\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Second, errors.New("nobody has ended it"))
	defer cancel()
	err := subid.Start(ctx, "newuidmap", 42, maps).Wait()
	if !errors.Is(err, subid.ErrKilled) || err.Error() != tried+"the ID map was not written: it does not end, and was killed after 500ms" {
		t.Error(err)
	}
	ends(t, dir)
}
