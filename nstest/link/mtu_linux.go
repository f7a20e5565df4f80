// SPDX-License-Identifier: Apache-2.0

package link

import "github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"

// takesMTU returns which MTUs the link takes, see rtnl.Conn.MTUs.
func (l *Link) takesMTU() (least, most int, err error) {
	conn, err := rtnl.Dial(l.fixture.Set())
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	return conn.MTUs(l.index)
}
