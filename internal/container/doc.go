// SPDX-License-Identifier: Apache-2.0

// Package container has tests that hold wherever most CI runs: in containers, where /proc
// and /sys are partly covered and read-only, and privileges are few. They need no program
// and no file but their own, so that .ci/docker/run can run them in an empty image. Among
// all others they run as any test does, and once more in what imitated_linux_test.go makes to be
// like a container.
package container
