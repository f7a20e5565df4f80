// SPDX-License-Identifier: Apache-2.0

// Package kept is the register of fixtures that one can enter: those that outlive their test, and those of a test
// that waits. Package nstest writes it and gonso(1) reads it.
//
// An [Entry] is a file in the register's folder, which is the user's own:
//
//  1. $XDG_RUNTIME_DIR/gonso, if that folder is the user's,
//  2. /run/gonso, for root,
//  3. /run/user/UID/gonso,
//  4. /tmp/gonso-UID.
//
// The first of these that can be used gets new entries; all of them are read, since another terminal may have another
// environment. A folder or a file is used only if it belongs to the user and is open to nobody else: what another user
// could have written is not believed, since it says which processes are to be ended.
//
// An entry names processes by their number and the time at which they started, and the boot at which that was.
// [Folder.List] removes those whose holder is gone.
package kept
