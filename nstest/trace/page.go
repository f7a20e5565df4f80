// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracefile"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/tracepage"
)

// makePage makes the page of what is in a folder, and removes what it was made of.
func makePage(dir string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	t, err := tracefile.Read(dir)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, tracefile.Page), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	if err := errors.Join(tracepage.Write(out, t), out.Flush(), f.Close()); err != nil {
		return err
	}
	return os.Remove(filepath.Join(dir, tracefile.Name))
}
