// SPDX-License-Identifier: Apache-2.0

package nssetup

// ForgetInherited makes the next [Settings.Defaults] look again.
func ForgetInherited() { inherited.known = false }
