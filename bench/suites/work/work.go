// SPDX-License-Identifier: Apache-2.0

// Package work is what each test of the suites does in its network namespace.
package work

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
)

// Tests is how many tests a suite has: few, unless it is measured.
func Tests() int {
	if n, err := strconv.Atoi(os.Getenv("SUITES_TESTS")); err == nil {
		return n
	}
	return 10
}

// Parallel reports whether tests of package testing are to call t.Parallel.
func Parallel() bool { return os.Getenv("SUITES_PARALLEL") != "" }

// Do has a server on a fixed port, which is free in a namespace of one's own, and a client that asks it.
func Do() error {
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
	server, err := net.ListenTCP("tcp", address)
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := net.DialTCP("tcp", nil, address)
	if err != nil {
		return err
	}
	defer client.Close()
	conn, err := server.Accept()
	if err != nil {
		return err
	}
	if _, err := conn.Write([]byte("hello")); err != nil {
		return err
	}
	if err := conn.Close(); err != nil {
		return err
	}
	if text, err := io.ReadAll(client); err != nil || string(text) != "hello" {
		return fmt.Errorf("the server says %q: %w", text, err)
	}
	return nil
}
