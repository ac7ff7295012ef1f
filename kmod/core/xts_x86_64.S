/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * AES-XTS with vector AES instructions. One macro body makes both engines:
 *
 *   aesni-avx	16-byte registers (\w = x). Intel from Sandy Bridge on, AMD from
 *		Bulldozer on: every CPU with AES and AVX.
 *   vaes-avx2	32-byte registers (\w = y). AMD from Zen 3 on, Intel from Ice Lake
 *		and Alder Lake on: each AES instruction works on two blocks. It does
 *		without VPCLMULQDQ.
 *
 * The unit of work is a group: eight registers of consecutive blocks, since an AES
 * round has a latency of three to five cycles and two of them start in each cycle.
 * Eight registers in flight keep both AES ports busy; all else that
 * must be done has to fit beside them. That is little, so the design is about where
 * tweaks come from:
 *
 * - The first tweaks of many data units are encrypted side by side, eight registers
 *   of them in the time that one takes, and wait on the stack. A function
 *   that encrypts one unit a call waits the full length of an AES for each.
 * - From then on groups follow each other without regard to where units end: a
 *   group's last round and store stand next to the next group's load and first
 *   whitening, and the registers never run empty within a batch of units.
 * - The next group's tweaks are computed between the AES rounds of this one and put into
 *   a ring of two groups on the stack: tweaks are used twice, before and after AES,
 *   and there are not enough registers to keep sixteen.
 *
 * A register of tweaks becomes the next one by a multiplication by x (16-byte
 * registers) or x^2 (32-byte) in GF(2^128): every 64-bit half is shifted left, and the
 * bits that leave it come back in the other half - as they are in the high half,
 * multiplied by 87h in the low one. That is the sign bit's mask and an AND for one
 * bit. For two it is a table of four by PSHUFB, which wants other ports than AES does,
 * and less of them than carry-less multiplication would. The bits that leave do not depend on what the
 * step before brought back, at the other end of the half: so they are taken from the
 * tweak "before folding" (UNFOLDED), which takes the long way round through the
 * table out of the chain from one tweak to the next. Two cycles a step are left.
 *
 * Nothing here depends on data or keys in time. Round keys stay in the key
 * structure and in registers; the stack has tweaks only, and both are wiped at the end.
 */
#include "kmod/core/aes.h"
#include "kmod/core/port_asm.h"

/* Arguments, as xts_avx.c declares the functions. */
#define KEY	%rdi
#define DST	%rsi
#define SRC	%rdx
#define LEN	%rcx	/* bytes still to do */
#define DU_SIZE	%r8
#define TWEAK	%r9	/* number of the batch's first data unit */
#define STEP	16(%rbp)
#define PART	24(%rbp) /* the address of a tweak to begin with and to leave, or 0 */

#define TMP	%rax
#define CUR	%r10	/* where in the ring this group's tweaks are: 0 or 8 registers */
#define NEXT	%r11	/* and the next group's: the other one */
#define BATCH	%rbx	/* bytes of the batch still to do, this group's among them */
#define UNIT	%r12	/* bytes of the data unit still to do, likewise */
#define STARTS	%r13	/* where the next unit's first register of tweaks lies */

/* Registers 0 to 7 hold blocks. Of 8 to 15 (\w is x or y): */
#define KEY_ROUND	%\w\()mm8
#define KEY_LAST	%\w\()mm9
#define T		%\w\()mm10	/* tweaks of the next register of blocks */
#define UNFOLDED	%\w\()mm11	/* the same before the last step's fold */
#define FOLD		%\w\()mm12	/* what that step folds back */
#define POLY		%\w\()mm13	/* \w = x: 87h for the low half, 1 for the high */
#define SPREAD		%\w\()mm13	/* \w = y: constants of one_step */
#define INDEX		%\w\()mm14
#define TABLE		%\w\()mm15

.set TWEAK_KEYS, ENVOL_AES_KEY_SIZE + ENVOL_AES_KEY_ENC	/* of struct envol_xts_key */

.section .rodata, "a", @progbits
.balign 16
.Lpoly:
	.quad	0x87, 1
.Lspread:	/* the high half's two bits to bytes 0 and 1, the low half's to byte 8 */
	.byte	8, 8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
	.byte	0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
.Lindex:	/* each of the three to a table of its own, and the rest to none */
	.byte	0, 4, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
	.byte	8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
.Ltable:	/* times 87h without carry: low bytes, high bytes; times 1 */
	.byte	0x00, 0x87, 0x0e, 0x89, 0, 0, 1, 1
	.byte	0, 1, 2, 3, 0, 0, 0, 0

