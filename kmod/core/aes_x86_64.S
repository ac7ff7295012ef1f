/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * KeyExpansion (FIPS 197, 5.2) with the AES instructions. Without VEX prefixes: a
 * CPU with AES but without AVX, or with AVX turned off, uses this as well.
 */
#include "kmod/core/aes.h"
#include "kmod/core/port_asm.h"

#define KEY	%rdi
#define RAW	%rsi
#define LEN	%rdx
#define OUT	%rax	/* where the next round key goes */

#define LOW	%xmm0	/* the last round key but one; AES-128: the last */
#define HIGH	%xmm1	/* the last round key of AES-256 */
#define WORD	%xmm2	/* SubWord(RotWord()) + Rcon, or SubWord() */
#define SHIFTED	%xmm3

.text

/*
 * The four words of \key, each added to all that follow it: what the recurrence
 * w[i] = w[i - n] + w[i - 1] comes to, less the word that is added last.
 */
.macro add_words key
	movdqa	\key, SHIFTED
	pslldq	$4, SHIFTED
	pxor	SHIFTED, \key
	pslldq	$4, SHIFTED
	pxor	SHIFTED, \key
	pslldq	$4, SHIFTED
	pxor	SHIFTED, \key
.endm

/* \key becomes the next round key, made from itself, \last and a round constant. */
.macro next_key key, last, rcon
	aeskeygenassist $\rcon, \last, WORD
	pshufd	$0xff, WORD, WORD
	add_words \key
	pxor	WORD, \key
	movdqa	\key, (OUT)
	add	$16, OUT
.endm

/* As next_key, for the odd round keys of AES-256: no rotation, no constant. */
.macro next_odd_key key, last
	aeskeygenassist $0, \last, WORD
	pshufd	$0xaa, WORD, WORD
	add_words \key
	pxor	WORD, \key
	movdqa	\key, (OUT)
	add	$16, OUT
.endm

/* void envol_aes_expand_aesni(struct envol_aes_key *key, const u8 *raw, size_t len) */
FUNC(envol_aes_expand_aesni)
	lea	ENVOL_AES_KEY_ENC(KEY), OUT
	movdqu	(RAW), LOW
	movdqa	LOW, (OUT)
	add	$16, OUT
	cmp	$32, LEN
	je	.Laes256

.irp rcon, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36
	next_key LOW, LOW, \rcon
.endr
	movl	$10, ENVOL_AES_KEY_ROUNDS(KEY)
	jmp	.Lencryption_done

.Laes256:
	movdqu	16(RAW), HIGH
	movdqa	HIGH, (OUT)
	add	$16, OUT
.irp rcon, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
	next_key LOW, HIGH, \rcon
	next_odd_key HIGH, LOW
.endr
	next_key LOW, HIGH, 0x40
	movl	$14, ENVOL_AES_KEY_ROUNDS(KEY)

	/* OUT is past the last round key: walk back, the ends of the schedule as they are */
.Lencryption_done:
	lea	ENVOL_AES_KEY_DEC(KEY), RAW
	sub	$16, OUT
	movdqa	(OUT), LOW
	movdqa	LOW, (RAW)
.Ldecryption:
	sub	$16, OUT
	add	$16, RAW
	movdqa	(OUT), LOW
	cmp	KEY, OUT
	je	.Llast
	aesimc	LOW, LOW
	movdqa	LOW, (RAW)
	jmp	.Ldecryption
.Llast:
	movdqa	LOW, (RAW)

	pxor	LOW, LOW
	pxor	HIGH, HIGH
	pxor	WORD, WORD
	pxor	SHIFTED, SHIFTED
	RETURN
ENDFUNC(envol_aes_expand_aesni)
