// SPDX-License-Identifier: Apache-2.0

package denial

import (
	"os"
	"slices"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/procfs"
)

// An engine is a program that keeps processes in a container or sandbox. Its fields are how to start it so that it takes
// something away, or "" where it cannot. .ci/docker/run and .ci/environments/run do what they say, for want of AppArmor
// but appArmor.
type engine struct {
	seccomp  string // the filter
	appArmor string // the profile
	masks    string // the mounts over parts of /proc and /sys
	tun      string // that there is no device for TUN
}

// engines are by what they set $container to (https://systemd.io/CONTAINER_INTERFACE), which Docker does not.
var engines = map[string]engine{
	"": {
		seccomp:  "docker run --security-opt seccomp=unconfined ...",
		appArmor: "docker run --security-opt apparmor=unconfined ...",
		masks:    "docker run --security-opt systempaths=unconfined ...",
		tun:      "docker run --device /dev/net/tun ...",
	},
	"podman": {
		seccomp:  "podman run --security-opt seccomp=unconfined ...",
		appArmor: "podman run --security-opt apparmor=unconfined ...",
		masks:    "podman run --security-opt unmask=ALL ...",
		tun:      "podman run --device /dev/net/tun ...",
	},
	"firejail": {
		seccomp: "firejail --noprofile ...",
	},
	inBuild: {
		seccomp:  "podman build --security-opt seccomp=unconfined ...",
		appArmor: "podman build --security-opt apparmor=unconfined ...",
		masks:    "podman build --cap-add SYS_ADMIN,NET_ADMIN ...",
		tun:      "podman build --device /dev/net/tun ...",
	},
	bubblewrap: {
		tun: "bwrap --dev-bind /dev/net/tun /dev/net/tun ...",
	},
	"systemd-nspawn": {
		masks: "SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 systemd-nspawn ...",
	},
}

// inBuild is what Podman runs the lines of a Containerfile in: with its mark, and without the variable.
const inBuild = "podman build"

// bubblewrap sets no variable.
const bubblewrap = "bubblewrap"

// here returns the engine that this process is in, or else Docker, which most are like.
func here(root string) engine {
	name := os.Getenv("container")
	if _, err := os.Lstat("/run/.containerenv"); err == nil && name == "" {
		name = inBuild
	}
	if dev, ok := madeDev(root); ok && name == "" && slices.Contains(strings.Split(dev.Options, ","), "nodev") {
		name = bubblewrap
	}
	if e, known := engines[name]; known {
		return e
	}
	return engines[""]
}

// madeDev returns the mount of a folder of devices that an engine has made and filled: the kernel has a file system of its own for
// it. Other engines make device files in it, of which bubblewrap mounts each, so that the folder itself needs to allow none.
func madeDev(root string) (procfs.Mount, bool) {
	mounts, err := procfs.Mounts(root, procfs.Self)
	if err != nil {
		return procfs.Mount{}, false
	}
	var dev procfs.Mount
	for _, m := range mounts {
		if m.Target == "/dev" {
			dev = m
		}
	}
	return dev, dev.FSType == "tmpfs"
}

// DropSeccomp returns what takes away the filter of a container.
func DropSeccomp(root string) string { return here(root).seccomp }

// DropMasks returns what takes away a container's mounts over parts of /proc and /sys.
func DropMasks(root string) string { return here(root).masks }

// AddTun returns what adds a device for TUN to a container. It reports whether that is the engine's to do, which has made the
// folder of devices.
func AddTun(root string) (remedy string, engines bool) {
	_, engines = madeDev(root)
	return here(root).tun, engines
}
