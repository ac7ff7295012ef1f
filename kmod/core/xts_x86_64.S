/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * AES-XTS with vector AES instructions. One macro body makes both engines:
 *
 *   aesni-avx	16-byte registers (\w = x). Intel from Sandy Bridge on, AMD from
 *		Bulldozer on: every CPU with AES and AVX.
 *   vaes-avx2	32-byte registers (\w = y). AMD from Zen 3 on, Intel from Ice Lake
 *		and Alder Lake on: each AES instruction works on two blocks.
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
 *   whitening, and the registers never run empty within a call. Where the first tweaks
 *   are used up, a group of theirs goes in between like any other; where a
 *   segment ends, the next group is loaded from and stored to elsewhere. Both are
 *   events, rare enough to be dealt with outside of the loop.
 * - From one block to the next a tweak is multiplied by x in GF(2^128): shifted left
 *   by one bit, and 87h added if one left. Vector instructions for that share their ports
 *   with AES, whatever they are; the integer units have nothing else to do. So two
 *   general registers hold the tweak, six integer instructions a block step it on, and
 *   it goes by way of a ring on the stack: tweaks are used twice, before and after
 *   AES, and there are not enough vector registers to keep sixteen.
 * - A load of 16 or 32 bytes that two or four stores have written cannot be served
 *   before they have reached the cache. The ring holds three groups and is filled two
 *   groups ahead: by then they have.
 * - At the start of a call nothing is ahead. There vaes-avx2 makes the tweaks of
 *   two groups from the first by independent carry-less multiplications, which is the
 *   shortest way; in aesni-avx, where a group is half as many blocks, it pays nothing.
 *
 * Nothing here depends on data or keys in time. Round keys stay in the key structure
 * and in registers; of what is secret the stack has tweaks only; all of it is wiped at
 * the end.
 */
#include "kmod/core/aes.h"
#include "kmod/core/port_asm.h"

/* Arguments, as xts_avx.c declares the functions, and what their registers hold later. */
#define KEY	%rdi
#define SEGMENTS %rsi
#define LEN	%rdx
#define DU_SIZE	%rcx
#define TWEAK	%r8
#define STEP	%r9
#define PART	16(%rbp) /* the address of a tweak to begin with and to leave, or 0 */

#define TMP	%rax
#define TMP_32	%eax
#define DST	%rsi
#define SRC	%rdx
#define REST	%r8	/* bytes of a part that are less than a group */
#define NEXT_DST %r8	/* where the next group goes, where it is not behind this one */
#define RUN	%rbx	/* bytes to the next event, this group's among them */
#define CUR	%r10	/* where in the ring this group's tweaks are */
#define NEXT	%r11	/* the next group's */
#define AHEAD	%r9	/* and those of the group after it, which are being made */
#define UNIT	%r12	/* bytes of the data unit for which no tweaks were made yet */
#define STARTS	%r13	/* where the next unit's first tweak lies */
#define LOW	%r14	/* the next tweak to go into the ring */
#define HIGH	%r15

/* struct envol_xts_segment; xts_avx.c asserts it. */
#define SEGMENT_DST 0
#define SEGMENT_SRC 8
#define SEGMENT_LEN 16
#define SEGMENT_SIZE 24

/* Registers 0 to 7 hold blocks. Of 8 to 15 (\w is x or y): */
#define KEY_ROUND	%\w\()mm8
#define KEY_LAST	%\w\()mm9
#define WHITE		%\w\()mm10
#define T		%xmm11		/* a data unit's first tweak */
#define T_YMM		%ymm11		/* and, above it, the one after it */
#define FOLD		%xmm12
#define POLY		%xmm13		/* 87h for the low half, 1 for the high */

.set TWEAK_KEYS, ENVOL_AES_KEY_SIZE + ENVOL_AES_KEY_ENC	/* of struct envol_xts_key */

.section .rodata, "a", @progbits
.balign 16
.Lpoly:
	.quad	0x87, 1

.text

