// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance of Key Vault's keys, against the double of the service. */
#include "tests/provider/conformance.h"
#include "tests/provider/keyvault.h"

#include "tests/harness/test.h"

static struct keyvault keyvault;

static void start(struct place *place)
{
	keyvault_start(&keyvault, place);
	/* A section of its own is what makes a vault's keys listed. */
	CHECK_OK(envol_set_provider(place->ev, "https", "corp.vault.azure.net",
				    "cloud", "public"));
}

static void stop(struct place *place)
{
	keyvault_stop(&keyvault);
}

struct conformance conformance = {
	.uri = "https://corp.vault.azure.net/keys/disk7",
	.other_uri = "https://corp.vault.azure.net/keys/disk8",
	.unknown_uri = "https://corp.vault.azure.net/keys/none",
	.creates = true,
	.lists = true,
	.rotates = true,
	.disables = true,
	.backs_up_elsewhere = true,	/* test_keyvault_answers */
	.start = start,
	.stop = stop,
};
