// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package link

import "errors"

func (l *Link) takesMTU() (least, most int, err error) { return 0, 0, errors.ErrUnsupported }
