// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Known answers for every engine of this CPU: tests/vectors/ieee1619-xts.txt, and all
 * cases with whole blocks of the NIST CAVP, as Debian's python3-cryptography-vectors
 * ships them. ENVOL_TEST_VECTORS and ENVOL_CAVP_XTS name other directories.
 */
#include <limits.h>
#include <stdlib.h>

#include "tests/unit/core/engines.h"

#define CAVP_PACKAGE "python3-cryptography-vectors"
#define CAVP_DIR "/usr/lib/python3/dist-packages/cryptography_vectors/ciphers/AES/XTS"

struct bytes {
	u8 data[4096];
	size_t len;
};

struct vector {
	unsigned int number;
	struct bytes key, plain, cipher;
	u8 unit[16];	/* the tweak before it is encrypted */
	unsigned int bits;
};

static void append_hex(struct bytes *bytes, const char *hex)
{
	unsigned int byte;

	for (; *hex; hex += 2) {
		CHECK_EQ(sscanf(hex, "%2x", &byte), 1);
		CHECK(bytes->len < sizeof(bytes->data));
		bytes->data[bytes->len++] = byte;
	}
}

static FILE *open_vectors(const char *variable, const char *dir, const char *file,
			  const char *advice)
{
	char path[PATH_MAX];
	FILE *f;

	if (getenv(variable))
		dir = getenv(variable);
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "r");
	if (!f)
		FAIL("%s: %m: %s", path, advice);
	return f;
}

static void check_vector(const struct envol_xts_engine *engine, const struct vector *v,
			 bool whole_unit)
{
	struct envol_xts_key key;
	u8 out[4096], t[16];
	size_t len = v->plain.len;

	CHECK_EQ(v->cipher.len, len);
	CHECK_OK(envol_xts_set_key(&key, v->key.data, v->key.len, ENVOL_XTS_ALLOW_WEAK,
				   envol_cpu_features()));
	envol_aes_encrypt(&key.tweak, t, v->unit);
	envol_xts_encrypt_part(engine, &key, t, out, v->plain.data, len);
	CHECK_MEM_IN(("# %s, number %u\n", engine->name, v->number), out, v->cipher.data, len);
	envol_aes_encrypt(&key.tweak, t, v->unit);
	envol_xts_decrypt_part(engine, &key, t, out, v->cipher.data, len);
	CHECK_MEM_IN(("# %s, number %u\n", engine->name, v->number), out, v->plain.data, len);

	if (!whole_unit)
		return;
	envol_xts_encrypt(engine, &key, out, v->plain.data, len, len,
			  envol_get_le64(v->unit), 1);
	CHECK_MEM_IN(("# %s, number %u\n", engine->name, v->number), out, v->cipher.data, len);
	envol_xts_decrypt(engine, &key, out, v->cipher.data, len, len,
			  envol_get_le64(v->unit), 1);
	CHECK_MEM_IN(("# %s, number %u\n", engine->name, v->number), out, v->plain.data, len);
}

#define IEEE_VECTORS 14

/* Vector n to all[n - 1]. Returns how many there are. */
static unsigned int read_ieee(struct vector all[IEEE_VECTORS])
{
	FILE *f = open_vectors("ENVOL_TEST_VECTORS", "tests/vectors", "ieee1619-xts.txt",
			       "run from the top of the tree");
	char line[256], hex[256];
	struct vector *v = NULL;
	unsigned int number, count = 0;
	unsigned long long unit;

	memset(all, 0, IEEE_VECTORS * sizeof(*all));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "vector %u", &number) == 1) {
			CHECK(number >= 1 && number <= IEEE_VECTORS);
			v = &all[number - 1];
			v->number = number;
			count++;
			continue;
		}
		if (line[0] == '\n' || line[0] == '#')
			continue;
		CHECK(v);
		if (sscanf(line, "unit %llx", &unit) == 1)
			envol_put_le64(v->unit, unit);
		else if (sscanf(line, "key %255s", hex) == 1)
			append_hex(&v->key, hex);
		else if (sscanf(line, "plain %255s", hex) == 1)
			append_hex(&v->plain, hex);
		else if (sscanf(line, "cipher %255s", hex) == 1)
			append_hex(&v->cipher, hex);
		else
			FAIL("what is this: %s", line);
	}
	fclose(f);
	return count;
}

