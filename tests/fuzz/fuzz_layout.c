// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as LUKS2's JSON. What is accepted is what envol makes, and seals. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/metadata/layout.h"
#include "userspace/lib/metadata/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envol_layout layout = ENVOL_LAYOUT_INIT;
	struct envol_blob encoding = ENVOL_BLOB_INIT;
	struct envol_sealed *sealed;
	static struct envol *ev;
	unsigned int i;

	if (!ev)
		demand(envol_new(&ev) == 0);
	if (envol_layout_parse(ev, (const char *)data, size, &layout)) {
		demand(!layout.digest.salt.data && !layout.digest.bytes.data);
		return 0;
	}
	demand(layout.sector_size == 512 || layout.sector_size == 4096);
	demand(layout.key_size == 64 || layout.key_size == 32);
	demand(envol_layout_has_keyslot(&layout, ENVOL_TOKEN_KEYSLOT));
	for (i = 1; i < layout.n_keyslots; i++)
		demand(layout.keyslots[i - 1].number < layout.keyslots[i].number);
	sealed = calloc(1, sizeof(*sealed));
	demand(sealed != NULL);
	envol_layout_seal(&layout, "uuid", sealed);
	demand(sealed->n_keyslots == layout.n_keyslots);
	demand(envol_sealed_encode(ev, sealed, &encoding) == 0);
	envol_blob_free(&encoding);
	free(sealed);
	envol_layout_free(&layout);
	return 0;
}