/* The bytes of a register, and the frame. */
.macro set_width w
	.ifc \w, y
	.set VL, 32
	.else
	.set VL, 16
	.endif
	.set GROUP, 8 * VL
	.set UNITS, 8 * VL / 16		/* data units whose first tweaks are made at once */
	.set RING, 0			/* tweaks of three groups */
	.set FIRST, 3 * GROUP		/* first tweaks of UNITS units, and one that is not used */
	.set NUMBERS, FIRST + UNITS * 16 + VL	/* a register of the next units' numbers */
	.set STEPS, NUMBERS + VL	/* and from there to the next register of them */
	.set LIST, STEPS + VL		/* the segment's place in the list */
	.set EVENT, LIST + 8		/* what RUN was at the last event; then bytes from there */
	.set LEFT, EVENT + 8		/* to the end */
	.set SEGMENT, LEFT + 8		/* to the end of the segment */
	.set REFILL, SEGMENT + 8	/* to where first tweaks must be made again */
	.set UNSTARTED, REFILL + 8	/* and of units whose first tweaks are not made then */
	.set BATCH, UNSTARTED + 8	/* of UNITS units */
	.set FRAME, LIST + 64
.endm

.macro load_16 w, from, to
	.ifc \w, y
	vbroadcasti128 \from, \to
	.else
	vmovdqa	\from, \to
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

/* \t = \t * x, with \fold as scratch. */
.macro double t, fold, poly
	vpshufd	$0x13, \t, \fold
	vpsrad	$31, \fold, \fold
	vpand	\poly, \fold, \fold
	vpaddq	\t, \t, \t
	vpxor	\fold, \t, \t
.endm

/* The tweak in LOW and HIGH to the \count places of group \group from "place" on, and on. */
.macro next_tweaks group, count
	.rept \count
	mov	LOW, RING + 16 * place(%rsp, \group)
	mov	HIGH, RING + 16 * place + 8(%rsp, \group)
	mov	HIGH, TMP
	sar	$63, TMP
	add	LOW, LOW
	adc	HIGH, HIGH
	and	$0x87, TMP_32
	xor	TMP, LOW
	.set place, place + 1
	.endr
.endm

/* LOW and HIGH by x^\k. */
.macro multiply_tweak k
	mov	HIGH, TMP
	shld	$\k, LOW, HIGH
	shl	$\k, LOW
	shr	$64 - \k, TMP
	xor	TMP, LOW		/* times 87h: bits 0, 1, 2 and 7 */
	add	TMP, TMP
	xor	TMP, LOW
	add	TMP, TMP
	xor	TMP, LOW
	shl	$5, TMP
	xor	TMP, LOW
.endm

/* If the data unit has all its tweaks, on to the next one. */
.macro next_unit
	sub	$GROUP, UNIT
	jae	.Lsame_unit_\@
	mov	(STARTS), LOW
	mov	8(STARTS), HIGH
	add	$16, STARTS
	lea	-GROUP(DU_SIZE), UNIT
.Lsame_unit_\@:
.endm

/* The first tweak of one data unit to T. */
.macro first_tweak rounds
	vmovq	TWEAK, T
	vpxor	TWEAK_KEYS(KEY), T, T
	.set key, TWEAK_KEYS
	.rept \rounds - 1
	.set key, key + 16
	vaesenc	key(KEY), T, T
	.endr
	vaesenclast key + 16(KEY), T, T
.endm

/*
 * The first tweaks of UNITS data units to FIRST(%rsp), and the first of them to T. NUMBERS
 * and STEPS are left for those that follow.
 */
.macro first_tweaks w, rounds
	vmovq	TWEAK, %xmm0
	.ifc \w, y
	add	STEP, TWEAK
	vmovq	TWEAK, %xmm8
	vinserti128 $1, %xmm8, %ymm0, %ymm0
	add	STEP, STEP
	vmovq	STEP, %xmm8
	vinserti128 $1, %xmm8, %ymm8, %ymm8
	.else
	vmovq	STEP, %xmm8
	.endif
	vpaddq	%\w\()mm8, %\w\()mm0, %\w\()mm1
	vpaddq	%\w\()mm8, %\w\()mm8, %\w\()mm9
	vmovdqa	%\w\()mm8, STEPS(%rsp)
	vpaddq	%\w\()mm9, %\w\()mm0, %\w\()mm2
	vpaddq	%\w\()mm9, %\w\()mm1, %\w\()mm3
	vpaddq	%\w\()mm9, %\w\()mm2, %\w\()mm4
	vpaddq	%\w\()mm9, %\w\()mm3, %\w\()mm5
	vpaddq	%\w\()mm9, %\w\()mm4, %\w\()mm6
	vpaddq	%\w\()mm9, %\w\()mm5, %\w\()mm7
	vpaddq	%\w\()mm9, %\w\()mm6, %\w\()mm8
	vmovdqa	%\w\()mm8, NUMBERS(%rsp)

	.set key, TWEAK_KEYS
	round	\w, vpxor, key
	rounds	\w, vaesenc, \rounds-1
	.set key, key + 16
	round	\w, vaesenclast, key

	vmovdqa	%xmm0, T
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	vmovdqa	%\w\()mm\i, FIRST + \i * VL(%rsp)
.endr
.endm

