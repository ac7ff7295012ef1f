// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * envol-index 1
 * root 00112233445566778899aabbccddeeff
 * key disk7 3
 * mac HEX
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/service/index.h"
#include "userspace/lib/provider/service/stamp.h"

#define KIND "envol-index"

void envol_index_free(struct envol_index *index)
{
	free(index->entries);
	*index = (struct envol_index)ENVOL_INDEX_INIT;
}

/* Where @name is, or belongs. */
static size_t find(const struct envol_index *index, const char *name,
		   bool *found)
{
	size_t low = 0, high = index->n_entries;

	*found = false;
	while (low < high && !*found) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, index->entries[middle].name);

		*found = order == 0;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return high;
}

uint64_t envol_index_generation(const struct envol_index *index,
				const char *name)
{
	bool found;
	size_t i = find(index, name, &found);

	return found ? index->entries[i].generation : 0;
}

static int insert(struct envol *ev, struct envol_index *index, size_t at,
		  const char *name, uint64_t generation)
{
	struct envol_index_entry *entries;

	if (index->n_entries >= ENVOL_INDEX_KEYS)
		return envol_error(ev, -EFBIG,
				   "the keystore has %u keys, and more can't be kept",
				   ENVOL_INDEX_KEYS);
	entries = reallocarray(index->entries, index->n_entries + 1,
			       sizeof(*entries));
	if (!entries)
		return envol_error(ev, -ENOMEM, "out of memory");
	index->entries = entries;
	memmove(&entries[at + 1], &entries[at],
		(index->n_entries - at) * sizeof(*entries));
	memset(&entries[at], 0, sizeof(*entries));
	strncpy(entries[at].name, name, sizeof(entries[at].name) - 1);
	entries[at].generation = generation;
	index->n_entries++;
	return 0;
}

int envol_index_set(struct envol *ev, struct envol_index *index,
		    const char *name, uint64_t generation)
{
	bool found;
	size_t i = find(index, name, &found);

	if (!found)
		return insert(ev, index, i, name, generation);
	index->entries[i].generation = generation;
	return 0;
}

static bool parse_entry(struct envol_text *body, struct envol_index_entry *entry)
{
	return envol_text_take(body, "key ") &&
	       envol_text_word(body, entry->name, sizeof(entry->name)) &&
	       envol_text_take(body, " ") &&
	       envol_text_number(body, &entry->generation, 1, UINT64_MAX) &&
	       envol_text_take(body, "\n");
}

static int parse_body(struct envol *ev, struct envol_text *body,
		      struct envol_index *index)
{
	struct envol_index_entry entry;
	const char *last = "";
	int err;

	while (body->at < body->end) {
		if (!parse_entry(body, &entry) || strcmp(last, entry.name) >= 0)
			return envol_error(ev, -EBADMSG,
					   "damaged: its text is not an index's");
		err = insert(ev, index, index->n_entries, entry.name,
			     entry.generation);
		if (err)
			return err;
		last = index->entries[index->n_entries - 1].name;
	}
	return 0;
}

int envol_index_parse(struct envol *ev, const struct envol_root *root,
		      const struct envol_blob *text, struct envol_index *index)
{
	struct envol_text body;
	int err = envol_stamp_check(ev, root, KIND, text, &body);

	if (!err)
		err = parse_body(ev, &body, index);
	if (err)
		envol_index_free(index);
	return err;
}

int envol_index_format(struct envol *ev, const struct envol_root *root,
		       const struct envol_index *index, struct envol_blob *text)
{
	size_t i;
	int err;

	err = envol_stamp_begin(ev, root, KIND, text);
	for (i = 0; i < index->n_entries && !err; i++)
		err = envol_stamp_add(ev, text, "key %s %" PRIu64 "\n",
				      index->entries[i].name,
				      index->entries[i].generation);
	return err ? err : envol_stamp_end(ev, root, text);
}
