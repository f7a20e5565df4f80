// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"fmt"
	"net"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// The interfaces of a container, seen from outside.
func ExampleFromPid() {
	const pid = 4711 // of the container
	container, err := set.FromPid(pid, set.NS_NET)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer container.Close()
	var links []net.Interface
	if e := container.Do(func() { links, err = net.Interfaces() }); e != nil || err != nil {
		fmt.Println(e, err)
		return
	}
	fmt.Println(links)
}

// A goroutine that is inside until it ends.
func ExampleSet_Enter() {
	network, err := set.Unshare(set.NS_NET)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer network.Close()
	ended := make(chan error)
	go func() {
		if err := network.Enter(); err != nil {
			ended <- err
			return
		}
		links, err := net.Interfaces()
		fmt.Println(links) // those of the network
		ended <- err
	}()
	fmt.Println(<-ended)
}

// Root inside is user 1000 outside, and the IDs from 1 on are those from 100000 on.
func ExampleWithIDMaps() {
	maps := []set.IDMap{
		{ContainerID: 0, HostID: 1000, Size: 1},
		{ContainerID: 1, HostID: 100000, Size: 65536},
	}
	user, err := set.Unshare(set.NS_USER, set.WithIDMaps(maps, maps))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer user.Close()
	fmt.Println(user)
}
