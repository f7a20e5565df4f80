// SPDX-License-Identifier: Apache-2.0

package everyframe

import (
	"net"
	"time"
)

// The messages of the handshake: the client says hello, the server welcomes it, the client confirms that it has got that. Then
// both may talk.
const (
	hello   = "hello"
	welcome = "welcome"
	confirm = "confirm"
	done    = "done" // of the robust version only
)

// A Handshake is how client and server begin.
type Handshake struct {
	// Robust has the client repeat its confirmation until the server says that it has got it.
	Robust bool
	// Retry is the time after which a message is sent again that was not answered.
	Retry time.Duration
	// Limit is the time after which the client gives up.
	Limit time.Duration
}

// Connect is the client's side.
func (h Handshake) Connect(conn net.Conn) error {
	deadline := time.Now().Add(h.Limit)
	if err := h.until(deadline, conn, hello, welcome); err != nil {
		return err
	}
	if !h.Robust {
		_, err := conn.Write([]byte(confirm))
		return err
	}
	return h.until(deadline, conn, confirm, done)
}

// until sends a message until it is answered.
func (h Handshake) until(deadline time.Time, conn net.Conn, message, answer string) error {
	return exchange(conn, message, h.Retry, deadline, func(got string) (bool, error) { return got == answer, nil })
}

// Accept is the server's side. It calls confirmed when a client has confirmed, and goes on to answer until the connection is
// closed.
func (h Handshake) Accept(conn net.PacketConn, confirmed func()) error {
	return serve(conn, func(message string) string {
		switch message {
		case hello:
			return welcome
		case confirm:
			confirmed()
			if h.Robust {
				return done
			}
		}
		return ""
	})
}
