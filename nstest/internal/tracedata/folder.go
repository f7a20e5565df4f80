// SPDX-License-Identifier: Apache-2.0

package tracedata

// Where the folders of tests are: below the one that FolderVariable names, or among temporary files, in one
// for each process whose name begins with FolderPrefix.
const (
	FolderVariable = "NSTEST_ARTIFACTS"
	FolderPrefix   = "nstest-"
)
