// SPDX-License-Identifier: Apache-2.0

package hostile_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/reexec"
	"github.com/seed-1bc5c4a2/gonso/reexec/testdata/cover/hostile"
)

func TestMain(m *testing.M) { os.Exit(reexec.RunTests(m)) }

const nobody = 65534

var other = reexec.Credential(&syscall.Credential{Uid: nobody, Gid: nobody})

// complaints has what is said of each plant, and nothing for those that take no coverage
// data from the profile.
var complaints = map[string]string{
	"Fifo": "is no regular file", "FifoMeta": "is no regular file", "Link": "is no regular file",
	"LinkMeta": "is no regular file", "Device": "is no regular file", "Dir": "is no regular file",
	"Empty": `begins with ""`, "Garbage": `begins with "garbage`, "GarbageMeta": `begins with "garbage`,
	"Secret": `begins with "garbage`, "Header": "ends early", "Segments": "ends early",
	"WrongHash": "belongs to another program", "TwoNames": "has 2 names", "Huge": "has 1099511627776 bytes",
	"Magic": "is no coverage data", "Many": "95 more files",
}

// COVER_ACTIONS names what is to be planted.
func TestPlants(t *testing.T) {
	for _, what := range strings.Fields(os.Getenv("COVER_ACTIONS")) {
		var opts []reexec.Option
		if what != "Device" { // nobody else may make one
			opts = append(opts, other)
		}
		_, err := hostile.Plant.Run(t.Context(), what, opts...)
		t.Logf("%s: %v", what, err)
		want := complaints[what]
		if (want != "") != errors.Is(err, reexec.ErrCoverage) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("want %q", want)
		}
	}
}

func TestLingers(t *testing.T) {
	var answer []int
	if err := reexec.RunReexecAction("Lingers", reexec.Result(&answer)); err != nil || !slices.Equal(answer, []int{3}) {
		t.Error(answer, err)
	}
}

// meanwhile calls f with the folder of a process of somebody else's.
func meanwhile(t *testing.T, f func(dir string) error) error {
	t.Helper()
	fromChild, stdout := io.Pipe()
	stdin, toChild := io.Pipe()
	go func() {
		if _, err := bufio.NewReader(fromChild).ReadString('\n'); err != nil {
			t.Error(err)
		}
		dirs, err := filepath.Glob(filepath.Join(os.Getenv("COVER_FOLDER"), "gonso-cover-*", "child"))
		if err != nil || len(dirs) != 1 {
			t.Errorf("%q, %v", dirs, err)
		} else if err := f(dirs[0]); err != nil {
			t.Error(err)
		}
		if err := toChild.Close(); err != nil {
			t.Error(err)
		}
	}()
	_, err := hostile.Wait.Run(t.Context(), 0, other, reexec.Stdin(stdin), reexec.Stdout(stdout))
	return err
}

func TestFileOfAnotherUser(t *testing.T) {
	err := meanwhile(t, func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "covcounters.00.1.1"), []byte("ours"), 0o666)
	})
	if !errors.Is(err, reexec.ErrCoverage) || !strings.Contains(err.Error(), "belongs to user 0, and the process to user 65534") {
		t.Error(err)
	}
}

func TestReplacedFolder(t *testing.T) {
	elsewhere := t.TempDir()
	for how, replace := range map[string]func(dir string) error{
		"link":   func(dir string) error { return os.Symlink(elsewhere, dir) },
		"folder": func(dir string) error { return os.Mkdir(dir, 0o700) },
		"none":   func(dir string) error { return nil },
	} {
		err := meanwhile(t, func(dir string) error {
			return errors.Join(os.Rename(dir, filepath.Join(elsewhere, how)), replace(dir))
		})
		if err == nil {
			t.Error(how)
		}
	}
	if err := os.Chmod(elsewhere, 0o700); err != nil {
		t.Error(err)
	}
}
