// SPDX-License-Identifier: Apache-2.0

package holder

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
)

// Name is what the processes are called that hold something open.
const Name = "gonso-holder"

// A program is one of those that this package starts.
type program int

const (
	hold  program = iota // waits for ever
	drain                // reads its standard input until its end, and ends
	guard                // reads it and, if there is nothing but its end, kills process 4, which is a pidfd; ends
	group                // reads a number, then the same, and what it kills has this number (kill(2)); ends
)

// Names is what the processes are called, by program.
var names = [...]string{hold: Name, drain: "gonso-drain", guard: "gonso-guard", group: "gonso-guard"}

// A machine is one that the programs have been written for.
type machine struct {
	elf elf.Machine
	// Each program begins with the start, which closes all descriptors from the number of its arguments on.
	start    []byte
	programs [4][]byte
}

// machines has them by GOARCH. All are 64 bits wide, and begin with the least byte.
var machines = map[string]machine{
	"amd64": {elf.EM_X86_64, []byte{
		0x8b, 0x3c, 0x24, //             mov  (%rsp), %edi      // argc
		0xbe, 0xff, 0xff, 0xff, 0xff, // mov  $-1, %esi
		0x31, 0xd2, //                   xor  %edx, %edx
		0xb8, 0xb4, 0x01, 0x00, 0x00, // mov  $436, %eax        // close_range(argc, ~0, 0)
		0x0f, 0x05, //                   syscall
		0x48, 0x81, 0xec, 0x00, 0x10, 0x00, 0x00, // sub $4096, %rsp
	}, [4][]byte{hold: {
		0xb8, 0x22, 0x00, 0x00, 0x00, // wait: mov $34, %eax    // pause()
		0x0f, 0x05, //                   syscall
		0xeb, 0xf7, //                   jmp  wait
	}, drain: {
		0x31, 0xff, //                   drain: xor %edi, %edi
		0x48, 0x89, 0xe6, //             mov  %rsp, %rsi
		0xba, 0x00, 0x10, 0x00, 0x00, // mov  $4096, %edx
		0x31, 0xc0, //                   xor  %eax, %eax        // read(0, sp, 4096)
		0x0f, 0x05, //                   syscall
		0x48, 0x85, 0xc0, //             test %rax, %rax
		0x7f, 0xed, //                   jg   drain
		0x31, 0xff, //                   xor  %edi, %edi
		0xb8, 0xe7, 0x00, 0x00, 0x00, // mov  $231, %eax        // exit_group(0)
		0x0f, 0x05, //                   syscall
	}, guard: {
		0x31, 0xff, //                   xor  %edi, %edi
		0x48, 0x89, 0xe6, //             mov  %rsp, %rsi
		0xba, 0x01, 0x00, 0x00, 0x00, // mov  $1, %edx
		0x31, 0xc0, //                   xor  %eax, %eax        // read(0, sp, 1)
		0x0f, 0x05, //                   syscall
		0x48, 0x85, 0xc0, //             test %rax, %rax
		0x75, 0x16, //                   jnz  end
		0xbf, 0x04, 0x00, 0x00, 0x00, // mov  $4, %edi
		0xbe, 0x09, 0x00, 0x00, 0x00, // mov  $9, %esi
		0x31, 0xd2, //                   xor  %edx, %edx
		0x45, 0x31, 0xd2, //             xor  %r10d, %r10d
		0xb8, 0xa8, 0x01, 0x00, 0x00, // mov  $424, %eax        // pidfd_send_signal(4, SIGKILL, NULL, 0)
		0x0f, 0x05, //                   syscall
		0x31, 0xff, //                   end: xor %edi, %edi
		0xb8, 0xe7, 0x00, 0x00, 0x00, // mov  $231, %eax        // exit_group(0)
		0x0f, 0x05, //                   syscall
	}, group: {
		0x31, 0xff, //                   xor  %edi, %edi
		0x48, 0x89, 0xe6, //             mov  %rsp, %rsi
		0xba, 0x04, 0x00, 0x00, 0x00, // mov  $4, %edx
		0x31, 0xc0, //                   xor  %eax, %eax        // read(0, sp, 4)
		0x0f, 0x05, //                   syscall
		0x48, 0x8d, 0x74, 0x24, 0x08, // lea  8(%rsp), %rsi
		0xba, 0x01, 0x00, 0x00, 0x00, // mov  $1, %edx
		0x31, 0xc0, //                   xor  %eax, %eax        // read(0, sp+8, 1)
		0x0f, 0x05, //                   syscall
		0x48, 0x85, 0xc0, //             test %rax, %rax
		0x75, 0x0f, //                   jnz  end
		0x8b, 0x3c, 0x24, //             mov  (%rsp), %edi
		0xbe, 0x09, 0x00, 0x00, 0x00, // mov  $9, %esi
		0xb8, 0x3e, 0x00, 0x00, 0x00, // mov  $62, %eax         // kill(*sp, SIGKILL)
		0x0f, 0x05, //                   syscall
		0x31, 0xff, //                   end: xor %edi, %edi
		0xb8, 0xe7, 0x00, 0x00, 0x00, // mov  $231, %eax        // exit_group(0)
		0x0f, 0x05, //                   syscall
	}}},
	"arm64": {elf.EM_AARCH64, []byte{
		0xe0, 0x03, 0x40, 0xf9, // ldr  x0, [sp]            // argc
		0x01, 0x00, 0x80, 0x92, // mov  x1, #-1
		0x02, 0x00, 0x80, 0xd2, // mov  x2, #0
		0x88, 0x36, 0x80, 0xd2, // mov  x8, #436            // close_range(argc, ~0, 0)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
		0xff, 0x07, 0x40, 0xd1, // sub  sp, sp, #4096
	}, [4][]byte{hold: {
		0x00, 0x00, 0x80, 0xd2, // wait: mov x0, #0
		0x01, 0x00, 0x80, 0xd2, // mov  x1, #0
		0x02, 0x00, 0x80, 0xd2, // mov  x2, #0
		0x03, 0x00, 0x80, 0xd2, // mov  x3, #0
		0x28, 0x09, 0x80, 0xd2, // mov  x8, #73             // ppoll(NULL, 0, NULL, NULL)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
		0xfa, 0xff, 0xff, 0x17, // b    wait
	}, drain: {
		0x00, 0x00, 0x80, 0xd2, // drain: mov x0, #0
		0xe1, 0x03, 0x00, 0x91, // mov  x1, sp
		0x02, 0x00, 0x82, 0xd2, // mov  x2, #4096
		0xe8, 0x07, 0x80, 0xd2, // mov  x8, #63             // read(0, sp, 4096)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
		0x1f, 0x00, 0x00, 0xf1, // cmp  x0, #0
		0x4c, 0xff, 0xff, 0x54, // b.gt drain
		0x00, 0x00, 0x80, 0xd2, // mov  x0, #0
		0xc8, 0x0b, 0x80, 0xd2, // mov  x8, #94             // exit_group(0)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
	}, guard: {
		0x00, 0x00, 0x80, 0xd2, // mov  x0, #0
		0xe1, 0x03, 0x00, 0x91, // mov  x1, sp
		0x22, 0x00, 0x80, 0xd2, // mov  x2, #1
		0xe8, 0x07, 0x80, 0xd2, // mov  x8, #63             // read(0, sp, 1)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
		0xe0, 0x00, 0x00, 0xb5, // cbnz x0, end
		0x80, 0x00, 0x80, 0xd2, // mov  x0, #4
		0x21, 0x01, 0x80, 0xd2, // mov  x1, #9
		0x02, 0x00, 0x80, 0xd2, // mov  x2, #0
		0x03, 0x00, 0x80, 0xd2, // mov  x3, #0
		0x08, 0x35, 0x80, 0xd2, // mov  x8, #424            // pidfd_send_signal(4, SIGKILL, NULL, 0)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
		0x00, 0x00, 0x80, 0xd2, // end: mov x0, #0
		0xc8, 0x0b, 0x80, 0xd2, // mov  x8, #94             // exit_group(0)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
	}, group: {
		0x00, 0x00, 0x80, 0xd2, // mov  x0, #0
		0xe1, 0x03, 0x00, 0x91, // mov  x1, sp
		0x82, 0x00, 0x80, 0xd2, // mov  x2, #4
		0xe8, 0x07, 0x80, 0xd2, // mov  x8, #63             // read(0, sp, 4)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
		0x00, 0x00, 0x80, 0xd2, // mov  x0, #0
		0xe1, 0x23, 0x00, 0x91, // add  x1, sp, #8
		0x22, 0x00, 0x80, 0xd2, // mov  x2, #1
		0xe8, 0x07, 0x80, 0xd2, // mov  x8, #63             // read(0, sp+8, 1)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
		0xa0, 0x00, 0x00, 0xb5, // cbnz x0, end
		0xe0, 0x03, 0x40, 0xb9, // ldr  w0, [sp]
		0x21, 0x01, 0x80, 0xd2, // mov  x1, #9
		0x28, 0x10, 0x80, 0xd2, // mov  x8, #129            // kill(*sp, SIGKILL)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
		0x00, 0x00, 0x80, 0xd2, // end: mov x0, #0
		0xc8, 0x0b, 0x80, 0xd2, // mov  x8, #94             // exit_group(0)
		0x01, 0x00, 0x00, 0xd4, // svc  #0
	}}},
}

// image returns the program as an ELF file for this machine: a header, two program headers, the code (elf(5)).
func (p program) image() ([]byte, error) { return p.imageFor(runtime.GOARCH) }

func (p program) imageFor(arch string) ([]byte, error) {
	m, ok := machines[arch]
	if !ok {
		return nil, fmt.Errorf("there is no %s for %s: %w", names[p], arch, errors.ErrUnsupported)
	}
	code := slices.Concat(m.start, m.programs[p])
	const (
		base    = 0x400000 // where the file is in memory
		headers = 64 + 2*56
		page    = 0x1000
	)
	size := uint64(headers + len(code))
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{'\x7f', 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(m.elf), Version: uint32(elf.EV_CURRENT), Entry: base + headers,
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 2, Shentsize: 64,
	}
	programs := [2]elf.Prog64{
		{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: page},
		{Type: uint32(elf.PT_GNU_STACK), Flags: uint32(elf.PF_R | elf.PF_W)},
	}
	var b bytes.Buffer
	for _, part := range []any{header, programs, code} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
