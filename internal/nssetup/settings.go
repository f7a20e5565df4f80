// SPDX-License-Identifier: Apache-2.0

package nssetup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso/internal/sys"
)

// Settings writes the settings of network namespaces, files below /proc/sys/net. These are
// of the network namespace of the thread that opens them. The zero value is ready to use.
//
// Containers have /proc/sys mounted read-only. Then a second instance of /proc takes its
// place, one that is mounted nowhere. The kernel refuses it to a process that is root in
// a user namespace only, and sees a /proc with covered parts (fs/namespace.c,
// mount_too_revealing).
type Settings struct {
	proc *instance // once it was needed
}

// Set writes a setting. The error satisfies [os.ErrNotExist] if the kernel has no such
// setting.
//
// It leaves out the poller of the runtime, with which os.WriteFile would register the
// file: that takes as long as the writing.
func (s *Settings) Set(name, value string) error {
	if s.proc == nil {
		proc, err := takeInstance(true)
		if err != nil {
			return fmt.Errorf("write /proc/sys/%s: %w", name, err)
		}
		s.proc = proc
	}
	path, err := s.proc.write(name, value)
	if errors.Is(err, syscall.EROFS) && s.proc.own == nil {
		other, refused := takeInstance(false)
		if refused != nil {
			return fmt.Errorf("%w; nor is another /proc to be had: %w", &os.PathError{Op: "write", Path: path, Err: err}, refused)
		}
		if err := s.proc.put(); err != nil {
			return errors.Join(err, other.put())
		}
		s.proc = other
		path, err = other.write(name, value)
	}
	if err != nil {
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// Close gives back what was needed for writing.
func (s *Settings) Close() error {
	if s.proc == nil {
		return nil
	}
	err := s.proc.put()
	s.proc = nil
	return err
}

// SetSysctl writes one setting of the calling thread's network namespace.
func SetSysctl(name, value string) (err error) {
	var s Settings
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Set(name, value)
}

// SetIPv6Sysctl is [SetSysctl] for a setting that a machine without IPv6 does not have, and then does nothing.
func SetIPv6Sysctl(name, value string) error {
	if err := SetSysctl(name, value); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// DisableIPv6 has the interfaces that are made later in the calling thread's network namespace send nothing of IPv6 by
// themselves.
func DisableIPv6() error { return SetIPv6Sysctl("net/ipv6/conf/default/disable_ipv6", "1") }

// nowhere is what an absolute path is relative to.
var nowhere = sys.NewFD(-1)
