// SPDX-License-Identifier: Apache-2.0

package nssetup

import "github.com/seed-1bc5c4a2/gonso/internal/sys"

// ForgetInherited makes the next [Settings.Defaults] look again.
func ForgetInherited() { inherited.known = false }

// PerInstance is how many network namespaces are looked up in one instance of /proc.
const PerInstance = perInstance

// OwnProc returns the instance of /proc that s writes to, nil for that on /proc.
func OwnProc(s *Settings) *sys.FD { return s.proc.own }
