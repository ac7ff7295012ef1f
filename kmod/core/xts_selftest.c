// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* An engine against the known answers of xts_vectors.h. */
#include "kmod/core/xts_selftest.h"

#define CANARY 0xa5

/* What precedes @p: @shift bytes and room for a canary. @len bytes follow, then a canary. */
struct run {
	u8 *p;
	size_t len;
};

static struct run place(u8 *buffer, size_t size, unsigned int shift, size_t len)
{
	memset(buffer, CANARY, size);
	return (struct run){ buffer + ENVOL_XTS_VECTOR_SHIFT + shift, len };
}

static void fill(struct run run)
{
	size_t i;

	for (i = 0; i < run.len; i++)
		run.p[i] = i;
}

static bool filled(struct run run)
{
	size_t i;

	for (i = 0; i < run.len; i++)
		if (run.p[i] != (u8)i)
			return false;
	return true;
}

static bool bounded(struct run run)
{
	size_t i;

	for (i = 0; i < ENVOL_XTS_BLOCK; i++)
		if (run.p[run.len + i] != CANARY || run.p[-1 - (int)i] != CANARY)
			return false;
	return true;
}

/* One data unit in place, in parts that begin and end anywhere an engine treats differently. */
static void crypt_parts(const struct envol_xts_engine *engine,
			const struct envol_xts_key *key, struct run unit,
			u64 tweak, bool decrypt)
{
	static const unsigned int lengths[] = { 16, 304, 0, 32, 112 };
	unsigned int i = 0;
	size_t done, n;
	u8 t[16];

	envol_xts_start(engine, key, t, tweak);
	for (done = 0; done < unit.len; done += n, i++) {
		n = unit.len - done;
		if (i < sizeof(lengths) / sizeof(lengths[0]))
			n = lengths[i];
		if (decrypt)
			envol_xts_decrypt_part(engine, key, t, unit.p + done, unit.p + done, n);
		else
			envol_xts_encrypt_part(engine, key, t, unit.p + done, unit.p + done, n);
	}
}

int envol_xts_selftest_case(const struct envol_xts_engine *engine, u32 cpu,
			    unsigned int i, struct envol_xts_selftest *work)
{
	const struct envol_xts_vector *v;
	struct run plain, cipher, unit;
	const u8 *raw;
	size_t len;

	if (i >= ENVOL_XTS_VECTOR_COUNT)
		return -ENOENT;
	v = &envol_xts_vectors[i];
	raw = v->key_len == ENVOL_XTS_KEY_128 ? envol_xts_vector_key_128 :
						envol_xts_vector_key_256;
	if (envol_xts_set_key(&work->key, raw, v->key_len, 0, cpu) ||
	    envol_xts_set_key(&work->portable, raw, v->key_len, 0, 0) ||
	    memcmp(&work->key, &work->portable, sizeof(work->key)) != 0)
		return -EBADMSG;

	len = (size_t)v->units * v->du_size;
	plain = place(work->a, sizeof(work->a), ENVOL_XTS_VECTOR_SHIFT - v->shift, len);
	cipher = place(work->b, sizeof(work->b), v->shift, len);
	unit = (struct run){ plain.p, v->du_size };

	fill(plain);
	envol_xts_encrypt(engine, &work->key, cipher.p, plain.p, len, v->du_size,
			  v->tweak, v->step);
	if (envol_xts_fingerprint(cipher.p, len) != v->fingerprint ||
	    !bounded(cipher) || !filled(plain))
		return -EBADMSG;

	crypt_parts(engine, &work->key, unit, v->tweak, false);
	if (memcmp(unit.p, cipher.p, unit.len) != 0)
		return -EBADMSG;
	crypt_parts(engine, &work->key, unit, v->tweak, true);
	if (!filled(plain) || !bounded(plain))
		return -EBADMSG;

	envol_xts_decrypt(engine, &work->key, cipher.p, cipher.p, len, v->du_size,
			  v->tweak, v->step);
	if (!filled(cipher) || !bounded(cipher))
		return -EBADMSG;
	return 0;
}

int envol_xts_selftest(const struct envol_xts_engine *engine, u32 cpu,
		       struct envol_xts_selftest *work)
{
	unsigned int i = 0;
	int err;

	do {
		err = envol_xts_selftest_case(engine, cpu, i++, work);
	} while (!err);
	return err == -ENOENT ? 0 : err;
}
