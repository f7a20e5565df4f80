// SPDX-License-Identifier: Apache-2.0

package everyframe

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// A Ledger is a server that adds up amounts, and the client's way to it. Each of its bugs is one that a good network never
// shows.
type Ledger struct {
	// Forgetful has the server add an amount again when the request for it comes again.
	Forgetful bool
	// Hasty has the client send the first amount before the server has opened the ledger.
	Hasty bool
	// Retry is the time after which a request is sent again that was not answered, Limit the one after which the client gives up.
	Retry, Limit time.Duration
}

// Serve answers requests until the connection is closed.
func (l Ledger) Serve(conn net.PacketConn) error {
	opened, sum, last := false, 0, 0
	buf := make([]byte, 64)
	for {
		n, client, err := conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		answer, number, amount := "closed", 0, 0
		switch fields, _ := fmt.Sscanf(string(buf[:n]), "add %d %d", &number, &amount); {
		case string(buf[:n]) == "open":
			opened, answer = true, "opened"
		case opened && fields == 2:
			if l.Forgetful || number > last {
				sum += amount
			}
			last = max(last, number)
			answer = fmt.Sprintf("sum %d %d", number, sum)
		}
		if _, err := conn.WriteTo([]byte(answer), client); err != nil {
			return err
		}
	}
}

// Add has the server add up amounts, and returns their sum.
func (l Ledger) Add(conn net.Conn, amounts ...int) (sum int, err error) {
	if l.Hasty {
		_, err = conn.Write([]byte("open"))
	} else {
		_, err = l.ask(conn, "open", "opened")
	}
	for i, amount := range amounts {
		if err != nil {
			return 0, err
		}
		sum, err = l.ask(conn, fmt.Sprintf("add %d %d", i+1, amount), fmt.Sprintf("sum %d %%d", i+1))
	}
	return sum, err
}

// ask repeats a request until it is answered, and returns the number in the answer.
func (l Ledger) ask(conn net.Conn, request, answer string) (number int, err error) {
	for deadline := time.Now().Add(l.Limit); time.Now().Before(deadline); {
		if _, err := conn.Write([]byte(request)); err != nil {
			return 0, err
		}
		number, err := l.listen(conn, answer)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return number, err
		}
	}
	return 0, fmt.Errorf("%w to %q", ErrNoAnswer, request)
}

// listen waits for an answer. What is about another request is late.
func (l Ledger) listen(conn net.Conn, answer string) (number int, err error) {
	if err := conn.SetReadDeadline(time.Now().Add(l.Retry)); err != nil {
		return 0, err
	}
	buf := make([]byte, 64)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return 0, err
		}
		text := string(buf[:n])
		if text == "closed" {
			return 0, errors.New("the ledger is closed")
		}
		if fields, _ := fmt.Sscanf(text, answer, &number); fields == 1 || text == answer {
			return number, nil
		}
	}
}