/* The last round and the second whitening of register \i, and where it goes. */
.macro finish w, last, i
	vpxor	RING + \i * VL(%rsp, CUR), KEY_LAST, WHITE
	\last	WHITE, %\w\()mm\i, %\w\()mm\i
	vmovdqu	%\w\()mm\i, \i * VL(DST)
.endm

/* The first whitening of register \i of the group at SRC, its tweaks at \group. */
.macro begin w, i, group
	vpxor	RING + \i * VL(%rsp, \group), KEY_ROUND, %\w\()mm\i
	vpxor	\i * VL(SRC), %\w\()mm\i, %\w\()mm\i
.endm

/* Tweaks of register \i of a unit, T_YMM times x^(2 * \i), to \to and to the ring. */
.macro far_tweaks i, to
	.if \i == 0
	vmovdqa	T_YMM, \to
	.else
	vpsrlq	$64 - 2 * \i, T_YMM, %ymm14
	vpclmulqdq $0x01, %ymm13, %ymm14, %ymm15	/* what leaves the high half, by 87h */
	vpslldq	$8, %ymm14, %ymm14			/* what leaves the low one */
	vpsllq	$2 * \i, T_YMM, \to
	vpxor	%ymm14, %ymm15, %ymm15
	vpxor	%ymm15, \to, \to
	.endif
	vmovdqa	\to, RING + \i * VL(%rsp)
.endm

/*
 * The tweaks of a data unit's first two groups, from T on; the first group, whitened,
 * to registers 0 to 7; LOW and HIGH are left as the third group's first.
 */
.macro begin_first w, keys
	vmovq	T, LOW
	vpextrq	$1, T, HIGH
	load_16	\w, \keys(KEY), KEY_ROUND
	.ifc \w, y
	vmovdqa	T, %xmm14
	vmovdqa	.Lpoly(%rip), POLY
	double	%xmm14, FOLD, POLY
	vinserti128 $1, %xmm14, T_YMM, T_YMM
	vinserti128 $1, POLY, %ymm13, %ymm13
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	far_tweaks \i, %ymm\i
	vpxor	KEY_ROUND, %ymm\i, %ymm\i
	vpxor	\i * VL(SRC), %ymm\i, %ymm\i
.endr
.irp i, 8, 9, 10, 11, 12, 13, 14, 15
	far_tweaks \i, WHITE
.endr
	multiply_tweak 32
	.else
	.set place, 0
	next_tweaks CUR, 16
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	begin	\w, \i, CUR
.endr
	.endif
.endm

/*
 * With the segment at TMP begun: the first lines of the one after it, if there is one, for
 * the CPU cannot guess where that is. Where there is no PREFETCHW it does nothing.
 */
.macro prefetch_segment
	mov	SEGMENT(%rsp), SRC
	cmp	LEFT(%rsp), SRC
	jae	.Lno_other_\@
	mov	SEGMENT_SIZE + SEGMENT_SRC(TMP), SRC
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	prefetcht0 64 * \i(SRC)
.endr
	mov	SEGMENT_SIZE + SEGMENT_DST(TMP), SRC
.irp i, 0, 1, 2, 3
	prefetchw 64 * \i(SRC)
.endr
.Lno_other_\@:
.endm

/* RUN to what comes first: the end, the segment's or a refill. */
.macro next_event
	mov	LEFT(%rsp), RUN
	cmp	RUN, SEGMENT(%rsp)
	cmovb	SEGMENT(%rsp), RUN
	cmp	RUN, REFILL(%rsp)
	cmovb	REFILL(%rsp), RUN
	mov	RUN, EVENT(%rsp)
