// SPDX-License-Identifier: Apache-2.0

// Package handshake lets a process that was started again by itself know so.
//
//  1. The parent makes a ticket with [Offer], hands it to the child as an
//     inherited descriptor and puts the descriptor's number into the child's
//     environment.
//  2. The child calls [Accept], which looks into the descriptor. The variable only says
//     where to look: a caller that can only set variables, as over ssh or sudo,
//     achieves nothing.
//  3. Variable and descriptor are gone afterwards, so that no grandchild takes
//     them for its own. A process whose user or capabilities differ from those of
//     its caller (AT_SECURE, getauxval(3)) accepts nothing at all, and one that cannot
//     find out takes the variable for a false claim.
//
// A ticket is one end of a socket pair that has a message waiting. Unlike a pipe
// or a file it can be looked into without taking anything from it and without
// waiting, so that a wrong number does no harm to whatever is there.
package handshake

import (
	"errors"
	"strings"
)

// ErrNoTicket reports that the environment speaks of a ticket, but that the descriptor
// it names is none.
var ErrNoTicket = errors.New("not a ticket of the parent process")

// variable is the name of the environment variable of a role.
func variable(role string) string { return "GONSO_" + strings.ToUpper(role) }

// proof is the message that makes a descriptor the ticket of a role.
func proof(role string) string { return "gonso re-exec ticket: " + role }