.text

/* The bytes of a register, and the frame: ring of tweaks, starts of units. */
.macro set_width w
	.ifc \w, y
	.set VL, 32
	.else
	.set VL, 16
	.endif
	.set GROUP, 8 * VL
	.set UNITS, 8 * VL / 16		/* data units of a batch */
	.set RING, 0
	.set FIRST, 2 * GROUP
	.set FRAME, FIRST + UNITS * VL + VL	/* reading one past the last is harmless */
.endm

.macro load_16 w, from, to
	.ifc \w, y
	vbroadcasti128 \from, \to
	.else
	vmovdqa	\from, \to
	.endif
.endm

/* \t = \t * x in each 16 bytes, with \fold as scratch. */
.macro double w, t, fold, poly
	vpshufd	$0x13, \t, \fold
	vpsrad	$31, \fold, \fold
	vpand	\poly, \fold, \fold
	vpaddq	\t, \t, \t
	vpxor	\fold, \t, \t
.endm

/*
 * The making of the next group's tweaks, instruction by instruction, so that
 * others can be put in between. Symbol "step" counts: what is to be stored as register
 * step / STEPS, and what is to be done for the one after it.
 */
.macro one_step w
	.set register, step / STEPS
	.set phase, step % STEPS
	.ifc \w, y
	.if phase == 0
	vmovdqa	T, RING + register * VL(%rsp, NEXT)
	.elseif phase == 1
	vpsrlq	$62, UNFOLDED, FOLD
	.elseif phase == 2
	vpshufb	SPREAD, FOLD, FOLD
	.elseif phase == 3
	vpsllq	$2, T, UNFOLDED
	.elseif phase == 4
	vpor	INDEX, FOLD, FOLD
	.elseif phase == 5
	vpshufb	FOLD, TABLE, FOLD
	.else
	vpxor	FOLD, UNFOLDED, T
	.endif
	.else
	.if phase == 0
	vmovdqa	T, RING + register * VL(%rsp, NEXT)
	.elseif phase == 1
	vpshufd	$0x13, UNFOLDED, FOLD
	.elseif phase == 2
	vpaddq	T, T, UNFOLDED
	.elseif phase == 3
	vpsrad	$31, FOLD, FOLD
	.elseif phase == 4
	vpand	POLY, FOLD, FOLD
	.else
	vpxor	FOLD, UNFOLDED, T
	.endif
	.endif
	.set step, step + 1
.endm

.macro set_steps w
	.ifc \w, y
	.set STEPS, 7
	.else
	.set STEPS, 6
	.endif
	.set step, 0
	.set slot, 0
.endm

/* After AES instruction "slot" of a group's: as many steps as are due by then. */
.macro due_steps w, rounds
	.set slot, slot + 1
	.rept 2
	.if step * 8 * (\rounds - 1) < slot * 8 * STEPS
	one_step \w
	.endif
	.endr
.endm

/* One round of all eight registers, with steps of the next tweaks in between. */
.macro round w, aes, key, rounds
	load_16	\w, \key(KEY), KEY_ROUND
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	\aes	KEY_ROUND, %\w\()mm\i, %\w\()mm\i
	due_steps \w, \rounds
.endr
.endm

/* One round of all eight registers and no more. */
.macro plain_round w, aes, key
	load_16	\w, \key(KEY), KEY_ROUND
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	\aes	KEY_ROUND, %\w\()mm\i, %\w\()mm\i
.endr
.endm

/*
 * The first tweaks of UNITS data units to FIRST(%rsp), a register for each: for
 * \w = y those of the first two blocks.
 */