.endm

/*
 * LEFT bytes, whole groups. T is the tweak of the first block, UNIT what its data unit
 * has beyond two groups, STARTS where the next unit's first tweak lies, RUN the bytes
 * to the first event. Between events it is one loop that knows nothing of segments.
 */
.macro crypt_groups w, aes, last, keys, rounds
	xor	%r10d, %r10d
	mov	$GROUP, %r11d
	mov	$2 * GROUP, %r9d
	begin_first \w, \keys

	/* Where in a cache line the loop begins is worth up to 7 % on Zen 3. Measured: */
	jmp	.Lgroup_\@
	.balign	64, 0xcc
	.skip	40, 0xcc
.Lgroup_\@:
	next_unit
	.set key, \keys
	.set place, 0
	.rept 8
	rounds	\w, \aes, 1
	next_tweaks AHEAD, VL / 16
	.endr
	rounds	\w, \aes, \rounds-1-8

	load_16	\w, \keys+16*\rounds(KEY), KEY_LAST
	add	$GROUP, SRC
	sub	$GROUP, RUN
	jz	.Levent_\@
	load_16	\w, \keys(KEY), KEY_ROUND
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	finish	\w, \last, \i
	begin	\w, \i, NEXT
.endr
	add	$GROUP, DST
.Lnext_group_\@:
	mov	CUR, TMP
	mov	NEXT, CUR
	mov	AHEAD, NEXT
	mov	TMP, AHEAD
	jmp	.Lgroup_\@

.Levent_\@:
	mov	EVENT(%rsp), TMP
	sub	TMP, LEFT(%rsp)
	jz	.Llast_group_\@
	lea	GROUP(DST), NEXT_DST
	sub	TMP, REFILL(%rsp)
	sub	TMP, SEGMENT(%rsp)
	jnz	.Lsame_segment_\@
	mov	LIST(%rsp), TMP
	add	$SEGMENT_SIZE, TMP
	mov	TMP, LIST(%rsp)
	mov	SEGMENT_LEN(TMP), RUN
	mov	RUN, SEGMENT(%rsp)
	prefetch_segment
	mov	SEGMENT_SRC(TMP), SRC
	mov	SEGMENT_DST(TMP), NEXT_DST
.Lsame_segment_\@:
	cmpq	$0, REFILL(%rsp)
	je	.Lrefill_\@
	next_event
	load_16	\w, \keys(KEY), KEY_ROUND
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	finish	\w, \last, \i
	begin	\w, \i, NEXT
.endr
	mov	NEXT_DST, DST
	jmp	.Lnext_group_\@

/*
 * The last of the first tweaks that were made is in use, and there are more units. A group
 * of theirs goes between this group and the next, one group before the first is wanted.
 */
.Lrefill_\@:
	mov	BATCH(%rsp), STARTS
	mov	STARTS, REFILL(%rsp)
	sub	STARTS, UNSTARTED(%rsp)
	ja	.Lmore_\@
	movq	$-1, REFILL(%rsp)
.Lmore_\@:
	lea	FIRST(%rsp), STARTS
	next_event
	vmovdqa	NUMBERS(%rsp), %\w\()mm11
	vmovdqa	STEPS(%rsp), %\w\()mm12
	load_16	\w, TWEAK_KEYS(KEY), KEY_ROUND
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	finish	\w, \last, \i
	vpxor	%\w\()mm11, KEY_ROUND, %\w\()mm\i
	vpaddq	%\w\()mm12, %\w\()mm11, %\w\()mm11
.endr
	vmovdqa	%\w\()mm11, NUMBERS(%rsp)
	.set key, TWEAK_KEYS
	rounds	\w, vaesenc, \rounds-1
	load_16	\w, TWEAK_KEYS+16*\rounds(KEY), KEY_LAST
	load_16	\w, \keys(KEY), KEY_ROUND
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	vaesenclast KEY_LAST, %\w\()mm\i, WHITE
	vmovdqa	WHITE, FIRST + \i * VL(%rsp)
	begin	\w, \i, NEXT
.endr
	mov	NEXT_DST, DST
	jmp	.Lnext_group_\@

.Llast_group_\@:
.irp i, 0, 1, 2, 3, 4, 5, 6, 7
	finish	\w, \last, \i
.endr
.endm

