// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/seed-1bc5c4a2/gonso/internal/probe"
)

const (
	// proberVar has the ID of the user who probes, if that is not root. With
	// rootOf in front it is root in a user namespace of that user.
	proberVar = "PROBE_TEST_PROBER"
	// remedyVar is set if what an answer says helps is to be done, by root.
	remedyVar = "PROBE_TEST_REMEDY"
	// atMost is how many remedies in a row may be needed.
	atMost = 4

	rootOf = "root of "
)

// probeAs runs the checks, as this process or as a user, and prints what they
// found. With remedies, it does what the first one says helps, verbatim, and asks
// again, for as long as there is something to do.
func probeAs(user string, remedies bool, checks []string) error {
	if user == "" && !remedies {
		var found []finding
		for _, name := range checks {
			found = append(found, newFinding(probe.Named(name)))
		}
		return json.NewEncoder(os.Stdout).Encode(found)
	}
	var trail []finding
	for range atMost {
		found, err := probeInChild(user, checks)
		if err != nil {
			return err
		}
		trail = append(trail, found...)
		remedy := found[0].Remedy
		if !remedies || found[0].OK == yes || remedy == "" || strings.HasPrefix(remedy, "gonso ") || strings.HasPrefix(remedy, "docker ") {
			break // that is not for this process to do
		}
		if err := doAsRoot(remedy); err != nil {
			trail = append(trail, finding{Name: "remedy", OK: no, Cause: err.Error()})
			break
		}
	}
	return json.NewEncoder(os.Stdout).Encode(trail)
}

// probeInChild runs the checks in a new process, since some answers are kept.
func probeInChild(user string, checks []string) (found []finding, err error) {
	cmd := exec.Command("/proc/self/exe", checks...)
	cmd.Env = append(os.Environ(), scenarioVar+"=as it is", proberVar+"=", remedyVar+"=")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if user != "" {
		number, inside := strings.CutPrefix(user, rootOf)
		id, err := strconv.Atoi(number)
		if err != nil {
			return nil, err
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(id), Gid: uint32(id)}
		if inside {
			cmd.SysProcAttr = rootFor(id)
		}
	}
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	return found, json.Unmarshal(out, &found)
}

// doAsRoot runs a remedy as it is printed. This process is root already, so that
// its sudo has little to do: it hides the caller's PATH, and without -E the
// caller's environment.
func doAsRoot(remedy string) error {
	dir, err := os.MkdirTemp("", "probe-test-")
	if err != nil {
		return err
	}
	const sudo = `#!/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
if [ "$1" != -E ]; then exec env -i PATH="$PATH" "$@"; fi
shift
exec "$@"
`
	err = os.WriteFile(dir+"/sudo", []byte(sudo), 0o755)
	if err == nil {
		cmd := exec.Command("sh", "-c", remedy)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		var out []byte
		if out, err = cmd.CombinedOutput(); err != nil {
			err = fmt.Errorf("%s: %w: %s", remedy, err, strings.TrimSpace(string(out)))
		}
	}
	return errors.Join(err, os.RemoveAll(dir))
}

// remedied runs a scenario, then one check, and what the answers say helps. It
// returns the answers in their order.
func remedied(t *testing.T, scenario string, attr *syscall.SysProcAttr, user, check string) []finding {
	t.Helper()
	trail := run(t, scenario, attr, []string{proberVar + "=" + user, remedyVar + "=1"}, check)
	for _, found := range trail {
		t.Logf("%s: %s; try: %s", found.OK, found.Cause, found.Remedy)
	}
	return trail
}

func TestRemedyForALimitHelps(t *testing.T) {
	for scenario, checks := range map[string][]string{
		"limit net":  {"net", "rootless", "limits", "veth"},
		"limit user": {"user", "rootless", "limits", "proc"},
	} {
		for _, check := range checks {
			g := NewWithT(t)
			trail := remedied(t, scenario, userRoot(unix.CLONE_NEWNS), "", check)
			g.Expect(trail[0].OK).To(Equal(no))
			g.Expect(trail[0].Remedy).To(HavePrefix("sudo sysctl -w user.max_"))
			g.Expect(trail[1:]).To(Equal([]finding{{Name: check, OK: yes}}), scenario)
		}
	}
}

