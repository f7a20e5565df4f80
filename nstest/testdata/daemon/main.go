// SPDX-License-Identifier: Apache-2.0

// Command daemon is what the tests of nstest start: it listens where its arguments say, such as
// "tcp :80", says so, and ends at SIGTERM.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
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

// answer sends the number of the process to everybody who connects.
func answer(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		fmt.Fprint(c, os.Getpid())
		_ = c.Close()
	}
}
