// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance of keys in a token: keys that wrap by CKM_AES_KEY_WRAP_PAD, which takes objects alone. */
#include "tests/harness/test.h"
#include "tests/pkcs11/softhsm.h"
#include "tests/provider/conformance.h"

static struct softhsm hsm;
static char uri[300], other_uri[300], unknown_uri[300];

static void start(struct place *place)
{
	softhsm_start(&hsm, place, "hsm");
	strcpy(uri, softhsm_uri(&hsm, "object=disk7"));
	strcpy(other_uri, softhsm_uri(&hsm, "object=disk8"));
	strcpy(unknown_uri, softhsm_uri(&hsm, "object=none"));
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", NULL, "key_type",
				    "AES-256"));
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", NULL, "algorithm",
				    "A256KW-PAD"));
}

const struct conformance conformance = {
	.uri = uri,
	.other_uri = other_uri,
	.unknown_uri = unknown_uri,
	.creates = true,
	.lists = true,
	.rotates = true,
	.eights = true,	/* SoftHSM fills others up with zeros itself */
	.start = start,
	.made = softhsm_keep,
	.mend = softhsm_bring_back,
};
