// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// SetSysctl writes a file below /proc/sys. Those below net/ are of the calling thread's
// network namespace. The error satisfies [os.ErrNotExist] if the kernel has no such file.
//
// It leaves out the poller of the runtime, with which os.WriteFile would register the
// file: that takes as long as the writing.
func SetSysctl(name, value string) error {
	path := "/proc/sys/" + name
	if err := sys.WriteFileAt(nowhere, path, value); err != nil {
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// nowhere is what an absolute path is relative to.
var nowhere = sys.NewFD(-1)
