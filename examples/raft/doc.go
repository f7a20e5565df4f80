// SPDX-License-Identifier: Apache-2.0

// Package raft tries github.com/hashicorp/raft, as it is in Consul and Nomad, without any one frame: three servers on a
// switch elect a leader and agree on entries, again for each frame that they send, with that frame lost. It is a
// module of its own, so that nobody else needs that library.
//
//	cd examples/raft && go test -v
package raft
