// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"runtime/debug"
	"testing"

	gonso "github.com/seed-1bc5c4a2/gonso/cmd/gonso"
)

func TestVersionSaysWhatTheToolchainKnows(t *testing.T) {
	machine := []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "arm64"}}
	for _, c := range []struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		{version: "v1.2.3", want: "gonso v1.2.3\ngo1.26.1 linux/arm64\n"},
		{version: "", want: "gonso (devel)\ngo1.26.1 linux/arm64\n"},
		{
			version: "v1.2.4-0.20261128115409-0123456789ab+dirty",
			settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"},
				{Key: "vcs.time", Value: "2026-11-28T11:54:09Z"}, {Key: "vcs.modified", Value: "true"}},
			want: "gonso v1.2.4-0.20261128115409-0123456789ab+dirty\ncommit 0123456789abcdef of 2026-11-28T11:54:09Z, with changes\ngo1.26.1 linux/arm64\n",
		},
		{
			version:  "(devel)",
			settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "false"}},
			want:     "gonso (devel)\ncommit 0123456789abcdef\ngo1.26.1 linux/arm64\n",
		},
	} {
		info := &debug.BuildInfo{GoVersion: "go1.26.1", Settings: append(c.settings, machine...)}
		info.Main.Version = c.version
		if got := gonso.VersionOf(info); got != c.want {
			t.Errorf("%s: %q, want %q", c.version, got, c.want)
		}
	}
}
