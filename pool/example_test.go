// SPDX-License-Identifier: Apache-2.0

package pool_test

import (
	"context"
	"fmt"
	"os"

	"github.com/seed-1bc5c4a2/gonso/pool"
	"github.com/seed-1bc5c4a2/gonso/set"
)

// Eight network namespaces are kept ready, each with a setting that is made before it is needed.
func ExampleNew() {
	networks := pool.New(set.NS_NET, func() error {
		return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
	})
	_, stop := networks.Run(context.Background(), 8)
	defer stop()

	network, err := networks.Get()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer network.Close()
	fmt.Println(network)
}
