// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sys

import "time"

func (fd *FD) Readlink(string) (string, error) { return "", errUnsupported }

func InodeIDOf(int) (InodeID, error) { return InodeID{}, errUnsupported }

func HasChildren() (bool, error)               { return false, errUnsupported }
func OpenProcess(int) (*FD, error)             { return nil, errUnsupported }
func OpenThread(int) (*FD, error)              { return nil, errUnsupported }
func WaitReadable(time.Duration, ...*FD) error { return errUnsupported }
func AwaitAnyEnd(time.Duration, ...*FD) error  { return errUnsupported }
func SetHostname(string) error                 { return errUnsupported }
func SetDomainname(string) error               { return errUnsupported }
func NewSharedMemory() (int, error)            { return 0, errUnsupported }
