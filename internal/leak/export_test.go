// SPDX-License-Identifier: Apache-2.0

package leak

import "github.com/seed-1bc5c4a2/gonso/internal/procfs"

// TakeFrom takes a snapshot of a process of a tree that looks like procfs.
func TakeFrom(root, process string) (*Snapshot, error) {
	baseline, err := procfs.ProcessNamespaces(root, process)
	if err != nil {
		return nil, err
	}
	return take(root, process, baseline, true)
}

// AskThread returns the namespaces of a thread without a look into /proc.
var AskThread = askThread
