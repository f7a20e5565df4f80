// SPDX-License-Identifier: Apache-2.0

//go:build !race && !msan && !asan

#include "textflag.h"

#define SYS_clone 220

// func cloneShared(flags, stack uintptr, s *script) (pid, errno uintptr)
TEXT ·cloneShared(SB),NOSPLIT,$0-40
	MOVD	flags+0(FP), R0
	MOVD	stack+8(FP), R1
	MOVD	s+16(FP), R19	// system calls keep it
	MOVD	$0, R2
	MOVD	$0, R3
	MOVD	$0, R4
	MOVD	$SYS_clone, R8
	SVC
	CBZ	R0, child
	CMN	$4095, R0
	BCC	parent
	NEG	R0, R0
	MOVD	ZR, pid+24(FP)
	MOVD	R0, errno+32(FP)
	RET
parent:
	MOVD	R0, pid+24(FP)
	MOVD	ZR, errno+32(FP)
	RET
child:
	MOVD	ZR, R29	// no frame is above
	SUB	$32, RSP
	MOVD	R19, 8(RSP)	// 0(RSP) is for a return address
	BL	·playShared(SB)
	UNDEF