// Whoever lacks both the privilege and the user namespace to have it in gets the
// namespace first.
func TestRemedyForNoWayLeadsToTheNextOne(t *testing.T) {
	g := NewWithT(t)
	trail := remedied(t, "no way", userRoot(0), "", "net")
	g.Expect(trail[0].Remedy).To(Equal("sudo sysctl -w user.max_user_namespaces=100000"))
	g.Expect(trail[1].Remedy).To(Equal("gonso exec -- go test ./..."), "%v", trail)
}

// Root runs the caller's Go, which sudo's own PATH would hide, in the caller's
// environment.
func TestRemedyOfWhoMustBeRootRunsTheTests(t *testing.T) {
	g := NewWithT(t)
	found := in(t, "chroot, no privilege", userRoot(unix.CLONE_NEWNS), "net")
	g.Expect(found[0].Remedy).To(Equal(`sudo -E env "PATH=$PATH" go test ./...`))
	dir := t.TempDir()
	g.Expect(os.WriteFile(dir+"/go", []byte("#!/bin/sh\necho \"$(id -u) $PROBE_TEST_WANTED $*\" >$(dirname \"$0\")/ran\n"), 0o755)).To(Succeed())
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("PROBE_TEST_WANTED", "kept")
	g.Expect(doAsRoot(found[0].Remedy)).To(Succeed())
	g.Expect(os.ReadFile(dir + "/ran")).To(BeEquivalentTo("0 kept test ./...\n"))
}

// Many an image of a container has no sudo, and root needs none.
func TestRemedyForRootWithoutSudo(t *testing.T) {
	g := NewWithT(t)
	const remedy = "sh -c 'mkdir -p /dev/net && mknod -m 0666 /dev/net/tun c 10 200'"
	attr := &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	found := run(t, "no tun", attr, []string{"PATH=" + t.TempDir()}, "tun")
	if inUserNamespace() { // root of the machine is somebody else
		g.Expect(found[0].Remedy).To(Equal("sudo " + remedy))
		return
	}
	g.Expect(found[0].Remedy).To(Equal(remedy))
}

// Devices are the host's to make (mknod(2)).
func TestRemedyForAMissingTunDevice(t *testing.T) {
	g := NewWithT(t)
	trail := remedied(t, "no tun", &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}, "", "tun")
	g.Expect(trail[0].Cause).To(HavePrefix("there is no device file for it: "))
	if inUserNamespace() {
		g.Expect(trail[1].Cause).To(HaveSuffix("/dev/net/tun: Operation not permitted"))
		return
	}
	g.Expect(trail[1:]).To(Equal([]finding{{Name: "tun", OK: yes}}))
}

func TestRemedyForATunDeviceOfRootAlone(t *testing.T) {
	g := NewWithT(t)
	trail := remedied(t, "closed tun", ownMounts(t), rootOf+nobody, "tun")
	g.Expect(trail[0].OK).To(Equal(no))
	g.Expect(trail[0].Cause).To(Equal("the device file's mode forbids it: permission denied"))
	g.Expect(trail[0].Remedy).To(Equal("sudo chmod 0666 /dev/net/tun"))
	if inUserNamespace() { // it was no device, but opens now
		g.Expect(trail[1].Cause).To(ContainSubstring("inappropriate ioctl for device"))
		return
	}
	g.Expect(trail[1:]).To(Equal([]finding{{Name: "tun", OK: yes}}))
}

// Of the distributions only Ubuntu has such a package.
func TestMoreModulesAreUbuntus(t *testing.T) {
	g := NewWithT(t)
	file := t.TempDir() + "/os-release"
	for text, want := range map[string]string{
		"NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n": `sudo apt-get install "linux-modules-extra-$(uname -r)"`,
		"ID=debian\n": "",
	} {
		g.Expect(os.WriteFile(file, []byte(text), 0o600)).To(Succeed())
		g.Expect(probe.MoreModules(file)).To(Equal(want))
	}
	g.Expect(probe.MoreModules(file + "none")).To(BeEmpty())
}
