/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the conformance suite runs on. A file test_*.c beside this one defines one
 * and is linked with conformance.c.
 */
#pragma once

#include "tests/provider/place.h"

struct conformance {
	const char *uri, *other_uri;	/* two KEKs; they are created if the provider can */
	const char *unknown_uri;	/* no KEK */
	/* what it can do; a provider that says it can't what stands here fails */
	bool creates, lists, rotates, disables, backs_up;
	bool backs_up_elsewhere;	/* as its service has it, without our passphrase: not tried here */
	bool eights;	/* it takes keys of 16, 24, 32 … bytes and no others */
	unsigned int stride;	/* of a slow one every so-manieth byte is flipped; 0: each */
	void (*start)(struct place *place);	/* before anything else; NULL: nothing to do */
	void (*made)(struct place *place);	/* the two keys are there; NULL: nothing to do */
	void (*stop)(struct place *place);
	/* Mend what processes that were killed have left in a device; NULL: nothing. */
	void (*mend)(struct place *place);
};

extern struct conformance conformance;
