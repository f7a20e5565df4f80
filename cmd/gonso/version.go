// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
)

var versionVerb = verb{
	name:  "version",
	short: "print which gonso this is, for a report of a defect",
	long: func() string {
		return "The lines are: the version; the commit that it was built from, if the Go toolchain knew it;\nthe version of Go, and the kind of machine that it was built for.\n"
	},
	flags:   func(*flag.FlagSet) action { return version },
	failure: usageError,
}

func version(args []string) int {
	if len(args) > 0 {
		printError("version: %q is not understood; try: gonso help version", args)
		return usageError
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		printError("version: this program was built without module information (go help buildvcs)")
		return 1
	}
	fmt.Fprint(os.Stdout, versionOf(info))
	return 0
}

// versionOf prints what the Go toolchain has written into a program.
func versionOf(info *debug.BuildInfo) string {
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	version := info.Main.Version
	if version == "" {
		version = "(devel)" // go run, go test
	}
	text := fmt.Sprintf("gonso %s\n", version)
	if revision := settings["vcs.revision"]; revision != "" {
		text += "commit " + revision
		if when := settings["vcs.time"]; when != "" {
			text += " of " + when
		}
		if settings["vcs.modified"] == "true" {
			text += ", with changes"
		}
		text += "\n"
	}
	return text + fmt.Sprintf("%s %s/%s\n", info.GoVersion, settings["GOOS"], settings["GOARCH"])
}
