// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package gons

var Twins = twins
