// SPDX-License-Identifier: Apache-2.0

package main

// Main is what the program does.
func Main() { main() }

// VersionOf is what version prints of a program.
var VersionOf = versionOf

// Meaning is what doctor says an answer means.
var Meaning = meaning

// Serve is how trace serves a page.
var Serve = serve