/* REST bytes, less than a group, block by block, beginning at the tweak T. */
.macro crypt_rest aes, last, keys, rounds
.Lblock_\@:
	sub	$16, REST
	jb	.Ldone_\@
	vpxor	(SRC), T, %xmm0
	vpxor	\keys(KEY), %xmm0, %xmm0
	.set key, \keys
	.rept \rounds - 1
	.set key, key + 16
	\aes	key(KEY), %xmm0, %xmm0
	.endr
	\last	\keys + 16 * \rounds(KEY), %xmm0, %xmm0
	vpxor	T, %xmm0, %xmm0
	vmovdqu	%xmm0, (DST)
	double	T, FOLD, .Lpoly(%rip)
	add	$16, SRC
	add	$16, DST
	jmp	.Lblock_\@
.Ldone_\@:
.endm

/*
 * void \name(const struct envol_xts_key *key, const struct envol_xts_segment *segments,
 *	      size_t len, u64 du_size, u64 tweak, u64 step, u8 *part)
 *
 * @len bytes, all of the segments'; not 0. @part NULL: whole data units, and so is each
 * segment. Else a piece of a unit, of whole blocks in one segment, that begins at the tweak
 * *@part, where the tweak after it goes; @du_size, @tweak and @step are not looked at.
 */
.macro xts_function name, w, aes, last, keys, rounds
FUNC(\name)
	set_width \w
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$FRAME, %rsp
	and	$-32, %rsp
	mov	SEGMENTS, LIST(%rsp)
	movq	$-1, REFILL(%rsp)
	cmpq	$0, PART
	jne	.Lpart_\@

	mov	LEN, LEFT(%rsp)
	cmp	DU_SIZE, LEN
	ja	.Lunits_\@
	first_tweak \rounds
	jmp	.Lcrypt_\@
.Lunits_\@:
	mov	DU_SIZE, TMP
	shl	$(UNITS / 8 + 2), TMP		/* 8 or 16 units */
	mov	TMP, BATCH(%rsp)
	sub	TMP, LEN
	jbe	.Lfirst_\@
	mov	LEN, UNSTARTED(%rsp)
	sub	DU_SIZE, TMP			/* a group before the last of them */
	sub	$GROUP, TMP
	mov	TMP, REFILL(%rsp)
.Lfirst_\@:
	first_tweaks \w, \rounds
.Lcrypt_\@:
	lea	-2 * GROUP(DU_SIZE), UNIT
	lea	FIRST + 16(%rsp), STARTS
	mov	SEGMENTS, TMP
	mov	SEGMENT_LEN(TMP), RUN
	mov	RUN, SEGMENT(%rsp)
	prefetch_segment
	mov	SEGMENT_SRC(TMP), SRC
	mov	SEGMENT_DST(TMP), DST
	next_event
	crypt_groups \w, \aes, \last, \keys, \rounds
	jmp	.Lwipe_\@

.Lpart_\@:
	mov	PART, TMP
	vmovdqu	(TMP), T
	mov	LEN, RUN
	mov	LEN, REST
	mov	SEGMENT_SRC(SEGMENTS), SRC
	mov	SEGMENT_DST(SEGMENTS), DST
	and	$-GROUP, RUN
	jz	.Lrest_\@
	mov	RUN, LEFT(%rsp)
	mov	RUN, EVENT(%rsp)
	mov	REST, BATCH(%rsp)
	mov	RUN, UNIT			/* no other unit begins */
	lea	FIRST(%rsp), STARTS
	crypt_groups \w, \aes, \last, \keys, \rounds
	vmovdqa	RING(%rsp, NEXT), T
	mov	BATCH(%rsp), REST
	and	$GROUP - 1, REST
	add	$GROUP, DST
.Lrest_\@:
	crypt_rest \aes, \last, \keys, \rounds
	mov	PART, TMP
	vmovdqu	T, (TMP)

.Lwipe_\@:
	vpxor	%xmm0, %xmm0, %xmm0
	.set wiped, 0
	.rept NUMBERS / VL
	vmovdqa	%\w\()mm0, wiped(%rsp)
	.set wiped, wiped + VL
	.endr
	vzeroall
	xor	TMP_32, TMP_32
	lea	-40(%rbp), %rsp
	pop	%r15
	pop	%r14
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
