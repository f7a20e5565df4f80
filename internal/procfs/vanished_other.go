// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package procfs

import "os"

var errNoSuchProcess = os.ErrProcessDone
