// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"os"
	"path/filepath"
	"strings"
)

// Sysctl returns a setting by the name that sysctl(8) has for it, such as
// "user.max_net_namespaces". The error for one that the kernel lacks satisfies
// [os.ErrNotExist].
func Sysctl(root, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "sys", strings.ReplaceAll(name, ".", "/")))
	return strings.TrimSpace(string(text)), err
}
