/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recovery key as people write it: 256 random bits as 16 groups of four letters, and
 * a last group in which the first letter vouches for the first four groups, the
 * second for the next, and so on:
 *
 *	bdxk-tcgj-… (16 groups) …-hnvr-spcb
 *
 * The letters are sixteen that are the same keys on QWERTY, QWERTZ and AZERTY and are
 * not taken for each other or for digits. Text of that form, dashes included, is the
 * keyslot's passphrase, so that stock tools take the key as it is printed.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

#define ENVOL_RECOVERY_KEY_SIZE 32
#define ENVOL_RECOVERY_TEXT_SIZE (17 * 5 - 1)

/* @key has ENVOL_RECOVERY_KEY_SIZE bytes; @text must be empty, and has no NUL. */
int envol_recovery_format(struct envol *ev, const struct envol_secret *key,
			  struct envol_secret *text) _must_check_;

/*
 * What somebody typed, brought into that form: capitals, blanks, missing and surplus
 * dashes do not matter. @text must be empty. -EPERM for what is no recovery key; the
 * sentence says where the mistake is, so nobody waits for a slow hash to learn it.
 */
int envol_recovery_parse(struct envol *ev, const struct envol_secret *typed,
			 struct envol_secret *text) _must_check_;
