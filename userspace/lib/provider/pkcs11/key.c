// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/pkcs11/ckr.h"
#include "userspace/lib/provider/pkcs11/key.h"

#define HANDLES 16u
#define NUMBER_MAX 1024u	/* bytes of a modulus, more than we take */

/* An id of envol's: this, milliseconds since 1970 in 6 bytes, 6 random bytes. */
static const uint8_t id_mark[4] = { 'e', 'n', 'v', '1' };

void envol_pkcs11_key_free(struct envol_pkcs11_key *key)
{
	envol_blob_free(&key->public.modulus);
	envol_blob_free(&key->public.exponent);
}

void envol_pkcs11_keys_free(struct envol_pkcs11_key *keys, size_t n)
{
	while (n)
		envol_pkcs11_key_free(&keys[--n]);
	free(keys);
}

/* ---- ids ------------------------------------------------------------------------ */

static uint64_t id_ms(const uint8_t *id, size_t len)
{
	uint64_t ms = 0;
	size_t i;

	if (len != ENVOL_PKCS11_NEW_ID_SIZE ||
	    memcmp(id, id_mark, sizeof(id_mark)) != 0)
		return 0;
	for (i = 0; i < 6; i++)
		ms = ms << 8 | id[sizeof(id_mark) + i];
	return ms;
}

int64_t envol_pkcs11_id_time(const uint8_t *id, size_t len)
{
	return (int64_t)(id_ms(id, len) / 1000);
}

int envol_pkcs11_new_id(struct envol *ev, const struct envol_pkcs11_key *after,
			uint8_t id[ENVOL_PKCS11_NEW_ID_SIZE])
{
	uint64_t ms = (uint64_t)envol_time_now() * 1000;
	uint64_t before = after ? id_ms(after->id, after->id_len) : 0;
	int err = envol_random_bytes(ev, id, ENVOL_PKCS11_NEW_ID_SIZE);
	size_t i;

	/* A clock that was set back must not make the new one old. */
	if (ms <= before)
		ms = before + 1;
	memcpy(id, id_mark, sizeof(id_mark));
	for (i = 6; i > 0; i--, ms >>= 8)
		id[sizeof(id_mark) + i - 1] = ms & 0xff;
	return err;
}

/* ---- attributes: a module may say anything of their lengths --------------------- */

/* Of the attribute, and not of the session or the token. */
static bool is_answer(CK_RV rv)
{
	return rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
	       rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_BUFFER_TOO_SMALL;
}

static CK_RV read_attribute(struct envol_pkcs11_session *session,
			    CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type,
			    void *value, size_t size, size_t *len)
{
	CK_ATTRIBUTE attribute = { type, value, size };
	CK_RV rv;

	*len = 0;
	rv = session->token.module->C_GetAttributeValue(session->handle, handle,
							&attribute, 1);
	if (!is_answer(rv))
		session->rv = rv;
	if (rv == CKR_OK && attribute.ulValueLen <= size)
		*len = attribute.ulValueLen;
	return rv;
}

/* Those that a token does not have are false. */
static bool read_bool(struct envol_pkcs11_session *session,
		      CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = CK_FALSE;
	size_t len;

	return read_attribute(session, handle, type, &value, sizeof(value),
			      &len) == CKR_OK &&
	       len == sizeof(value) && value;
}

static bool read_ulong(struct envol_pkcs11_session *session,
		       CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type,
		       CK_ULONG *value)
{
	size_t len;

	return read_attribute(session, handle, type, value, sizeof(*value),
			      &len) == CKR_OK &&
	       len == sizeof(*value);
}

static int read_number(struct envol_pkcs11_session *session,
		       CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE type,
		       struct envol_blob *number)
{
	uint8_t bytes[NUMBER_MAX];
	size_t len;

	if (read_attribute(session, handle, type, bytes, sizeof(bytes), &len))
		return 0;
	if (envol_blob_append(number, bytes, len))
		return envol_error(session->ev, -ENOMEM, "out of memory");
	return 0;
}

/* From the private object: a public one beside it may be anybody's. */
static int read_rsa(struct envol_pkcs11_session *session,
		    struct envol_pkcs11_key *key)
{
	static const uint8_t usual[] = { 1, 0, 1 };
	int err;

	err = read_number(session, key->handle, CKA_MODULUS,
			  &key->public.modulus);
	if (!err)
		err = read_number(session, key->handle, CKA_PUBLIC_EXPONENT,
				  &key->public.exponent);
	if (err)
		return err;
	/* Not all tokens keep it there. That it is right, the first unwrap proves. */
	if (!key->public.exponent.len &&
	    envol_blob_append(&key->public.exponent, usual, sizeof(usual)))
		return envol_error(session->ev, -ENOMEM, "out of memory");
	key->bits = envol_oaep_bits(&key->public);
	return 0;
}

