// SPDX-License-Identifier: Apache-2.0

package everyframe

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// ErrNoAnswer is the error of a client whose server is silent.
var ErrNoAnswer = errors.New("no answer")

// exchange sends a request, and again whenever retry has passed, until take has got the answer or fails. What take lets pass
// is about another request.
func exchange(conn net.Conn, request string, retry time.Duration, deadline time.Time, take func(answer string) (got bool, err error)) error {
	for time.Now().Before(deadline) {
		if _, err := conn.Write([]byte(request)); err != nil {
			return err
		}
		if err := receive(conn, retry, take); !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return fmt.Errorf("%w to %q", ErrNoAnswer, request)
}

// receive waits for an answer, but not for longer than limit.
func receive(conn net.Conn, limit time.Duration, take func(answer string) (got bool, err error)) error {
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	buf := make([]byte, 64)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		if got, err := take(string(buf[:n])); got || err != nil {
			return err
		}
	}
}

// serve answers requests until the connection is closed. An empty answer is not sent.
func serve(conn net.PacketConn, answer func(request string) string) error {
	buf := make([]byte, 64)
	for {
		n, client, err := conn.ReadFrom(buf)
		if err == nil {
			if text := answer(string(buf[:n])); text != "" {
				_, err = conn.WriteTo([]byte(text), client)
			}
		}
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
