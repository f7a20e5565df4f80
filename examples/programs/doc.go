// SPDX-License-Identifier: Apache-2.0

// Package programs has no code but tests of real programs in networks: nginx and curl three hops apart, routing
// daemons that find another way when a link fails, and iperf3 over a slow line. They run as root or as
// yourself, and do not touch instances of these programs that the machine itself runs.
//
//	apt-get install nginx-light curl bird2 iperf3
//	go test -v ./examples/programs
package programs
