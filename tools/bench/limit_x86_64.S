/* SPDX-License-Identifier: GPL-2.0-or-later */
/* void envol_limit_{avx,vaes}(size_t groups, unsigned int rounds): see limit.h. */
#ifdef __x86_64__

#include "kmod/core/port_asm.h"

.text

.macro limit_function name, w
FUNC(\name)
.irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8
	vpxor	%xmm\i, %xmm\i, %xmm\i
.endr
.Lgroup_\@:
	mov	%esi, %eax
.Lround_\@:
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	vaesenc	%\w\()mm8, %\w\()mm\i, %\w\()mm\i
.endr
	dec	%eax
	jnz	.Lround_\@
	dec	%rdi
	jnz	.Lgroup_\@
	vzeroupper
	RETURN
ENDFUNC(\name)
.endm

limit_function envol_limit_avx, x
limit_function envol_limit_vaes, y

#endif
