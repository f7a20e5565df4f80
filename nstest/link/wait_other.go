// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package link

import "errors"

// WaitUp fails the test: there are no links here.
func (l *Link) WaitUp() {
	l.tb.Helper()
	l.fatal("wait for", errors.ErrUnsupported)
}
