// SPDX-License-Identifier: Apache-2.0

package procfs

import "syscall"

const errNoSuchProcess = syscall.ESRCH
