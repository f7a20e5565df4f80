// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// tryOverlay mounts an overlay whose layers are in a tmpfs.
func tryOverlay() Result {
	if mnt := Named("mnt"); mnt.OK != Yes {
		return without(mnt)
	}
	return mountable("overlay", inNewMounts(0, func(dir string) error {
		if err := mountTmpfs(dir); err != nil {
			return err
		}
		for _, name := range []string{"/lower", "/upper", "/work", "/merged"} {
			if err := os.Mkdir(dir+name, 0o700); err != nil {
				return err
			}
		}
		layers := fmt.Sprintf("lowerdir=%s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", dir)
		return sys.Mount("overlay", dir+"/merged", "overlay", 0, layers)
	}))
}
