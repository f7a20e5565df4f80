// SPDX-License-Identifier: Apache-2.0

package wire_test

// The tests of docs/bad-network.md, which quotes them.

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/seed-1bc5c4a2/gonso"
	"github.com/seed-1bc5c4a2/gonso/nstest"
	"github.com/seed-1bc5c4a2/gonso/nstest/wire"
)

// ask sends a question until there is an answer to it, three times at most.
func ask(conn net.Conn, question string, patience time.Duration) (string, error) {
	buf := make([]byte, 1500)
	var err error
	for range 3 {
		if _, err = conn.Write([]byte(question)); err != nil {
			return "", err
		}
		if err = conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return "", err
		}
		for {
			var n int
			if n, err = conn.Read(buf); errors.Is(err, os.ErrDeadlineExceeded) {
				break // ask again
			}
			if err != nil {
				return "", err
			}
			if answer := string(buf[:n]); len(answer) > len(question) && answer[:len(question)] == question {
				return answer[len(question):], nil
			} // and what is no answer to this question is an old one
		}
	}
	return "", err
}

// serve answers questions until its socket is closed.
func serve(conn net.PacketConn) {
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if _, err := conn.WriteTo(append(buf[:n:n], " yes"...), from); err != nil {
			return
		}
	}
}

// asking joins a client and a server, which serves.
func asking(t *testing.T, opts ...wire.Option) (w *wire.Wire, conn net.Conn) {
	t.Helper()
	client, server := nstest.New(t, gonso.NS_NET, nstest.Named("client")), nstest.New(t, gonso.NS_NET, nstest.Named("server"))
	w = wire.Join(t, client, server, opts...)
	client.AddAddress("eth0", "192.0.2.1/24")
	server.AddAddress("eth0", "192.0.2.2/24")
	go serve(server.ListenPacket("udp", "192.0.2.2:1000"))
	conn, err := client.DialContext(t.Context(), "udp", "192.0.2.2:1000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, conn
}

func TestTheFirstQuestionIsLost(t *testing.T) {
	w, conn := asking(t)
	w.Filter(func(f *wire.Frame) wire.Verdict {
		if udp := f.UDP(); udp != nil && udp.DstPort == 1000 && w.Seen(f) == 1 {
			return wire.Drop
		}
		return wire.Pass
	})
	if answer, err := ask(conn, "is it up?", 500*time.Millisecond); err != nil || answer != " yes" {
		t.Errorf("%q, %v", answer, err)
	}
}

func TestAnAnswerThatComesTwiceIsNoAnswerToTheNextQuestion(t *testing.T) {
	w, conn := asking(t)
	w.Filter(func(f *wire.Frame) wire.Verdict {
		if udp := f.UDP(); udp != nil && udp.SrcPort == 1000 {
			return wire.Pass.Times(2)
		}
		return wire.Pass
	})
	for _, question := range []string{"is it up?", "is it down?", "is it over?"} {
		if answer, err := ask(conn, question, 10*time.Second); err != nil || answer != " yes" {
			t.Errorf("%s %q, %v", question, answer, err)
		}
	}
}

func TestQuestionsOnABadNetwork(t *testing.T) {
	_, conn := asking(t, wire.Delay(2*time.Millisecond), wire.Jitter(time.Millisecond), wire.Duplicate(0.2), wire.Reorder(0.1))
	for _, question := range []string{"1?", "2?", "3?", "4?", "5?", "6?", "7?", "8?", "9?"} {
		if answer, err := ask(conn, question, 10*time.Second); err != nil || answer != " yes" {
			t.Errorf("%s %q, %v", question, answer, err)
		}
	}
}
