// SPDX-License-Identifier: Apache-2.0

package gonso_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/seed-1bc5c4a2/gonso"
)

// Make a network namespace and look around in it.
func Example() {
	s, err := gonso.Unshare(gonso.NS_NET)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	err = s.Do(func() {
		links, err := net.Interfaces()
		if err != nil {
			log.Fatal(err)
		}
		for _, link := range links {
			fmt.Println(link.Name, link.Flags&net.FlagUp != 0)
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: lo false
}

// Unshare makes the new namespaces from inside a Set, and keeps its others.
func ExampleSet_Unshare() {
	network, err := gonso.Unshare(gonso.NS_NET)
	if err != nil {
		log.Fatal(err)
	}
	defer network.Close()
	host, err := network.Unshare(gonso.NS_UTS)
	if err != nil {
		log.Fatal(err)
	}
	defer host.Close()

	same, err := host.Same(network, gonso.NS_NET)
	fmt.Println("the same network:", same, err)
	// Output: the same network: true <nil>
}

// A socket stays in the network namespace that it was made in, so that it can be
// used from anywhere.
func ExampleSet_Do_socket() {
	s, err := gonso.Unshare(gonso.NS_NET)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	var inside net.PacketConn
	if e := s.Do(func() { inside, err = net.ListenPacket("udp", ":53") }); e != nil || err != nil {
		log.Fatal(e, err)
	}
	defer inside.Close()
	fmt.Println(inside.LocalAddr()) // whoever has port 53 on this machine does not mind
	// Output: [::]:53
}

// 'Here, but in that network': merge a Set with all that the caller is in.
func ExampleSet_Merge() {
	here, err := gonso.Current(0)
	if err != nil {
		log.Fatal(err)
	}
	defer here.Close()
	network, err := gonso.Unshare(gonso.NS_NET)
	if err != nil {
		log.Fatal(err)
	}
	defer network.Close()
	both, err := here.Merge(network)
	if err != nil {
		log.Fatal(err)
	}
	defer both.Close()

	same, err := both.Same(here, gonso.NS_UTS)
	fmt.Println("same host name:", same, err)
	same, err = both.Same(here, gonso.NS_NET)
	fmt.Println("same network:", same, err)
	// Output:
	// same host name: true <nil>
	// same network: false <nil>
}

// What a Set holds can be kept beyond the life of the program, for ip-netns(8),
// nsenter(1) and FromDir.
func ExampleSet_MountNS() {
	s, err := gonso.Unshare(gonso.NS_UTS)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	mounts, err := gonso.Unshare(gonso.NS_MNT) // so that this example leaves nothing behind
	if err != nil {
		log.Fatal(err)
	}
	defer mounts.Close()

	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	err = mounts.Do(func() {
		if err := s.Mount(dir); err != nil {
			log.Fatal(err)
		}
		again, err := gonso.FromDir(dir, 0)
		if err != nil {
			log.Fatal(err)
		}
		defer again.Close()
		fmt.Println(again.Same(s, gonso.NS_UTS))
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: true <nil>
}

// A process can be in every Set, also in one with a user namespace, which no
// thread of a Go program can join.
func ExampleSet_Command() {
	s, err := gonso.Unshare(gonso.NS_USER|gonso.NS_PID, gonso.WithRootMapped())
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	out, err := s.Command(context.Background(), "sh", "-c", "id -u").Output()
	fmt.Printf("user %s%v\n", out, err)
	fmt.Println(errors.Is(s.Do(func() {}), gonso.ErrNeedsProcess))
	// Output:
	// user 0
	// <nil>
	// true
}

// What takes a dialer takes a Set: its connections are in the Set's network.
func ExampleSet_DialContext() {
	s, err := gonso.Unshare(gonso.NS_NET)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	client := http.Client{Transport: &http.Transport{DialContext: s.DialContext}}
	_, err = client.Get("http://127.0.0.1/") // of a network where lo is still down
	fmt.Println(errors.Is(err, syscall.ENETUNREACH))
	// Output: true
}

// A pool makes Sets, and readies them, before they are needed.
func ExampleNewPool() {
	pool := gonso.NewPool(gonso.NS_NET, func() error {
		return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0) // of this Set only
	})
	_, stop := pool.Run(context.Background(), 4)
	defer stop()

	s, err := pool.Get()
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	err = s.Do(func() {
		text, err := os.ReadFile("/proc/sys/net/ipv4/ip_forward")
		fmt.Printf("%s%v\n", text, err)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1
	// <nil>
}

// An error says what was tried, on which kind, and why it failed.
func ExampleError() {
	_, err := gonso.FromDir("/proc/self/net", gonso.NS_NET)
	var e *gonso.Error
	fmt.Println(errors.As(err, &e), errors.Is(err, os.ErrNotExist))
	fmt.Println(err)
	// Output:
	// true true
	// gonso: open net: /proc/self/net/net: no such file or directory
}
