// SPDX-License-Identifier: Apache-2.0

package everyframe

import (
	"errors"
	"fmt"
	"net"
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
	return serve(conn, func(request string) string {
		var number, amount int
		switch fields, _ := fmt.Sscanf(request, "add %d %d", &number, &amount); {
		case request == "open":
			opened = true
			return "opened"
		case opened && fields == 2:
			if l.Forgetful || number > last {
				sum += amount
			}
			last = max(last, number)
			return fmt.Sprintf("sum %d %d", number, sum)
		}
		return closed
	})
}

// closed is the answer of a server whose ledger is not open.
const closed = "closed"

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
	err = exchange(conn, request, l.Retry, time.Now().Add(l.Limit), func(got string) (bool, error) {
		if got == closed {
			return false, errors.New("the ledger is closed")
		}
		fields, _ := fmt.Sscanf(got, answer, &number)
		return fields == 1 || got == answer, nil
	})
	return number, err
}
