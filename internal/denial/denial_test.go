// SPDX-License-Identifier: Apache-2.0

package denial_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/denial"
)

// proc makes a /proc of these files. What is real is provoked elsewhere: in the
// tests of internal/probe, and under other kernels by .ci/machine/restricted.
func proc(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const (
	clone    = "sys/kernel/unprivileged_userns_clone"
	restrict = "sys/kernel/apparmor_restrict_unprivileged_userns"
	limit    = "sys/user/max_user_namespaces"
	mounts   = "self/mountinfo"
	label    = "thread-self/attr/apparmor/current"
	selinux  = "thread-self/attr/current"
	status   = "thread-self/status"
)

func TestReasons(t *testing.T) {
	for what, c := range map[string]struct {
		files map[string]string
		want  denial.Reason
	}{
		"nothing": {map[string]string{
			clone: "1\n", restrict: "0\n", limit: "127\n", mounts: "27 1 254:0 / / rw - ext4 /dev/vda rw\n",
			label: "unconfined\n", selinux: "unconfined\n", status: "Seccomp:\t0\n",
		}, denial.Reason{}},
		"an old kernel": {nil, denial.Reason{}},
		"Debian's switch": {map[string]string{clone: "0\n"}, denial.Reason{
			"kernel.unprivileged_userns_clone is 0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"}},
		"a limit": {map[string]string{limit: "0\n"}, denial.Reason{
			"user.max_user_namespaces is 0", "sudo sysctl -w user.max_user_namespaces=100000"}},
		"a chroot": {map[string]string{mounts: "27 1 254:0 /srv /proc rw - proc proc rw\n"}, denial.Reason{
			"the process is in a chroot, where no user namespace can be made (user_namespaces(7))", ""}},
		"Ubuntu's switch, outside": {map[string]string{restrict: "1\n", label: "unconfined\n"}, denial.Reason{
			"AppArmor denies the capabilities of user namespaces, since kernel.apparmor_restrict_unprivileged_userns is 1",
			"sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"}},
		"Ubuntu's switch, inside": {map[string]string{restrict: "1\n", label: "unprivileged_userns (enforce)\n"}, denial.Reason{
			"AppArmor denies the capabilities of user namespaces, since kernel.apparmor_restrict_unprivileged_userns is 1",
			"sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"}},
		"a profile": {map[string]string{restrict: "1\n", label: "/usr/bin/kept-small (enforce)\n"}, denial.Reason{
			`AppArmor confines the process by the profile "/usr/bin/kept-small"`,
			"echo -n /usr/bin/kept-small | sudo tee /sys/kernel/security/apparmor/.remove"}},
		"Docker's profile": {map[string]string{label: "docker-default (enforce)\n", status: "Seccomp:\t2\n"}, denial.Reason{
			`AppArmor confines the process by the profile "docker-default"`, "docker run --security-opt apparmor=unconfined ..."}},
		"a stack of profiles": {map[string]string{label: "one//&:ns:two (enforce)\n"}, denial.Reason{
			`AppArmor confines the process by the profile "one//&:ns:two"`, ""}},
		"a profile that complains": {map[string]string{label: "kept-small (complain)\n"}, denial.Reason{}},
		"a filter": {map[string]string{status: "Seccomp:\t2\n"}, denial.Reason{
			"a seccomp filter is on the process", "docker run --security-opt seccomp=unconfined ..."}},
		"SELinux": {map[string]string{selinux: "system_u:system_r:container_t:s0:c1,c2\x00"}, denial.Reason{
			`a security module confines the process by the label "system_u:system_r:container_t:s0:c1,c2"`, ""}},
		"SELinux of a user": {map[string]string{selinux: "unconfined_u:unconfined_r:unconfined_t:s0\x00"}, denial.Reason{}},
	} {
		if got := denial.UserNamespace(proc(t, c.files)); got != c.want {
			t.Errorf("%s: %+v, want %+v", what, got, c.want)
		}
	}
}

// What only keeps user namespaces from being made is not what keeps root of one
// from anything.
func TestConfinementIsNotAboutMakingUserNamespaces(t *testing.T) {
	root := proc(t, map[string]string{clone: "0\n", limit: "0\n", mounts: "27 1 254:0 /srv /proc rw - proc proc rw\n"})
	if got := denial.Confinement(root); got != (denial.Reason{}) {
		t.Errorf("%+v", got)
	}
}

func TestLimitsAreRaisedInOneGo(t *testing.T) {
	want := "sudo sysctl -w user.max_net_namespaces=100000 user.max_uts_namespaces=100000"
	if got := denial.RaiseLimit("net", "uts"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMasksOfAContainerAreNamed(t *testing.T) {
	const plain = "22 1 0:21 / /proc rw - proc proc rw\n23 1 0:22 / /sys rw - sysfs sysfs rw\n" +
		"24 1 0:6 / /dev rw - devtmpfs devtmpfs rw\n31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n" +
		"32 22 0:29 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n33 23 0:30 / /sys/kernel/debug rw - debugfs debugfs rw\n"
	const engines = "22 1 0:21 / /proc rw - proc proc rw\n23 1 0:22 / /sys ro - sysfs sysfs ro\n" +
		"24 1 0:42 / /dev rw - tmpfs tmpfs rw\n31 23 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n" +
		"49 22 0:21 /sys /proc/sys ro - proc proc rw\n53 23 0:47 / /sys/firmware ro - tmpfs tmpfs ro\n"
	for text, want := range map[string]denial.Reason{
		plain:   {},
		engines: {"parts of /proc and /sys are covered: /proc/sys, /sys/firmware", "docker run --security-opt systempaths=unconfined ..."},
	} {
		root := proc(t, map[string]string{"thread-self/mountinfo": text, mounts: text})
		if got := denial.Masks(root); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if _, got := denial.AddTun(root); got != (text == engines) {
			t.Errorf("/dev is an engine's: %t", got)
		}
	}
}

func TestRemediesAreThoseOfTheEngine(t *testing.T) {
	const ofDocker, ofBubblewrap = "24 1 0:42 / /dev rw,nosuid - tmpfs tmpfs rw\n", "24 1 0:42 / /dev rw,nosuid,nodev,relatime - tmpfs tmpfs rw\n"
	type remedies struct{ masks, tun string }
	docker := remedies{"docker run --security-opt systempaths=unconfined ...", "docker run --device /dev/net/tun ..."}
	podman := remedies{"podman run --security-opt unmask=ALL ...", "podman run --device /dev/net/tun ..."}
	for _, c := range []struct {
		container, mounts string
		want              remedies
	}{
		{"", ofDocker, docker},
		{"lxc", ofDocker, docker},
		{"podman", ofDocker, podman},
		{"podman", ofBubblewrap, podman},
		{"firejail", ofDocker, remedies{}},
		{"", ofBubblewrap, remedies{"", "bwrap --dev-bind /dev/net/tun /dev/net/tun ..."}},
	} {
		t.Setenv("container", c.container)
		root := proc(t, map[string]string{mounts: c.mounts})
		tun, engines := denial.AddTun(root)
		if got := (remedies{denial.DropMasks(root), tun}); got != c.want || !engines {
			t.Errorf("%q with %s: %q, want %q; of an engine: %t", c.container, c.mounts, got, c.want, engines)
		}
	}
}

func TestSysIsNamedWhereThereIsNone(t *testing.T) {
	const none = "22 1 0:21 / /proc rw - proc proc rw\n"
	root := proc(t, map[string]string{"thread-self/mountinfo": none})
	if got, want := denial.Sysfs(root), (denial.Reason{"there is no /sys here", "bwrap --bind /sys /sys ..."}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
