// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestRootsMutantsMountNothingOnTheMachine(t *testing.T) {
	cmd := exec.Command("readlink", "/proc/self/ns/mnt")
	cmd.SysProcAttr = contained()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	if same := strings.TrimSpace(string(out)) == here; same == (os.Geteuid() == 0) {
		t.Errorf("in %s, and this process is in %s", out, here)
	}
}
