// SPDX-License-Identifier: Apache-2.0

package reexec

// CoverageDir returns the folder in which programs that are built with -cover, and are started
// by this one, leave their coverage so that it is merged with this program's: the value for their
// GOCOVERDIR. If this program was not built with -cover, or nobody wants its coverage, that is "".
//
// Go's tools merge what was built with the same -covermode, and of that the packages that
// -coverpkg has.
func CoverageDir() (string, error) {
	if !instrumented() {
		return "", nil
	}
	return coveragePath()
}
