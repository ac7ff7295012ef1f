// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of providers that the linker makes. */
#include "tests/harness/test.h"
#include "userspace/lib/provider/provider.h"

/* A linker that drops an object would leave the tables silently shorter. */
TEST(every_provider_is_there_with_both_halves)
{
	static const char *const schemes[] = {
		"https",
		"kmip",
		"pkcs11",
		"service",
	};
	const struct envol_provider_info *infos;
	size_t i, n = envol_provider_list(&infos);

	CHECK_EQ(n, TEST_ARRAY_SIZE(schemes));
	for (i = 0; i < n; i++) {
		const struct envol_provider *provider =
			envol_registry_provider(infos[i].scheme);

		CHECK_STR_EQ(infos[i].scheme, schemes[i]);
		CHECK(infos[i].summary && *infos[i].summary);
		CHECK(envol_registry_scheme(infos[i].scheme));
		CHECK(provider);
		CHECK(provider->open && provider->close && provider->describe &&
		      provider->wrap && provider->unwrap);
	}
	CHECK(!envol_registry_scheme("nobody"));
	CHECK(!envol_registry_provider("nobody"));
}
