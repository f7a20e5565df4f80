// SPDX-License-Identifier: Apache-2.0

package set_test

import (
	"fmt"
	"net/http"

	"github.com/seed-1bc5c4a2/gonso/set"
)

// Whatever goroutines package http has, its connections are in the Set.
func ExampleSet_DialContext() {
	const pid = 4711 // of a container
	network, err := set.FromPid(pid, set.NS_NET)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer network.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: network.DialContext}}
	response, err := client.Get("http://router.example/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.Status)
}

// Each network namespace has all ports to itself.
func ExampleSet_Listen() {
	for range 2 {
		network, err := set.Unshare(set.NS_NET)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer network.Close()
		listener, err := network.Listen("tcp", ":53")
		if err != nil {
			fmt.Println(err)
			return
		}
		defer listener.Close()
		fmt.Println(listener.Addr())
	}
	// Output:
	// [::]:53
	// [::]:53
}