static int read_key(struct envol_pkcs11_session *session,
		    CK_OBJECT_HANDLE handle, struct envol_pkcs11_key *key)
{
	const struct {
		CK_ATTRIBUTE_TYPE type;
		bool *value;
	} bools[] = {
		{ CKA_SENSITIVE, &key->sensitive },
		{ CKA_EXTRACTABLE, &key->extractable },
		{ CKA_ALWAYS_SENSITIVE, &key->always_sensitive },
		{ CKA_NEVER_EXTRACTABLE, &key->never_extractable },
		{ CKA_ENCRYPT, &key->encrypt },
		{ CKA_DECRYPT, &key->decrypt },
		{ CKA_WRAP, &key->wrap },
		{ CKA_UNWRAP, &key->unwrap },
		{ CKA_ALWAYS_AUTHENTICATE, &key->asks_each_time },
	};
	CK_ULONG value_len = 0;
	size_t i, label_len;

	key->handle = handle;
	read_attribute(session, handle, CKA_ID, key->id, sizeof(key->id),
		       &key->id_len);
	read_attribute(session, handle, CKA_LABEL, key->label,
		       sizeof(key->label) - 1, &label_len);
	key->label[label_len] = 0;
	for (i = 0; i < ENVOL_ARRAY_SIZE(bools); i++)
		*bools[i].value = read_bool(session, handle, bools[i].type);
	if (key->class == CKO_PRIVATE_KEY)
		return key->type == CKK_RSA ? read_rsa(session, key) : 0;
	if (read_ulong(session, handle, CKA_VALUE_LEN, &value_len) &&
	    value_len <= 64)
		key->bits = 8 * value_len;
	return 0;
}

/* What was asked for is asked again: not every token looks at all of a template. */
static bool is_wanted(struct envol_pkcs11_session *session,
		      CK_OBJECT_HANDLE handle,
		      const struct envol_pkcs11_name *name,
		      struct envol_pkcs11_key *key)
{
	const struct envol_pkcs11_value *label =
		&name->values[ENVOL_PKCS11_OBJECT];
	const struct envol_pkcs11_value *id = &name->values[ENVOL_PKCS11_ID];
	CK_ULONG class = 0, type = 0;
	uint8_t bytes[ENVOL_PKCS11_ID_MAX];
	size_t len;

	if (!read_bool(session, handle, CKA_TOKEN) ||
	    !read_bool(session, handle, CKA_PRIVATE) ||
	    !read_ulong(session, handle, CKA_CLASS, &class) ||
	    !read_ulong(session, handle, CKA_KEY_TYPE, &type) ||
	    class != key->class ||
	    type != (class == CKO_SECRET_KEY ? CKK_AES : CKK_RSA))
		return false;
	key->type = type;
	if (label->len &&
	    (read_attribute(session, handle, CKA_LABEL, bytes, sizeof(bytes),
			    &len) ||
	     len != label->len || memcmp(bytes, label->bytes, len) != 0))
		return false;
	return !id->len ||
	       (read_attribute(session, handle, CKA_ID, bytes, sizeof(bytes),
			       &len) == CKR_OK &&
		len == id->len && memcmp(bytes, id->bytes, len) == 0);
}

/* ---- finding --------------------------------------------------------------------- */

struct found {
	struct envol_pkcs11_key *keys;
	size_t n;
};

/* Else a token that goes away in between would look like one without the key. */
static int cannot_look(struct envol_pkcs11_session *session)
{
	if (session->rv == CKR_OK)
		return 0;
	return envol_ckr_error(session->ev, session->rv,
			       "look at the keys in %s", session->token.label);
}

static int add_key(struct envol_pkcs11_session *session,
		   CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class,
		   const struct envol_pkcs11_name *name, struct found *found)
{
	struct envol_pkcs11_key key = { .class = class };
	struct envol_pkcs11_key *more;
	int err;

	session->rv = CKR_OK;
	if (!is_wanted(session, handle, name, &key))
		return cannot_look(session);
	if (found->n == ENVOL_PKCS11_KEYS_MAX)
		return envol_error(session->ev, -E2BIG,
				   "%s has more than %u keys",
				   session->token.label, ENVOL_PKCS11_KEYS_MAX);
	more = reallocarray(found->keys, found->n + 1, sizeof(*more));
	if (!more)
		return envol_error(session->ev, -ENOMEM, "out of memory");
	found->keys = more;
	err = read_key(session, handle, &key);
	found->keys[found->n++] = key;
	return err ? err : cannot_look(session);
}

