// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "syscall"

// contained has a test run in a process group.
func contained() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
