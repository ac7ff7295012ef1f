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

static unsigned int finish_ieee(struct vector *v)
{
	bool whole_unit = v->plain.len >= ENVOL_XTS_DU_MIN;

	if (!v->key.len)
		return 0;
	FOR_EACH_ENGINE(engine)
		check_vector(engine, v, whole_unit);
	memset(v, 0, sizeof(*v));
	return 1;
}

TEST(xts_ieee1619_vectors)
{
	FILE *f = open_vectors("ENVOL_TEST_VECTORS", "tests/vectors", "ieee1619-xts.txt",
			       "run from the top of the tree");
	struct vector v = { 0 };
	char line[256], hex[256];
	unsigned int checked = 0;
	unsigned long long unit;

	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '\n')
			checked += finish_ieee(&v);
		else if (sscanf(line, "vector %u", &v.number) == 1)
			continue;
		else if (sscanf(line, "unit %llx", &unit) == 1)
			envol_put_le64(v.unit, unit);
		else if (sscanf(line, "key %255s", hex) == 1)
			append_hex(&v.key, hex);
		else if (sscanf(line, "plain %255s", hex) == 1)
			append_hex(&v.plain, hex);
		else if (sscanf(line, "cipher %255s", hex) == 1)
			append_hex(&v.cipher, hex);
		else
			CHECK_EQ(line[0], '#');
	}
	checked += finish_ieee(&v);
	fclose(f);
	CHECK_EQ(checked, 11);
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
