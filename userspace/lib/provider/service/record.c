// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * envol-key 1
 * root 00112233445566778899aabbccddeeff
 * name disk7
 * generation 3
 * version 1 2026-03-01T12:00:00Z enabled HEX
 * mac HEX
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/crypto/keywrap.h"
#include "userspace/lib/provider/service/record.h"
#include "userspace/lib/provider/service/stamp.h"

#define KIND "envol-key"

void envol_record_free(struct envol_record *record)
{
	free(record->versions);
	*record = (struct envol_record)ENVOL_RECORD_INIT;
}

static struct envol_record_version *grow(struct envol_record *record)
{
	struct envol_record_version *versions =
		reallocarray(record->versions, record->n_versions + 1,
			     sizeof(*versions));

	if (!versions)
		return NULL;
	record->versions = versions;
	return &versions[record->n_versions];
}

static bool parse_version(struct envol_text *body, uint64_t number,
			  struct envol_record_version *version)
{
	char when[ENVOL_TIME_SIZE];
	uint64_t n;

	if (!envol_text_take(body, "version ") ||
	    !envol_text_number(body, &n, number, number) ||
	    !envol_text_take(body, " ") ||
	    !envol_text_word(body, when, sizeof(when)) ||
	    envol_time_parse(when, &version->created))
		return false;
	version->enabled = envol_text_take(body, " enabled ");
	return (version->enabled || envol_text_take(body, " disabled ")) &&
	       envol_text_hex(body, version->wrapped,
			      sizeof(version->wrapped)) &&
	       envol_text_take(body, "\n");
}

static int parse_body(struct envol *ev, struct envol_text *body,
		      struct envol_record *record)
{
	bool good = envol_text_take(body, "name ") &&
		    envol_text_word(body, record->name,
				    sizeof(record->name)) &&
		    envol_text_take(body, "\ngeneration ") &&
		    envol_text_number(body, &record->generation, 1,
				      UINT64_MAX) &&
		    envol_text_take(body, "\n") && body->at < body->end;

	while (good && body->at < body->end) {
		struct envol_record_version *version = grow(record);

		if (!version)
			return envol_error(ev, -ENOMEM, "out of memory");
		good = record->n_versions < ENVOL_RECORD_VERSIONS &&
		       parse_version(body, record->n_versions + 1, version);
		if (good)
			record->n_versions++;
	}
	return good ? 0 : envol_error(ev, -EBADMSG,
				      "damaged: its text is not a key's");
}

int envol_record_parse(struct envol *ev, const struct envol_root *root,
		       const struct envol_blob *text,
		       struct envol_record *record)
{
	struct envol_text body;
	int err = envol_stamp_check(ev, root, KIND, text, &body);

	if (!err)
		err = parse_body(ev, &body, record);
	if (err)
		envol_record_free(record);
	return err;
}

int envol_record_format(struct envol *ev, const struct envol_root *root,
			const struct envol_record *record,
			struct envol_blob *text)
{
	size_t i;
	int err;

	err = envol_stamp_begin(ev, root, KIND, text);
	if (!err)
		err = envol_stamp_add(ev, text, "name %s\ngeneration %" PRIu64
				      "\n", record->name, record->generation);
	for (i = 0; i < record->n_versions && !err; i++) {
		const struct envol_record_version *v = &record->versions[i];
		char hex[2 * sizeof(v->wrapped) + 1], when[ENVOL_TIME_SIZE];

		envol_hex_encode(hex, v->wrapped, sizeof(v->wrapped));
		envol_time_format(when, v->created);
		err = envol_stamp_add(ev, text, "version %zu %s %s %s\n", i + 1,
				      when, v->enabled ? "enabled" : "disabled",
				      hex);
	}
	return err ? err : envol_stamp_end(ev, root, text);
}

int envol_record_add(struct envol *ev, const struct envol_root *root,
		     struct envol_record *record, const struct envol_secret *kek,
		     int64_t created, bool enabled)
{
	_cleanup_blob_ struct envol_blob wrapped = ENVOL_BLOB_INIT;
	struct envol_record_version *version;
	int err;

	if (record->n_versions >= ENVOL_RECORD_VERSIONS)
		return envol_error(ev, -EFBIG,
				   "it has %u versions, and more can't be kept; create another key",
				   ENVOL_RECORD_VERSIONS);
	if (kek->len != ENVOL_RECORD_KEK_SIZE)
		return envol_error(ev, -EINVAL, "a KEK of %zu bytes, not %u",
				   kek->len, ENVOL_RECORD_KEK_SIZE);
	err = envol_keywrap_wrap(ev, &root->wrap_key, kek, &wrapped);
	if (err)
		return err;
	version = grow(record);
	if (!version)
		return envol_error(ev, -ENOMEM, "out of memory");
	version->created = created;
	version->enabled = enabled;
	memcpy(version->wrapped, wrapped.data, sizeof(version->wrapped));
	record->n_versions++;
	return 0;
}

int envol_record_kek(struct envol *ev, const struct envol_root *root,
		     const struct envol_record *record, size_t i,
		     struct envol_secret *kek)
{
	int err = envol_keywrap_unwrap(ev, &root->wrap_key,
				       record->versions[i].wrapped,
				       sizeof(record->versions[i].wrapped),
				       kek);

	if (err)
		return envol_error_while(ev, err, "version %zu", i + 1);
	if (kek->len != ENVOL_RECORD_KEK_SIZE) {
		envol_secret_wipe(kek);
		return envol_error(ev, -EBADMSG,
				   "version %zu: not a KEK of %u bytes", i + 1,
				   ENVOL_RECORD_KEK_SIZE);
	}
	return 0;
}
