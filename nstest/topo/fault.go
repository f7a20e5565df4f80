// SPDX-License-Identifier: Apache-2.0

package topo

// Down cuts the link: both its ends are switched off, and the routes are those of what is left.
func (l *Link) Down() {
	l.in().tb.Helper()
	l.switchTo(true)
}

// Up switches the link on again after [Link.Down], and routes may lead over it again.
func (l *Link) Up() {
	l.in().tb.Helper()
	l.switchTo(false)
}

func (l *Link) switchTo(down bool) {
	n := l.network
	n.tb.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	what := "mend"
	if down {
		what = "cut"
	}
	if err := n.usable(); err != nil {
		n.fatal(what+" "+l.String(), err)
	}
	if l.down == down {
		return
	}
	l.down = down
	n.noteLink(what+" "+l.String(), l)
	if err := n.rebuild(l); err != nil {
		n.fatal(what+" "+l.String(), err)
	}
	if n.onRequest() {
		n.names.Hosts(n.hosts())
	}
}
