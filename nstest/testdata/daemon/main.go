// SPDX-License-Identifier: Apache-2.0

// Command daemon is what the tests of nstest start: it listens where its arguments say, such as
// "tcp :80", says so, and ends at SIGTERM. With "ask" before them it prints what such a one answers.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	if os.Args[1] == "ask" {
		if err := ask(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGHUP)
	if err := listen(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	fmt.Println("listens")
	for sig := range asked {
		fmt.Println("got", sig)
		if sig == syscall.SIGTERM {
			break
		}
	}
}

func listen(network, address string) error {
	switch network {
	case "udp", "udp4", "udp6", "unixgram":
		_, err := net.ListenPacket(network, address)
		return err
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	go answer(l)
	return nil
}

func ask(network, address string) error {
	c, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, c)
	return errors.Join(err, c.Close())
}

// answer sends the number of the process to everybody who connects. First it prints as many bytes as a variable says.
func answer(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if n, err := strconv.Atoi(os.Getenv("DAEMON_PRINTS")); err == nil {
			fmt.Println(strings.Repeat("x", n))
		}
		fmt.Fprint(c, os.Getpid())
		_ = c.Close()
	}
}
