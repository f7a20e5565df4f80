// SPDX-License-Identifier: Apache-2.0

package sys

import "golang.org/x/sys/unix"

// MayReadBase reports whether programs may read the register FS with the instruction RDFSBASE, which
// faults otherwise (Documentation/arch/x86/x86_64/fsgs.rst, Linux 5.9).
func MayReadBase() bool {
	const (
		atHWCap2 = 26     // AT_HWCAP2 of linux/auxvec.h
		fsgsBase = 1 << 1 // HWCAP2_FSGSBASE of asm/hwcap2.h
	)
	auxv, err := unix.Auxv()
	if err != nil {
		return false
	}
	capabilities, _ := auxiliary(auxv, atHWCap2)
	return capabilities&fsgsBase != 0
}
