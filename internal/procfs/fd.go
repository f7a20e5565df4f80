// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// A Descriptor is an open file of a process.
type Descriptor struct {
	Num    int
	Target string // a path, or a name such as socket:[4711], anon_inode:[eventpoll], net:[4026531840]
}

// Kind tells what is open: "file" for all that has a path, otherwise what the
// kernel calls it, such as "socket", "pipe", "eventpoll", or "net" for a
// namespace that was not opened by the path of a mount.
func (d Descriptor) Kind() string {
	if strings.HasPrefix(d.Target, "/") {
		return "file"
	}
	kind, detail, _ := strings.Cut(d.Target, ":")
	if kind == "anon_inode" {
		return strings.Trim(detail, "[]")
	}
	return kind
}

// Descriptors lists the open files of a process, by ascending number. Those with
// which it reads the list are not on it.
func Descriptors(root, process string) ([]Descriptor, error) {
	list, err := readDescriptors(path(root, process, "fd"), root == Root && process == Self)
	if err != nil {
		return nil, fmt.Errorf("descriptors of process %s: %w", process, err)
	}
	return list, nil
}

func readDescriptors(path string, self bool) (list []Descriptor, err error) {
	nums, err := numbers(path)
	if err != nil {
		return nil, err
	}
	dir, err := sys.OpenDir(path)
	if err != nil {
		return nil, err
	}
	list = make([]Descriptor, 0, len(nums))
	add := func(num int, target string, err error) error {
		if Vanished(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%d: %w", num, err)
		}
		list = append(list, Descriptor{num, target})
		return nil
	}
	targets := targetReader{dir: dir, self: self, names: make(map[uint64]string)}
	own := dir.Int()
	for _, num := range nums {
		if num == own {
			continue
		}
		target, err := targets.read(num)
		if err := add(num, target, err); err != nil {
			return nil, errors.Join(err, dir.Close())
		}
	}
	if err := dir.Close(); err != nil {
		return nil, err
	}
	// That number was listed already before dir was open, or the process is not
	// this one.
	if slices.Contains(nums, own) {
		target, readErr := os.Readlink(path + "/" + strconv.Itoa(own))
		err = add(own, target, readErr)
	}
	slices.SortFunc(list, func(a, b Descriptor) int { return a.Num - b.Num })
	return list, err
}

// A targetReader finds out what descriptors are open on.
type targetReader struct {
	dir   *sys.FD
	self  bool
	names map[uint64]string
}

// read reads the link, which takes a while. Most descriptors are sockets and
// pipes, whose names are nothing but kind and inode: of this process's own, one
// of each kind tells how the others on the same device are called.
func (r *targetReader) read(num int) (string, error) {
	if !r.self {
		return r.dir.Readlink(strconv.Itoa(num))
	}
	id, err := sys.InodeIDOf(num)
	if err != nil { // the link reports whether it is closed, or what else
		return r.dir.Readlink(strconv.Itoa(num))
	}
	inode := ":[" + strconv.FormatUint(id.Ino, 10) + "]"
	if kind, known := r.names[id.Dev]; known {
		return kind + inode, nil
	}
	target, err := r.dir.Readlink(strconv.Itoa(num))
	if kind, ok := strings.CutSuffix(target, inode); ok && (kind == "socket" || kind == "pipe") {
		r.names[id.Dev] = kind
	}
	return target, err
}
