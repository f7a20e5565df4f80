// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package link

import "errors"

func (b *batch) removeGroup() error { return errors.ErrUnsupported }
