// SPDX-License-Identifier: Apache-2.0

//go:build !race && !msan && !asan

#include "textflag.h"

#define SYS_clone 56

// func cloneShared(flags, stack uintptr, s *script) (pid, errno uintptr)
TEXT ·cloneShared(SB),NOSPLIT,$0-40
	MOVQ	flags+0(FP), DI
	MOVQ	stack+8(FP), SI
	MOVQ	s+16(FP), R12	// system calls keep it
	MOVQ	$0, DX
	MOVQ	$0, R10
	MOVQ	$0, R8
	MOVQ	$SYS_clone, AX
	SYSCALL
	CMPQ	AX, $0
	JEQ	child
	CMPQ	AX, $0xfffffffffffff001
	JLS	parent
	NEGQ	AX
	MOVQ	$0, pid+24(FP)
	MOVQ	AX, errno+32(FP)
	RET
parent:
	MOVQ	AX, pid+24(FP)
	MOVQ	$0, errno+32(FP)
	RET
child:
	MOVQ	$0, BP	// no frame is above
	SUBQ	$16, SP
	MOVQ	R12, (SP)
	CALL	·playShared(SB)
	INT	$3
