// SPDX-License-Identifier: Apache-2.0

package handshake

import "os"

// running is the file of this process's program, whatever has become of its path.
const running = "/proc/self/exe"

// Program returns a path by which this process's program can be executed again. It is the file's own, after which the kernel calls the
// process (comm, proc_pid_comm(5)), unless another file is there by now.
func Program() string {
	path, err := os.Readlink(running)
	if err != nil {
		return running
	}
	there, err := os.Stat(path)
	if err != nil {
		return running
	}
	if this, err := os.Stat(running); err != nil || !os.SameFile(this, there) {
		return running
	}
	return path
}