.macro first_tweaks w, rounds
	vmovq	TWEAK, %xmm0
	mov	STEP, TMP
	.ifc \w, y
	add	TMP, TWEAK
	vmovq	TWEAK, %xmm8
	add	TMP, TWEAK
	vinserti128 $1, %xmm8, %ymm0, %ymm0
	add	TMP, TMP
	vmovq	TMP, %xmm8
	vinserti128 $1, %xmm8, %ymm8, %ymm8
	.else
	add	TMP, TWEAK
	vmovq	TMP, %xmm8
	.endif
	imul	$7, TMP, TMP
	add	TMP, TWEAK
	vpaddq	%\w\()mm8, %\w\()mm0, %\w\()mm1
	vpaddq	%\w\()mm8, %\w\()mm8, %\w\()mm9
	vpaddq	%\w\()mm9, %\w\()mm0, %\w\()mm2
	vpaddq	%\w\()mm9, %\w\()mm1, %\w\()mm3
	vpaddq	%\w\()mm9, %\w\()mm2, %\w\()mm4
	vpaddq	%\w\()mm9, %\w\()mm3, %\w\()mm5
	vpaddq	%\w\()mm9, %\w\()mm4, %\w\()mm6
	vpaddq	%\w\()mm9, %\w\()mm5, %\w\()mm7

	.set key, TWEAK_KEYS
	plain_round \w, vpxor, key
	.rept \rounds - 1
	.set key, key + 16
	plain_round \w, vaesenc, key
	.endr
	.set key, key + 16
	plain_round \w, vaesenclast, key

	.ifc \w, y
	vbroadcasti128 .Lpoly(%rip), %ymm9
	.set unit, FIRST
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	vmovdqa	%ymm\i, %ymm8
	double	y, %ymm8, FOLD, %ymm9
	vinserti128 $1, %xmm8, %ymm\i, UNFOLDED
	vmovdqa	UNFOLDED, unit(%rsp)
	vperm2i128 $0x31, %ymm8, %ymm\i, UNFOLDED
	vmovdqa	UNFOLDED, unit + VL(%rsp)
	.set unit, unit + 2 * VL
.endr
	.else
	.set unit, FIRST
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	vmovdqa	%xmm\i, unit(%rsp)
	.set unit, unit + VL
.endr
	.endif
.endm

/* The last round and the second whitening of register \i, and where it goes. */
.macro finish w, last, i
	vpxor	RING + \i * VL(%rsp, CUR), KEY_LAST, FOLD
	\last	FOLD, %\w\()mm\i, %\w\()mm\i
	vmovdqu	%\w\()mm\i, \i * VL(DST)
.endm

/* The first whitening of register \i of the group at \from(SRC). */
.macro begin w, i, from
	vpxor	RING + \i * VL(%rsp, NEXT), KEY_ROUND, %\w\()mm\i
	vpxor	\from + \i * VL(SRC), %\w\()mm\i, %\w\()mm\i
.endm

/* BATCH bytes, whole groups, whose units' first tweaks are at FIRST(%rsp). */
.macro crypt_batch w, aes, last, keys, rounds
	lea	FIRST + VL(%rsp), STARTS
	vmovdqa	FIRST(%rsp), T
	vmovdqa	T, UNFOLDED
	set_steps \w
	.rept 8 * STEPS
	one_step \w
	.endr
	load_16	\w, \keys(KEY), KEY_ROUND
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	begin	\w, \i, 0
.endr

.Lgroup_\@:
	xor	$GROUP, CUR
	xor	$GROUP, NEXT
	sub	$GROUP, UNIT
	jnz	.Lsame_unit_\@
	mov	DU_SIZE, UNIT
	vmovdqa	(STARTS), T
	vmovdqa	T, UNFOLDED
	add	$VL, STARTS
.Lsame_unit_\@:
	set_steps \w
	.set key, \keys
	.rept \rounds - 1
	.set key, key + 16
	round	\w, \aes, key, \rounds
	.endr

	load_16	\w, \keys+16*\rounds(KEY), KEY_LAST
	sub	$GROUP, BATCH
	jz	.Llast_group_\@
	load_16	\w, \keys(KEY), KEY_ROUND
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	finish	\w, \last, \i
	begin	\w, \i, GROUP
.endr
	add	$GROUP, SRC
	add	$GROUP, DST
	jmp	.Lgroup_\@

.Llast_group_\@:
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	finish	\w, \last, \i
.endr
	add	$GROUP, SRC
	add	$GROUP, DST
.endm

/* LEN bytes, less than a group, block by block, beginning at the tweak %xmm10. */
.macro crypt_rest aes, last, keys, rounds
.Lblock_\@:
	sub	$16, LEN
	jb	.Ldone_\@
	vpxor	(SRC), %xmm10, %xmm0
	vpxor	\keys(KEY), %xmm0, %xmm0
	.set key, \keys
	.rept \rounds - 1
	.set key, key + 16
	\aes	key(KEY), %xmm0, %xmm0
	.endr
	\last	\keys + 16 * \rounds(KEY), %xmm0, %xmm0
	vpxor	%xmm10, %xmm0, %xmm0
	vmovdqu	%xmm0, (DST)
	double	x, %xmm10, %xmm12, .Lpoly(%rip)
	add	$16, SRC
	add	$16, DST
	jmp	.Lblock_\@