static int collect(struct envol_pkcs11_session *session,
		   CK_OBJECT_HANDLE *handles, CK_ULONG *n_handles)
{
	CK_FUNCTION_LIST *module = session->token.module;
	CK_ULONG n;

	do {
		CK_RV rv;

		n = 0;
		rv = module->C_FindObjects(session->handle,
					   handles + *n_handles, HANDLES, &n);
		session->rv = rv;
		if (rv != CKR_OK)
			return envol_ckr_error(session->ev, rv, "find keys in %s",
					       session->token.label);
		if (n > HANDLES)
			return envol_error(session->ev, -EPROTO,
					   "%s says that it gave %lu objects where %u were asked for",
					   session->token.label, n, HANDLES);
		*n_handles += n;
		/* Else the newest may be among those that are not looked at. */
		if (n && *n_handles + HANDLES > ENVOL_PKCS11_KEYS_MAX)
			return envol_error(session->ev, -E2BIG,
					   "%s has more than %u keys that fit",
					   session->token.label,
					   ENVOL_PKCS11_KEYS_MAX - HANDLES);
	} while (n);
	return 0;
}

static int find_handles(struct envol_pkcs11_session *session,
			CK_OBJECT_CLASS class,
			const struct envol_pkcs11_name *name,
			CK_OBJECT_HANDLE *handles, CK_ULONG *n_handles)
{
	const struct envol_pkcs11_value *label =
		&name->values[ENVOL_PKCS11_OBJECT];
	const struct envol_pkcs11_value *id = &name->values[ENVOL_PKCS11_ID];
	CK_FUNCTION_LIST *module = session->token.module;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[5] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
	};
	CK_ULONG n = 3;
	CK_RV rv;
	int err;

	if (label->len)
		template[n++] = (CK_ATTRIBUTE){ CKA_LABEL, (void *)label->bytes,
						label->len };
	if (id->len)
		template[n++] = (CK_ATTRIBUTE){ CKA_ID, (void *)id->bytes,
						id->len };
	rv = module->C_FindObjectsInit(session->handle, template, n);
	session->rv = rv;
	if (rv != CKR_OK)
		return envol_ckr_error(session->ev, rv, "find keys in %s",
				       session->token.label);
	err = collect(session, handles, n_handles);
	module->C_FindObjectsFinal(session->handle);
	return err;
}

static int find_class(struct envol_pkcs11_session *session,
		      CK_OBJECT_CLASS class,
		      const struct envol_pkcs11_name *name, struct found *found)
{
	CK_OBJECT_HANDLE handles[ENVOL_PKCS11_KEYS_MAX];
	CK_ULONG n = 0, i;
	int err = find_handles(session, class, name, handles, &n);

	for (i = 0; i < n && !err; i++)
		err = add_key(session, handles[i], class, name, found);
	return err;
}

static int compare_ids(const struct envol_pkcs11_key *a,
		       const struct envol_pkcs11_key *b)
{
	uint64_t x = id_ms(a->id, a->id_len), y = id_ms(b->id, b->id_len);
	size_t len = a->id_len < b->id_len ? a->id_len : b->id_len;
	int order;

	if (x != y)
		return x < y ? -1 : 1;
	order = memcmp(a->id, b->id, len);
	return order ? order : (a->id_len > b->id_len) - (a->id_len < b->id_len);
}

static int by_label_and_age(const void *a, const void *b)
{
	const struct envol_pkcs11_key *x = a, *y = b;
	int order = strcmp(x->label, y->label);

	return order ? order : compare_ids(x, y);
}

int envol_pkcs11_find_keys(struct envol_pkcs11_session *session,
			   const struct envol_pkcs11_name *name,
			   struct envol_pkcs11_key **keys, size_t *n)
{
	const char *type = name->values[ENVOL_PKCS11_TYPE].bytes;
	struct found found = { NULL, 0 };
	int err = 0;

	if (strcmp(type, "private") != 0)
		err = find_class(session, CKO_SECRET_KEY, name, &found);
	if (!err && strcmp(type, "secret-key") != 0)
		err = find_class(session, CKO_PRIVATE_KEY, name, &found);
	if (err) {
		envol_pkcs11_keys_free(found.keys, found.n);
		return err;
	}
	if (found.n)
		qsort(found.keys, found.n, sizeof(*found.keys),
		      by_label_and_age);
	*keys = found.keys;
	*n = found.n;
	return 0;
}

bool envol_pkcs11_are_versions(const struct envol_pkcs11_key *keys, size_t n)
{
	size_t i;

	/* Those with other ids come first, and may be one. */
	for (i = 1; i < n; i++)
		if (!id_ms(keys[i].id, keys[i].id_len) ||
		    compare_ids(&keys[i - 1], &keys[i]) == 0)
			return false;
	return true;
}

const char *envol_pkcs11_key_type(const struct envol_pkcs11_key *key,
				  char text[ENVOL_PKCS11_TYPE_SIZE])
{
	snprintf(text, ENVOL_PKCS11_TYPE_SIZE, "%s-%u",
		 key->class == CKO_SECRET_KEY ? "AES" : "RSA", key->bits);
	return text;
}
