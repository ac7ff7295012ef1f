/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The S-box of AES as a circuit of AND and XOR over eight bit planes: as many
 * bytes as a word has bits are substituted side by side, in a time that depends on none
 * of them. The circuit is the one of depth 16 of J. Boyar and R. Peralta, "A
 * depth-16 circuit for the AES S-box", 2011 (IACR ePrint 2011/332), less its four
 * inversions: the affine constant 63h that they make is folded into the round
 * keys (aes.c).
 *
 * Planes are numbered by the weight of the bit; the paper numbers the other way
 * round, hence u0 = q[7]. Names are the paper's, so that it can be checked line by line.
 */
#ifndef _ENVOL_CORE_AES_SBOX_H
#define _ENVOL_CORE_AES_SBOX_H

#include "kmod/core/port.h"

/* q = SubBytes(q) + 63h in every byte. */
static inline __attribute__((always_inline)) void aes_sbox(u64 q[8])
{
	const u64 u0 = q[7], u1 = q[6], u2 = q[5], u3 = q[4];
	const u64 u4 = q[3], u5 = q[2], u6 = q[1], u7 = q[0];

	/* the top linear layer: into the tower field */
	const u64 y14 = u3 ^ u5, y13 = u0 ^ u6, y9 = u0 ^ u3, y8 = u0 ^ u5;
	const u64 t0 = u1 ^ u2, y1 = t0 ^ u7, y4 = y1 ^ u3;
	const u64 y12 = y13 ^ y14, y2 = y1 ^ u0, y5 = y1 ^ u6, y3 = y5 ^ y8;
	const u64 t1 = u4 ^ y12, y15 = t1 ^ u5, y20 = t1 ^ u1;
	const u64 y6 = y15 ^ u7, y10 = y15 ^ t0, y11 = y20 ^ y9;
	const u64 y7 = u7 ^ y11, y17 = y10 ^ y11, y19 = y10 ^ y8;
	const u64 y16 = t0 ^ y11, y21 = y13 ^ y16, y18 = u0 ^ y16;

	/* the inversion in GF(2^8) by way of GF(2^4) */
	const u64 t2 = y12 & y15, t3 = y3 & y6, t4 = t3 ^ t2;
	const u64 t5 = y4 & u7, t6 = t5 ^ t2;
	const u64 t7 = y13 & y16, t8 = y5 & y1, t9 = t8 ^ t7;
	const u64 t10 = y2 & y7, t11 = t10 ^ t7;
	const u64 t12 = y9 & y11, t13 = y14 & y17, t14 = t13 ^ t12;
	const u64 t15 = y8 & y10, t16 = t15 ^ t12;
	const u64 t17 = t4 ^ t14, t18 = t6 ^ t16, t19 = t9 ^ t14, t20 = t11 ^ t16;
	const u64 t21 = t17 ^ y20, t22 = t18 ^ y19, t23 = t19 ^ y21, t24 = t20 ^ y18;
	const u64 t25 = t21 ^ t22, t26 = t21 & t23, t27 = t24 ^ t26;
	const u64 t28 = t25 & t27, t29 = t28 ^ t22;
	const u64 t30 = t23 ^ t24, t31 = t22 ^ t26, t32 = t31 & t30;
	const u64 t33 = t32 ^ t24, t34 = t23 ^ t33, t35 = t27 ^ t33;
	const u64 t36 = t24 & t35, t37 = t36 ^ t34, t38 = t27 ^ t36;
	const u64 t39 = t29 & t38, t40 = t25 ^ t39;
	const u64 t41 = t40 ^ t37, t42 = t29 ^ t33, t43 = t29 ^ t40;
	const u64 t44 = t33 ^ t37, t45 = t42 ^ t41;
	const u64 z0 = t44 & y15, z1 = t37 & y6, z2 = t33 & u7;
	const u64 z3 = t43 & y16, z4 = t40 & y1, z5 = t29 & y7;
	const u64 z6 = t42 & y11, z7 = t45 & y17, z8 = t41 & y10;
	const u64 z9 = t44 & y12, z10 = t37 & y3, z11 = t33 & y4;
	const u64 z12 = t43 & y13, z13 = t40 & y5, z14 = t29 & y2;
	const u64 z15 = t42 & y9, z16 = t45 & y14, z17 = t41 & y8;

	/* the bottom linear layer: back, with the affine map */
	const u64 t46 = z15 ^ z16, t47 = z10 ^ z11, t48 = z5 ^ z13;
	const u64 t49 = z9 ^ z10, t50 = z2 ^ z12, t51 = z2 ^ z5;
	const u64 t52 = z7 ^ z8, t53 = z0 ^ z3, t54 = z6 ^ z7, t55 = z16 ^ z17;
	const u64 t56 = z12 ^ t48, t57 = t50 ^ t53, t58 = z4 ^ t46;
	const u64 t59 = z3 ^ t54, t60 = t46 ^ t57, t61 = z14 ^ t57;
	const u64 t62 = t52 ^ t58, t63 = t49 ^ t58, t64 = z4 ^ t59;
	const u64 t65 = t61 ^ t62, t66 = z1 ^ t63, t67 = t64 ^ t65;
	const u64 s3 = t53 ^ t66;

	q[7] = t59 ^ t63;
	q[6] = t64 ^ s3;
	q[5] = t55 ^ t67;
	q[4] = s3;
	q[3] = t51 ^ t66;
	q[2] = t47 ^ t65;
	q[1] = t56 ^ t62;
	q[0] = t48 ^ t60;
}

/* The inverse of the linear part of the affine map (FIPS 197, 5.3.2). */
static inline __attribute__((always_inline)) void aes_unmix_bits(u64 q[8])
{
	const u64 q0 = q[0], q1 = q[1], q2 = q[2], q3 = q[3];
	const u64 q4 = q[4], q5 = q[5], q6 = q[6], q7 = q[7];
	const u64 a = q0 ^ q5, b = q1 ^ q6, c = q2 ^ q7, d = q3 ^ q6, e = q4 ^ q1;

	q[0] = c ^ q5;
	q[1] = d ^ q0;
	q[2] = e ^ q7;
	q[3] = a ^ q2;
	q[4] = b ^ q3;
	q[5] = c ^ q4;
	q[6] = q3 ^ a;
	q[7] = e ^ q6;
}

/*
 * q = InvSubBytes(q + 63h): the S-box is the affine map after the inversion in
 * GF(2^8), and that is its own inverse.
 */
static inline __attribute__((always_inline)) void aes_inv_sbox(u64 q[8])
{
	aes_unmix_bits(q);
	aes_sbox(q);
	aes_unmix_bits(q);
}

#endif
