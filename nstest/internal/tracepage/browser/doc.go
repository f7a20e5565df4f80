// SPDX-License-Identifier: Apache-2.0

// Package browser tests the pages of package tracepage in a browser, Debian's chromium. It is a module of its own, so that what drives
// the browser is no dependency of those who use the other one.
package browser
