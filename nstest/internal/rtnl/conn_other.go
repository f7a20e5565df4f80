// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package rtnl

// A Conn is a socket of rtnetlink(7), which there is on Linux only.
type Conn struct{}
