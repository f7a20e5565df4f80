// SPDX-License-Identifier: Apache-2.0

// Package tiers has a service of three tiers, web, app and database, each on a host of its own behind a router. Its test cuts
// one tier off from the next one: the service has to answer in time, with what it still knows, and to recover by itself. One
// version of the app waits for the database for ever, which no test on a good network shows; the test finds it. It runs as root or
// as yourself, and needs no other program.
//
//	go test -v ./examples/tiers
package tiers
