// SPDX-License-Identifier: Apache-2.0

package selfexec_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/selfexec"
)

func init() {
	selfexec.Register("works", func() error { return nil })
	selfexec.Register("fails", func() error { return errors.New("on purpose") })
	selfexec.Register("starts one", func() error {
		cmd := exec.Command(os.Args[0])
		cmd.Env = selfexec.Env("works")
		return cmd.Run()
	})
}

func TestMain(m *testing.M) {
	selfexec.Main()
	os.Exit(m.Run())
}

func TestHelpersAreFoundByName(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"works":      "",
		"starts one": "",
		"fails":      "on purpose\n",
		"other":      "no helper is called \"other\": invalid argument\n",
	} {
		cmd := exec.Command(exe)
		cmd.Env = selfexec.Env(name)
		out, err := cmd.CombinedOutput()
		if string(out) != want || (err != nil) != (want != "") {
			t.Errorf("%s: %v, %q, want %q", name, err, out, want)
		}
	}
}
