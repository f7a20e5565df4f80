// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/need"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// unshareMounts makes a mount namespace to set something up in. To an ordinary user it is of
// a user namespace, in which there is root and a user 1, too.
func unshareMounts(t *testing.T) set.Set {
	t.Helper()
	place, err := set.Unshare(set.NS_MNT)
	if errors.Is(err, os.ErrPermission) {
		place, err = set.Unshare(set.NS_USER|set.NS_MNT, set.WithSubIDs())
	}
	if err != nil {
		need.Missing(t, err.Error(), "gonso doctor")
	}
	return place
}

// in runs a shell script in a mount namespace that another one has set up.
func in(t *testing.T, setup, script string) string {
	t.Helper()
	place := unshareMounts(t)
	defer func() {
		if err := place.Close(); err != nil {
			t.Error(err)
		}
	}()
	out, err := place.Command(t.Context(), "sh", "-c", "set -e\n"+setup+"\n"+script).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	return string(out)
}

// runOfOthers has things in /run, not for all to read, of a user who is not mapped into a
// user namespace of root alone.
const runOfOthers = `
	mount -t tmpfs none /run
	mkdir -m 0700 /run/state
	echo secret >/run/key
	touch /run/xtables.lock /run/state/file
	chmod 0600 /run/key /run/xtables.lock
	chown -R 1:1 /run`

// TestWhatOnlyOthersMayOpenIsNotInTheWay of a program that makes it where it is missing.
func TestWhatOnlyOthersMayOpenIsNotInTheWay(t *testing.T) {
	out := in(t, runOfOthers, `gonso exec -subids=false -- sh -c 'cat /run/key; ls -A /run/state; echo ours >/run/key; cat /run/key'`)
	if out != "ours\n" {
		t.Errorf("%q, want a key of our own, and nothing of theirs", out)
	}
	need.Tool(t, "iptables-legacy", "iptables")
	// It opens the lock first of all. Whether the kernel has such tables is another matter.
	out = in(t, runOfOthers, `gonso exec -subids=false -- iptables-legacy --wait 1 --list --numeric 2>&1 || true`)
	if strings.Contains(out, "xtables.lock") {
		t.Error(out)
	}
}

// masked has /proc/sys as a container has it. In a user namespace, nothing can be bound
// without the mounts on it, and no flag be taken away (mount_namespaces(7)).
const masked = `
	mount --rbind /proc/sys /proc/sys
	mount -o remount,bind,ro,nosuid,nodev,noexec /proc/sys`

// TestAProcThatCannotBeHad costs the pid namespace, in which programs would look for
// themselves in vain.
func TestAProcThatCannotBeHad(t *testing.T) {
	out := in(t, masked, `
		gonso exec -v -subids=false -- sh -c '[ -d /proc/$$/task/$$ ] && ip -br link show eth0 | cut -d " " -f 1' 2>&1`)
	for _, want := range []string{
		"gonso: exec: without proc: no new /proc can be mounted in a user namespace while parts of the old one are covered: /proc/sys; " +
			"try: docker run --security-opt systempaths=unconfined ...\n",
		"gonso: exec: without pid: there would be no /proc for it\n",
		"eth0@",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q, want %q in it", out, want)
		}
	}
}

// TestNothingOutlivesTheProgramWithoutAPIDNamespace, whoever its parent was.
func TestNothingOutlivesTheProgramWithoutAPIDNamespace(t *testing.T) {
	out := in(t, "", `
		set +e
		left=$(gonso exec -pid=false -- sh -c '
			(trap "" HUP TERM; exec sleep 1000) >/dev/null 2>&1 &
			echo $!
			(sleep 1000 >/dev/null 2>&1 & echo $!)
			exit 3')
		echo $?
		for one in $left; do kill -KILL $one 2>/dev/null && echo $one was there; done; true`)
	if out != "3\n" {
		t.Errorf("%q, want the exit status of the program and nobody there", out)
	}
}

// TestTheRouterAnswersWhereNoSettingCanBeWritten to what it has no route for.
func TestTheRouterAnswersWhereNoSettingCanBeWritten(t *testing.T) {
	for router, address := range map[string]string{"192.0.2.1": "198.51.100.1", "2001:db8::1": "2001:db8:9::1"} {
		out := in(t, masked, `gonso exec -v -subids=false -- ping -n -c 1 -W 10 `+address+` 2>&1 || true`)
		if !strings.Contains(out, "without ping: ") || strings.Contains(out, "without eth0") {
			t.Errorf("%s, want an eth0, and no ping sockets", out)
		}
		if !strings.Contains(out, "From "+router+" ") {
			t.Errorf("%s, want an answer of %s", out, router)
		}
	}
}

// A helper that is killed costs the IDs that it was to map, which is said, and nothing else.
func TestAKilledNewuidmapIsNamed(t *testing.T) {
	out := in(t, `
		mount -t tmpfs none /mnt
		cp -L "$(command -v gonso)" /mnt/gonso
		printf '#!/bin/sh\necho from here; kill -9 $$' >/mnt/newuidmap
		printf '#!/bin/sh\nexit 0' >/mnt/newgidmap
		chmod 755 /mnt /mnt/*
		echo 1:2:1 >/mnt/granted
		ls /etc/subuid /etc/subgid >/dev/null || touch /etc/subuid /etc/subgid
		mount --bind /mnt/granted /etc/subuid
		mount --bind /mnt/granted /etc/subgid`,
		`PATH=/mnt:$PATH setpriv --reuid 1 --regid 1 --clear-groups gonso exec -mnt=false -- id -u 2>&1`)
	if ok, err := regexp.MatchString(`^gonso: exec: without subids: map the IDs of user: newuidmap \d+ 0 1 1 1 2 1: the ID map was not written: signal: killed: from here\n0\n$`, out); !ok || err != nil {
		t.Errorf("%q", out)
	}
}