TEST(xts_ieee1619_vectors)
{
	static struct vector all[IEEE_VECTORS];
	unsigned int i;

	CHECK_EQ(read_ieee(all), IEEE_VECTORS);
	for (i = 0; i < IEEE_VECTORS; i++)
		FOR_EACH_ENGINE(engine)
			check_vector(engine, &all[i], all[i].plain.len >= ENVOL_XTS_DU_MIN);
}

/* What vectors 4 to 9 are six links of. */
TEST(xts_ieee1619_chain)
{
	static struct vector all[IEEE_VECTORS];
	const struct vector *v;
	struct envol_xts_key key;
	u8 link[512];
	u64 unit;

	CHECK_EQ(read_ieee(all), IEEE_VECTORS);
	FOR_EACH_ENGINE(engine) {
		v = &all[3];
		CHECK_OK(envol_xts_set_key(&key, v->key.data, v->key.len, 0, envol_cpu_features()));
		memcpy(link, v->plain.data, sizeof(link));
		for (unit = 0; unit <= 0xff; unit++) {
			if (unit == envol_get_le64(v->unit))
				CHECK_MEM_EQ(link, v->plain.data, sizeof(link));
			envol_xts_encrypt(engine, &key, link, link, sizeof(link), sizeof(link), unit, 1);
			if (unit == envol_get_le64(v->unit))
				CHECK_MEM_EQ(link, v++->cipher.data, sizeof(link));
		}
		CHECK_EQ(v->number, 10);
	}
}

/* The CAVP's cases with whole blocks in @file. Returns how many there were. */
static unsigned int check_cavp(const char *file)
{
	FILE *f = open_vectors("ENVOL_CAVP_XTS", CAVP_DIR, file,
			       "install Debian's " CAVP_PACKAGE);
	struct vector v = { 0 };
	char line[512], hex[256];
	unsigned long long number;
	unsigned int checked = 0, count;

	while (fgets(line, sizeof(line), f)) {
		struct bytes unit = { .len = 0 };

		if (sscanf(line, "COUNT = %u", &count) == 1) {
			memset(&v, 0, sizeof(v));
			v.number = count;
		} else if (sscanf(line, "DataUnitLen = %u", &v.bits) == 1) {
			continue;
		} else if (sscanf(line, "DataUnitSeqNumber = %llu", &number) == 1) {
			envol_put_le64(v.unit, number);
		} else if (sscanf(line, "i = %255s", hex) == 1) {
			append_hex(&unit, hex);
			CHECK_EQ(unit.len, 16);
			memcpy(v.unit, unit.data, 16);
		} else if (sscanf(line, "Key = %255s", hex) == 1) {
			append_hex(&v.key, hex);
		} else if (sscanf(line, "PT = %255s", hex) == 1) {
			append_hex(&v.plain, hex);
		} else if (sscanf(line, "CT = %255s", hex) == 1) {
			append_hex(&v.cipher, hex);
		}
		if (!v.plain.len || !v.cipher.len)
			continue;
		if (v.bits % 128 == 0) {
			CHECK_EQ(v.plain.len * 8, v.bits);
			FOR_EACH_ENGINE(engine)
				check_vector(engine, &v, false);
			checked++;
		}
		v.plain.len = 0;
	}
	fclose(f);
	return checked;
}

TEST(xts_nist_cavp_cases)
{
	CHECK_EQ(check_cavp("tweak-128hexstr/XTSGenAES128.rsp"), 600);
	CHECK_EQ(check_cavp("tweak-128hexstr/XTSGenAES256.rsp"), 600);
	CHECK_EQ(check_cavp("tweak-dataunitseqno/XTSGenAES128.rsp"), 600);
	CHECK_EQ(check_cavp("tweak-dataunitseqno/XTSGenAES256.rsp"), 600);
}
