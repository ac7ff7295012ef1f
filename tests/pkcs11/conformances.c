// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conformance of keys in tokens: a row is one kind of token, key and wrapping, and a program
 * test_conformance_ROW. Two makes of token beside tpm2-pkcs11 (test_conformance_tpm.c) that
 * have AES: SoftHSM and NSS, which is of another family altogether.
 */
#include <errno.h>
#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/pkcs11/nss.h"
#include "tests/pkcs11/softhsm.h"
#include "tests/provider/conformance.h"

static const struct row {
	const char *name, *key_type, *algorithm;
	bool is_nss;
	bool eights;
	unsigned int stride;
} rows[] = {
	{ "gcm", "AES-256", "A256GCM", .is_nss = false },
	/* SoftHSM fills lengths that are no eights up with zeros itself. */
	{ "pad", "AES-256", "A256KW-PAD", .eights = true },
	{ "kw", "AES-256", "A256KW", .eights = true },
	{ "rsa", "RSA-2048", "RSA-OAEP", .stride = 7 },
	{ "nss_gcm", "AES-256", "A256GCM", .is_nss = true },
	{ "nss_kwp", "AES-256", "A256KWP", .is_nss = true },
	{ "nss_kw", "AES-256", "A256KW", .is_nss = true, .eights = true },
	{ "nss_rsa", "RSA-2048", "RSA-OAEP-256", .is_nss = true, .stride = 31 },
};

static char uri[300], other_uri[300], unknown_uri[300];

static void start(struct place *place);

struct conformance conformance = {
	.uri = uri,
	.other_uri = other_uri,
	.unknown_uri = unknown_uri,
	.creates = true,
	.lists = true,
	.rotates = true,
	.start = start,
};

static const struct row *find_row(void)
{
	const char *name = program_invocation_short_name + strlen("test_conformance_");
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	FAIL("no row %s", name);
}

static void start_token(const struct row *row, struct place *place, char subject[128])
{
	static struct softhsm hsm;

	if (row->is_nss) {
		nss_start(place);
		snprintf(subject, 128, "%s", NSS_SUBJECT);
		return;
	}
	softhsm_start(&hsm, place, "hsm");
	snprintf(subject, 128, "%s", hsm.subject);
	conformance.made = softhsm_keep;
	conformance.mend = softhsm_bring_back;
}

static void start(struct place *place)
{
	const struct row *row = find_row();
	char subject[128];

	start_token(row, place, subject);
	snprintf(uri, sizeof(uri), "pkcs11:%s;object=disk7", subject);
	snprintf(other_uri, sizeof(other_uri), "pkcs11:%s;object=disk8", subject);
	snprintf(unknown_uri, sizeof(unknown_uri), "pkcs11:%s;object=none", subject);
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", NULL, "key_type", row->key_type));
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", NULL, "algorithm", row->algorithm));
	conformance.eights = row->eights;
	conformance.stride = row->stride;
}
