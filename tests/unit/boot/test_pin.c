// SPDX-License-Identifier: GPL-2.0-or-later
/* Which volumes are asked a PIN for, by what the keystore's files say. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/harness/test.h"
#include "userspace/include/envol_boot.h"
#include "userspace/lib/internal.h"

static char *keks[] = { (char *)"https://corp.vault.azure.net/keys/a",
			(char *)"service:root" };

static const struct envol_boot_volume volume = {
	.name = (char *)"root",
	.keks = keks,
	.n_keks = 2,
};

static struct envol *ev;
static char top[] = "/tmp/envol-pin-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	umask(0077);
	f = fopen(path, "we");
	CHECK(f);
	fprintf(f, "envol-root 2\nid 00\n%s", text);
	CHECK_EQ(fclose(f), 0);
}

static void drop(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	CHECK_EQ(unlink(path), 0);
}

TEST(a_pin_is_wanted_where_a_seal_has_one)
{
	static const struct {
		const char *text;
		bool wants;
	} files[] = {
		{ "seal pin 2026-11-24T12:00:00Z\nstorage 00\n", true },
		{ "seal pcr:13=00,pin 2026-11-24T12:00:00Z\n", true },
		{ "seal pcr:13=00 2026\nseal pcr:7=00,pin 2026\n", true },
		{ "seal pcr:13=00 2026-11-24T12:00:00Z\npublic pin\n", false },
		{ "seal none pin\n", false },
		{ "seal in x\n", false },
		{ "seal pin", false },
		{ "", false },
	};
	struct envol_boot_volume other = volume;
	size_t i;

	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(top));
	CHECK_OK(envol_set_keystore(ev, top));
	CHECK(!envol_boot_wants_pin(ev, &volume));
	for (i = 0; i < TEST_ARRAY_SIZE(files); i++) {
		put("boot", files[i].text);
		if (envol_boot_wants_pin(ev, &volume) != files[i].wants)
			FAIL("%s", files[i].text);
	}
	/* The running system takes the other file. */
	put("boot", files[0].text);
	put("root", files[3].text);
	CHECK(!envol_boot_wants_pin(ev, &volume));
	put("root", files[0].text);
	put("boot", files[3].text);
	CHECK(envol_boot_wants_pin(ev, &volume));
	other.n_keks = 1;
	CHECK(!envol_boot_wants_pin(ev, &other));
	drop("root");
	drop("boot");
	CHECK_EQ(rmdir(top), 0);
	envol_free(ev);
}
