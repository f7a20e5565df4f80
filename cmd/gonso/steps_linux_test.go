// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
	"github.com/seed-1bc5c4a2/gonso/nstest"
)

// effects has for each step a shell command that succeeds with the step, and fails
// without. The namespaces of the outside are in variables.
var effects = map[string]string{
	"user":   `[ "$(readlink /proc/self/ns/user)" != "$user" ]`,
	"subids": `awk '{ ids += $3 } END { exit ids < 2 }' /proc/self/uid_map`,
	"net":    `[ "$(readlink /proc/self/ns/net)" != "$net" ]`,
	"mnt":    `[ "$(readlink /proc/self/ns/mnt)" != "$mnt" ]`,
	"pid":    `[ "$(readlink /proc/self/ns/pid)" != "$pid" ]`,
	"uts":    `[ "$(readlink /proc/self/ns/uts)" != "$uts" ]`,
	"ipc":    `[ "$(readlink /proc/self/ns/ipc)" != "$ipc" ]`,
	"cgroup": `[ "$(readlink /proc/self/ns/cgroup)" != "$cgroup" ]`,
	"proc":   `[ "$(cat /proc/$$/comm)" = sh ]`,
	"lo":     `ip -oneline link show dev lo up | grep -q .`,
	"ping":   `[ "$(cut -f 1 /proc/sys/net/ipv4/ping_group_range)" = 0 ]`,
	"run":    `[ -n "$XDG_RUNTIME_DIR" ] && touch "$XDG_RUNTIME_DIR/file"`,
	"varlib": `[ "$(stat -c %d /var/lib)" != "$varlib" ]`,
	"etc":    `[ "$(stat -c %d /etc)" != "$etc" ]`,
	"sys":    `[ "$(stat -c %d /sys)" != "$sys" ]`,
	"eth0":   `ip route get 198.51.100.1 | grep -q 'via 192.0.2.1 dev eth0'`,
	"shared": `grep -q '^[^ ]* [^ ]* [^ ]* / / .* shared:' /proc/self/mountinfo`,
	"init":   `[ "$PPID" = 1 ]`,
}

func TestEachStepHasAnEffectAndCanBeLeftOut(t *testing.T) {
	env := append(os.Environ(), "XDG_RUNTIME_DIR=")
	for _, kind := range []string{"user", "net", "mnt", "pid", "uts", "ipc", "cgroup"} {
		id, err := os.Readlink("/proc/self/ns/" + kind)
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, kind+"="+id)
	}
	for name, dir := range map[string]string{"etc": "/etc", "sys": "/sys", "varlib": "/var/lib"} {
		var outside unix.Stat_t
		if err := unix.Stat(dir, &outside); err != nil {
			t.Fatal(err)
		}
		env = append(env, fmt.Sprintf("%s=%d", name, outside.Dev))
	}

	help, err := exec.Command("gonso", "help", "exec").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, match := range regexp.MustCompile(`(?m)^  -(\w+)=false `).FindAllStringSubmatch(string(help), -1) {
		name := match[1]
		found++
		t.Run(name, func(t *testing.T) {
			var flags []string
			if name == "subids" {
				nstest.RequireFeatures(t, name)
			} else if probe.Named("subids").OK == probe.No {
				flags = []string{"-subids=false"} // which is how it is, without a word about it
			}
			effect, ok := effects[name]
			if !ok {
				t.Fatal("what is the effect of this step?")
			}
			run := func(flag string) (string, error) {
				cmd := exec.Command("gonso", slices.Concat([]string{"exec", "-v", flag}, flags, []string{"--", "sh", "-c", effect})...)
				cmd.Env = env
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			if out, err := run("-" + name); err != nil {
				t.Errorf("%s fails with the step: %v\n%s", effect, err, out)
			}
			if out, err := run("-" + name + "=false"); err == nil {
				t.Errorf("%s succeeds without the step\n%s", effect, out)
			} else if strings.Contains(out, "gonso: exec: without") {
				t.Errorf("a step that was not asked for is named:\n%s", out)
			}
		})
	}
	if found != len(effects) {
		t.Errorf("%d steps, and %d have an effect here", found, len(effects))
	}
}