.Ldone_\@:
.endm

/*
 * void \name(const struct envol_xts_key *key, u8 *dst, const u8 *src, size_t len,
 *	      u64 du_size, u64 tweak, u64 step, u8 *part)
 *
 * @part NULL: whole data units. Else a piece of one, of whole blocks, that
 * begins at the tweak *@part, where the tweak after it goes; @du_size, @tweak and @step
 * are not looked at.
 */
.macro xts_function name, w, aes, last, keys, rounds
FUNC(\name)
	set_width \w
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r12
	push	%r13
	sub	$FRAME, %rsp
	and	$-32, %rsp

	.ifc \w, y
	vbroadcasti128 .Lspread(%rip), SPREAD
	vbroadcasti128 .Lindex(%rip), INDEX
	vbroadcasti128 .Ltable(%rip), TABLE
	.else
	vmovdqa	.Lpoly(%rip), POLY
	.endif
	mov	$GROUP, %r10d
	xor	%r11d, %r11d
	cmpq	$0, PART
	jne	.Lpart_\@

.Lbatch_\@:
	first_tweaks \w, \rounds
	mov	DU_SIZE, UNIT
	mov	DU_SIZE, BATCH
	shl	$(UNITS / 8 + 2), BATCH		/* 8 or 16 units */
	cmp	LEN, BATCH
	cmova	LEN, BATCH
	sub	BATCH, LEN
	crypt_batch \w, \aes, \last, \keys, \rounds
	test	LEN, LEN
	jnz	.Lbatch_\@
	jmp	.Lwipe_\@

.Lpart_\@:
	mov	PART, TMP
	vmovdqu	(TMP), %xmm10
	mov	LEN, BATCH
	and	$-GROUP, BATCH
	jz	.Lrest_\@
	sub	BATCH, LEN
	lea	GROUP(BATCH), UNIT		/* no other unit begins */
	.ifc \w, y
	vmovdqa	%xmm10, %xmm11
	double	x, %xmm11, %xmm12, .Lpoly(%rip)
	vinserti128 $1, %xmm11, %ymm10, %ymm10
	.endif
	vmovdqa	T, FIRST(%rsp)
	crypt_batch \w, \aes, \last, \keys, \rounds
	vmovdqa	RING(%rsp, NEXT), %xmm10
.Lrest_\@:
	crypt_rest \aes, \last, \keys, \rounds
	mov	PART, TMP
	vmovdqu	%xmm10, (TMP)

.Lwipe_\@:
	vpxor	%xmm0, %xmm0, %xmm0
	.set wiped, 0
	.rept FRAME / VL
	vmovdqa	%\w\()mm0, wiped(%rsp)
	.set wiped, wiped + VL
	.endr
	vzeroall
	lea	-24(%rbp), %rsp
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RETURN
ENDFUNC(\name)
.endm

.macro xts_engine name, w
	xts_function \name\()_encrypt_128, \w, vaesenc, vaesenclast, ENVOL_AES_KEY_ENC, 10
	xts_function \name\()_decrypt_128, \w, vaesdec, vaesdeclast, ENVOL_AES_KEY_DEC, 10
	xts_function \name\()_encrypt_256, \w, vaesenc, vaesenclast, ENVOL_AES_KEY_ENC, 14
	xts_function \name\()_decrypt_256, \w, vaesdec, vaesdeclast, ENVOL_AES_KEY_DEC, 14
.endm

xts_engine envol_xts_aesni_avx, x
xts_engine envol_xts_vaes_avx2, y

/*
 * void envol_xts_avx_start(const struct envol_xts_key *key, u8 t[16], u64 tweak):
 * the tweak of a unit's first block.
 */
FUNC(envol_xts_avx_start)
	vmovq	%rdx, %xmm0
	vpxor	TWEAK_KEYS(KEY), %xmm0, %xmm0
	mov	TWEAK_KEYS + ENVOL_AES_KEY_ROUNDS(KEY), %eax
	lea	TWEAK_KEYS + 16(KEY), KEY
.Lround:
	vaesenc	(KEY), %xmm0, %xmm0
	add	$16, KEY
	dec	%eax
	cmp	$1, %eax
	jne	.Lround
	vaesenclast (KEY), %xmm0, %xmm0
	vmovdqu	%xmm0, (%rsi)
	vpxor	%xmm0, %xmm0, %xmm0
	RETURN
ENDFUNC(envol_xts_avx_start)
