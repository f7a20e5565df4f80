// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package nstest

func (*haveAddress) whilePending(any, func() error) error { return nil }
