// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance of keys in a token: RSA keys, whose public half wraps in software. */
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
				    "RSA-2048"));
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", NULL, "algorithm",
				    "RSA-OAEP"));
}

const struct conformance conformance = {
	.uri = uri,
	.other_uri = other_uri,
	.unknown_uri = unknown_uri,
	.creates = true,
	.lists = true,
	.rotates = true,
	.stride = 7,
	.start = start,
	.made = softhsm_keep,
	.mend = softhsm_bring_back,
};
