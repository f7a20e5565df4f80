// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package leftover

type usage struct{}

func reapedChildren() usage { return usage{} }

func reap(int) {}
