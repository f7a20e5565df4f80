// SPDX-License-Identifier: Apache-2.0

package probe

var (
	MoreModules = moreModules
	Absent      = absent
)
