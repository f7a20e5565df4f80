// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Sysctl returns a setting by the name that sysctl(8) has for it, such as
// "user.max_net_namespaces". The error for one that the kernel lacks satisfies
// [os.ErrNotExist].
func Sysctl(root, name string) (string, error) {
	text, err := sys.ReadFile(filepath.Join(root, "sys", strings.ReplaceAll(name, ".", "/")), 64)
	return strings.TrimSpace(string(text)), err
}

// KernelIs reports whether the kernel is of that version or a later one.
func KernelIs(root string, major, minor int) (bool, error) {
	release, err := Sysctl(root, "kernel.osrelease")
	if err != nil {
		return false, err
	}
	var x, y int
	if _, err := fmt.Sscanf(release, "%d.%d", &x, &y); err != nil {
		return false, fmt.Errorf("kernel.osrelease is %q: %w", release, err)
	}
	return x > major || x == major && y >= minor, nil
}
