// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"flag"
	"path/filepath"
	"sync"
)

// testFiles are the files that package testing keeps open while tests run. It
// opens them when testing.M.Run begins, which may be after a snapshot.
var testFiles = sync.OnceValue(func() (paths []string) {
	value := func(name string) string {
		if f := flag.Lookup(name); f != nil && flag.Parsed() {
			return f.Value.String()
		}
		return ""
	}
	for _, name := range []string{"test.testlogfile", "test.cpuprofile", "test.trace"} {
		path := value(name)
		if path == "" {
			continue
		}
		if name != "test.testlogfile" && !filepath.IsAbs(path) {
			path = filepath.Join(value("test.outputdir"), path)
		}
		if path, err := filepath.Abs(path); err == nil {
			paths = append(paths, path)
		}
	}
	return paths
})
