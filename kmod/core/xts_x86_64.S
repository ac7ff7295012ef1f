/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * AES-XTS with vector AES instructions. One macro body makes both engines:
 *
 *   aesni-avx	16-byte registers (\w = x). Intel from Sandy Bridge on, AMD from
 *		Bulldozer on: every CPU with AES and AVX.
 *   vaes-avx2	32-byte registers (\w = y). AMD from Zen 3 on, Intel from Ice Lake
 *		and Alder Lake on: each AES instruction works on two blocks. It
 *		needs no VPCLMULQDQ; xts_avx.c says why it asks for it.
 *
 * The unit of work is a group: eight registers of consecutive blocks, since an AES
 * round has a latency of three to five cycles and two of them start in each. Eight
 * registers in flight keep both AES ports busy, and all else that must be done
 * has to fit beside them. So the design is about where tweaks come from:
 *
 * - The first tweaks of many data units are encrypted side by side, eight registers
 *   of them in the time that one takes, and wait on the stack. A function that
 *   encrypts one unit a call waits the full length of an AES for each.
 * - From then on groups follow each other without regard to where units end: a
 *   group's last round and store stand next to the next group's load and first
 *   whitening, and the registers never run empty within a batch of units.
 * - The next group's tweaks are computed between the AES rounds of this one and put
 *   into a ring of two groups on the stack: tweaks are used twice, before and after
 *   AES, and there are not enough registers to keep sixteen.
 *
 * A register of tweaks becomes the next one by a multiplication by x (16-byte
 * registers) or x^2 (32-byte) in GF(2^128): every 64-bit half is shifted left, and
 * the bits that leave it are folded into the other half - as they are into the high
 * half, times 87h into the low one. For one bit that is a mask made of the sign and
 * an AND. For two it is a table of four rows in a register, looked up by VPSHUFB:
 * carry-less multiplication would compete with AES for its ports on AMD, and one
 * for every eight AES instructions costs 14 % there.
 *
 * The bits that leave do not depend on what the step before folded in, which is at
 * the other end of the half. So they are taken from the tweak before its fold
 * (UNFOLDED), which keeps the table out of the chain from one tweak to the next,
 * and for two steps at a time, which saves a byte shuffle: more than two of those for
 * every eight AES instructions crowd them out as well.
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
#define FOLD2		%\w\()mm9	/* between the bursts KEY_LAST is not needed */
#define T		%\w\()mm10	/* tweaks of the next register of blocks */
#define UNFOLDED	%\w\()mm11	/* the same before the last step's fold */
#define FOLD		%\w\()mm12	/* what a step folds back */
#define POLY		%\w\()mm13	/* \w = x: 87h for the low half, 1 for the high */
#define SPREAD		%\w\()mm13	/* \w = y: constants of next_two_tweaks */
#define KIND		%\w\()mm14
#define TABLE		%\w\()mm15

.set TWEAK_KEYS, ENVOL_AES_KEY_SIZE + ENVOL_AES_KEY_ENC	/* of struct envol_xts_key */

.section .rodata, "a", @progbits
.balign 16
.Lpoly:
	.quad	0x87, 1
.Lspread:	/* the high half's bits to bytes 0 and 1, the low half's to byte 8 */
	.byte	8, 8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
	.byte	0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
.Lkind:		/* which column of the table each of the three wants; the rest none */
	.byte	0, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
	.byte	2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80
.Ltable:	/* row c: low byte of c times 87h without carry, its high byte, c */
	.byte	0x00, 0, 0, 0
	.byte	0x87, 0, 1, 0
	.byte	0x0e, 1, 2, 0
	.byte	0x89, 1, 3, 0
.balign 32
.Lfirst_step:	/* the row in bits 2 and 3 */
	.fill	32, 1, 0x0c

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

/* T to place \i of the next group's half of the ring. */
.macro store_tweaks w, i
	vmovdqa	T, RING + \i * VL(%rsp, NEXT)
.endm

/*
 * T to places \i and \j of the next group's half of the ring, by way of one
 * multiplication, and on to the register after it by another.
 */
.macro next_two_tweaks w, i, j
	store_tweaks \w, \i
	.ifc \w, y
	vpsrlq	$60, UNFOLDED, FOLD		/* two bits for now, two for the second step */
	vpshufb	SPREAD, FOLD, FOLD
	vpsllq	$2, T, UNFOLDED
	vpsllw	$2, FOLD, FOLD2
	vpand	.Lfirst_step(%rip), FOLD, FOLD
	vpor	KIND, FOLD2, FOLD2
	vpor	KIND, FOLD, FOLD
	vpshufb	FOLD, TABLE, FOLD
	vpshufb	FOLD2, TABLE, FOLD2
	vpxor	FOLD, UNFOLDED, T
	store_tweaks \w, \j
	vpsllq	$2, T, UNFOLDED
	vpxor	FOLD2, UNFOLDED, T
	.else
	vpshufd	$0x13, UNFOLDED, FOLD
	vpaddq	T, T, UNFOLDED
	vpsrad	$31, FOLD, FOLD
	vpand	POLY, FOLD, FOLD
	vpxor	FOLD, UNFOLDED, T
	store_tweaks \w, \j
	vpshufd	$0x13, UNFOLDED, FOLD
	vpaddq	T, T, UNFOLDED
	vpsrad	$31, FOLD, FOLD
	vpand	POLY, FOLD, FOLD
	vpxor	FOLD, UNFOLDED, T
	.endif
.endm

/* One round of all eight registers. */
.macro round w, aes, key
	load_16	\w, \key(KEY), KEY_ROUND
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	\aes	KEY_ROUND, %\w\()mm\i, %\w\()mm\i
.endr
.endm

/* \count rounds with the keys that follow the one at "key". */
.macro rounds w, aes, count
	.rept \count
	.set key, key + 16
	round	\w, \aes, key
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
	round	\w, vpxor, key
	rounds	\w, vaesenc, \rounds-1
	.set key, key + 16
	round	\w, vaesenclast, key

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

/*
 * BATCH bytes, whole groups, whose units' first tweaks are at FIRST(%rsp). The next
 * group's tweaks are made in four bursts, \gap rounds apart: spread instruction by
 * instruction they cost 5 % more.
 */
.macro crypt_groups w, aes, last, keys, rounds, gap
	lea	FIRST + VL(%rsp), STARTS
	vmovdqa	FIRST(%rsp), T
	vmovdqa	T, UNFOLDED
	next_two_tweaks \w, 0, 1
	next_two_tweaks \w, 2, 3
	next_two_tweaks \w, 4, 5
	next_two_tweaks \w, 6, 7
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
	.set key, \keys
	rounds	\w, \aes, 1
	next_two_tweaks \w, 0, 1
	rounds	\w, \aes, \gap
	next_two_tweaks \w, 2, 3
	rounds	\w, \aes, \gap
	next_two_tweaks \w, 4, 5
	rounds	\w, \aes, \gap
	next_two_tweaks \w, 6, 7
	rounds	\w, \aes, \rounds-2-3*\gap

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

/* crypt_groups with the gap that goes with the number of rounds. */
.macro crypt_batch w, aes, last, keys, rounds
	.if \rounds == 14
	crypt_groups \w, \aes, \last, \keys, \rounds, 3
	.else
	crypt_groups \w, \aes, \last, \keys, \rounds, 2
	.endif
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
	vbroadcasti128 .Lkind(%rip), KIND
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
POINTED_FUNC(envol_xts_avx_start)
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
