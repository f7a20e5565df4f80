// SPDX-License-Identifier: Apache-2.0

package reexec

// CoverageDir returns the value to which GOCOVERDIR has to be set for programs that are built with
// -cover and started by this one, so that their coverage is merged with this program's. It is ""
// if this program was not built with -cover, or runs without its coverage being asked for.
//
// Go's tools merge only the data of programs that were built with the same -covermode,
// and of it only the packages of -coverpkg.
func CoverageDir() (string, error) {
	if !instrumented() {
		return "", nil
	}
	return coveragePath()
}
