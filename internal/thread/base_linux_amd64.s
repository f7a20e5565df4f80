// SPDX-License-Identifier: Apache-2.0

#include "textflag.h"

// func base() uintptr
TEXT ·base(SB), NOSPLIT, $0-8
	RDFSBASEQ AX
	MOVQ AX, ret+0(FP)
	RET
