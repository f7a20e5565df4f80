// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A MountWatch knows which mounts of its mount namespace this process has made. What its children
// mount, such as mount(8), is not among them: once a process has ended, it cannot be found out
// whose child it was. A nil MountWatch knows of none.
type MountWatch struct {
	queue *sys.FD
	mine  map[uint64]bool
}

// ErrNotTold is the error of [WatchMounts] where the kernel does not tell which process mounts
// something, or does not tell this process.
var ErrNotTold = errors.New("the kernel does not tell who mounts")

// WatchMounts begins to watch. It takes Linux 6.15 and root of the whole machine.
func WatchMounts() (*MountWatch, error) {
	queue, err := sys.MountEvents()
	if err == nil {
		// A filter of a container may know one call and not the other.
		if _, e := sys.MountID(1 << 62); !errors.Is(e, syscall.ENOENT) {
			return nil, errors.Join(ErrNotTold, e, queue.Close())
		}
	}
	for _, no := range []error{syscall.EPERM, syscall.EACCES, syscall.EINVAL, syscall.ENOSYS, errors.ErrUnsupported} {
		if errors.Is(err, no) {
			return nil, fmt.Errorf("%w: %w", ErrNotTold, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("watch mounts: %w", err)
	}
	return &MountWatch{queue, make(map[uint64]bool)}, nil
}

// Mine returns the numbers, as mountinfo has them, of the mounts that this process has made since
// the watch began and that are still there.
func (w *MountWatch) Mine() (ids map[int]bool, err error) {
	if w == nil {
		return nil, nil
	}
	events, err := sys.TakeMountEvents(w.queue)
	for _, event := range events {
		if event.PID == os.Getpid() {
			w.mine[event.Mount] = true
		}
	}
	ids = make(map[int]bool)
	for mount := range w.mine {
		id, e := sys.MountID(mount)
		switch {
		case e == nil:
			ids[id] = true
		case errors.Is(e, syscall.ENOENT):
			delete(w.mine, mount)
		default:
			err = errors.Join(err, e)
		}
	}
	return ids, err
}

// Close ends the watch.
func (w *MountWatch) Close() error {
	if w == nil {
		return nil
	}
	return w.queue.Close()
}
