// SPDX-License-Identifier: Apache-2.0

package everyframe

import (
	"errors"
	"fmt"
	"net"
	"os"
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

// ErrNoAnswer is the error of a handshake whose other side is silent.
var ErrNoAnswer = errors.New("no answer")

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
	for time.Now().Before(deadline) {
		if _, err := conn.Write([]byte(message)); err != nil {
			return err
		}
		if err := await(conn, answer, h.Retry); !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return fmt.Errorf("%w to %q", ErrNoAnswer, message)
}

// await reads until the answer comes. Whatever else comes is late.
func await(conn net.Conn, answer string, limit time.Duration) error {
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	buf := make([]byte, 64)
	for {
		n, err := conn.Read(buf)
		if err != nil || string(buf[:n]) == answer {
			return err
		}
	}
}

// Accept is the server's side. It calls confirmed when a client has confirmed, and goes on to answer until the connection is
// closed.
func (h Handshake) Accept(conn net.PacketConn, confirmed func()) error {
	buf := make([]byte, 64)
	for {
		n, client, err := conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		answer := ""
		switch string(buf[:n]) {
		case hello:
			answer = welcome
		case confirm:
			confirmed()
			if h.Robust {
				answer = done
			}
		}
		if answer == "" {
			continue
		}
		if _, err := conn.WriteTo([]byte(answer), client); err != nil {
			return err
		}
	}
}
