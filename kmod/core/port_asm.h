/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * FUNC, ENDFUNC and RETURN for assembly in both worlds. The kernel's linkage
 * macros bring what its mitigations want at the entry and the return of a function
 * (return thunks, alignment); in user space it is ENDBR64 alone, and the notes that keep
 * the stack from being executable and the program's CET marking. What is called
 * through a pointer is a POINTED_FUNC: in Linux 7 only such a one has an ENDBR.
 */
#ifndef _ENVOL_CORE_PORT_ASM_H
#define _ENVOL_CORE_PORT_ASM_H

#ifdef __KERNEL__

#include <linux/linkage.h>
#include <linux/cfi_types.h>

#define FUNC(name) SYM_FUNC_START(name)
#define POINTED_FUNC(name) SYM_TYPED_FUNC_START(name)
#define ENDFUNC(name) SYM_FUNC_END(name)
#ifdef RET
#define RETURN RET
#else
#define RETURN ret
#endif

#else

#define FUNC(name)                                                            \
	.globl name;                                                          \
	.hidden name;                                                         \
	.type name, @function;                                                \
	.balign 16;                                                           \
name:                                                                         \
	endbr64
#define POINTED_FUNC(name) FUNC(name)
#define ENDFUNC(name) .size name, . - name
#define RETURN ret

.section .note.GNU-stack, "", @progbits
.section .note.gnu.property, "a", @note
	.balign 8
	.long 4, 16, 5		/* name's length, descriptor's length, NT_GNU_PROPERTY_TYPE_0 */
	.asciz "GNU"
	.long 0xc0000002, 4, 3, 0 /* x86 feature 1 AND: IBT, SHSTK */

#endif
#endif
