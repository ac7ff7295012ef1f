// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/provider/kmip/attribute.h"

static const struct attribute {
	uint32_t tag;
	const char *name;	/* until 1.4 */
} attributes[] = {
	{ KMIP_OBJECT_TYPE, "Object Type" },
	{ KMIP_STATE, "State" },
	{ KMIP_CRYPTOGRAPHIC_ALGORITHM, "Cryptographic Algorithm" },
	{ KMIP_CRYPTOGRAPHIC_LENGTH, "Cryptographic Length" },
	{ KMIP_CRYPTOGRAPHIC_USAGE_MASK, "Cryptographic Usage Mask" },
	{ KMIP_INITIAL_DATE, "Initial Date" },
	{ KMIP_ACTIVATION_DATE, "Activation Date" },
	{ KMIP_DEACTIVATION_DATE, "Deactivation Date" },
	{ KMIP_NAME, "Name" },
	{ KMIP_LINK, "Link" },
};

static bool has_tags(struct envol_kmip_version version)
{
	return version.major >= 2;
}

static const char *name_of(uint32_t tag)
{
	size_t i = 0;

	while (attributes[i].tag != tag)
		i++;
	return attributes[i].name;
}

static void write_string(struct envol_ttlv_writer *w, uint32_t tag, const char *text)
{
	envol_ttlv_write_text(w, tag, text, strlen(text));
}

void envol_kmip_attribute_ask(struct envol_ttlv_writer *w, struct envol_kmip_version version)
{
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(attributes); i++)
		if (has_tags(version))
			envol_ttlv_write_enum(w, KMIP_ATTRIBUTE_REFERENCE,
					      attributes[i].tag);
		else
			write_string(w, KMIP_ATTRIBUTE_NAME, attributes[i].name);
}

/* ---- writing ---------------------------------------------------------------- */

/* What stands around one attribute; returns the tag that its value gets. */
static uint32_t open_one(struct envol_ttlv_writer *w, struct envol_kmip_version version,
			 uint32_t tag)
{
	if (has_tags(version))
		return tag;
	envol_ttlv_open(w, KMIP_ATTRIBUTE);
	write_string(w, KMIP_ATTRIBUTE_NAME, name_of(tag));
	return KMIP_ATTRIBUTE_VALUE;
}

static void close_one(struct envol_ttlv_writer *w, struct envol_kmip_version version)
{
	if (!has_tags(version))
		envol_ttlv_close(w);
}

static void write_enum(struct envol_ttlv_writer *w, struct envol_kmip_version version,
		       uint32_t tag, uint32_t value)
{
	envol_ttlv_write_enum(w, open_one(w, version, tag), value);
	close_one(w, version);
}

static void write_integer(struct envol_ttlv_writer *w, struct envol_kmip_version version,
			  uint32_t tag, int32_t value)
{
	envol_ttlv_write_integer(w, open_one(w, version, tag), value);
	close_one(w, version);
}

static void write_name(struct envol_ttlv_writer *w, struct envol_kmip_version version,
		       const char *name)
{
	envol_ttlv_open(w, open_one(w, version, KMIP_NAME));
	write_string(w, KMIP_NAME_VALUE, name);
	envol_ttlv_write_enum(w, KMIP_NAME_TYPE, KMIP_NAME_TEXT);
	envol_ttlv_close(w);
	close_one(w, version);
}

void envol_kmip_attribute_new_key(struct envol_ttlv_writer *w,
				  struct envol_kmip_version version, const char *name)
{
	envol_ttlv_write_enum(w, KMIP_OBJECT_TYPE, KMIP_TYPE_SYMMETRIC_KEY);
	envol_ttlv_open(w, has_tags(version) ? KMIP_ATTRIBUTES : KMIP_TEMPLATE_ATTRIBUTE);
	write_enum(w, version, KMIP_CRYPTOGRAPHIC_ALGORITHM, KMIP_ALGORITHM_AES);
	write_integer(w, version, KMIP_CRYPTOGRAPHIC_LENGTH, 256);
	write_integer(w, version, KMIP_CRYPTOGRAPHIC_USAGE_MASK,
		      KMIP_MAY_ENCRYPT | KMIP_MAY_DECRYPT);
	write_name(w, version, name);
	envol_ttlv_close(w);
}

void envol_kmip_attribute_search(struct envol_ttlv_writer *w,
				 struct envol_kmip_version version, const char *name)
{
	if (has_tags(version))
		envol_ttlv_open(w, KMIP_ATTRIBUTES);
	write_enum(w, version, KMIP_OBJECT_TYPE, KMIP_TYPE_SYMMETRIC_KEY);
	if (name)
		write_name(w, version, name);
	if (has_tags(version))
		envol_ttlv_close(w);
}

/* ---- reading ---------------------------------------------------------------- */

/*
 * A name that is longer than ours may be, or not of ASCII, is not one that we look for:
 * it is left out.
 */
static int read_name(const struct envol_ttlv *value, struct envol_kmip_object *object)
{
	struct envol_ttlv name;
	size_t i = 0;

	if (envol_ttlv_find(value, KMIP_NAME_VALUE, ENVOL_TTLV_TEXT, &name))
		return -EBADMSG;
	while (i < ENVOL_KMIP_NAMES && *object->names[i])
		i++;
	if (i < ENVOL_KMIP_NAMES &&
	    envol_ttlv_text(&name, object->names[i], ENVOL_KMIP_TEXT_SIZE))
		*object->names[i] = 0;
	return 0;
}

static int read_link(const struct envol_ttlv *value, struct envol_kmip_object *object)
{
	struct envol_ttlv type, to;
	char *into;

	if (envol_ttlv_find(value, KMIP_LINK_TYPE, ENVOL_TTLV_ENUMERATION, &type))
		return -EBADMSG;
	if (envol_ttlv_enum(&type) == KMIP_LINK_REPLACEMENT)
		into = object->replacement;
	else if (envol_ttlv_enum(&type) == KMIP_LINK_REPLACED)
		into = object->replaced;
	else
		return 0;
	if (envol_ttlv_find(value, KMIP_LINKED_OBJECT_IDENTIFIER, ENVOL_TTLV_TEXT, &to) ||
	    envol_ttlv_text(&to, into, ENVOL_KMIP_TEXT_SIZE))
		return -EBADMSG;
	return 0;
}

static int read_enum(const struct envol_ttlv *value, uint32_t *into)
{
	if (value->type != ENVOL_TTLV_ENUMERATION || *into)
		return -EBADMSG;
	*into = envol_ttlv_enum(value);
	return 0;
}

static int read_integer(const struct envol_ttlv *value, int32_t *into)
{
	if (value->type != ENVOL_TTLV_INTEGER || *into)
		return -EBADMSG;
	*into = envol_ttlv_integer(value);
	return 0;
}

static int read_date(const struct envol_ttlv *value, int64_t *into)
{
	if (value->type != ENVOL_TTLV_DATE && value->type != ENVOL_TTLV_DATE_EXTENDED)
		return -EBADMSG;
	*into = envol_ttlv_date(value);
	return 0;
}

static int read_value(uint32_t tag, const struct envol_ttlv *value,
		      struct envol_kmip_object *object)
{
	switch (tag) {
	case KMIP_OBJECT_TYPE:
		return read_enum(value, &object->type);
	case KMIP_STATE:
		return read_enum(value, &object->state);
	case KMIP_CRYPTOGRAPHIC_ALGORITHM:
		return read_enum(value, &object->algorithm);
	case KMIP_CRYPTOGRAPHIC_LENGTH:
		return read_integer(value, &object->length);
	case KMIP_CRYPTOGRAPHIC_USAGE_MASK:
		return read_integer(value, &object->usage);
	case KMIP_INITIAL_DATE:
		return read_date(value, &object->created);
	case KMIP_ACTIVATION_DATE:
		return read_date(value, &object->activation);
	case KMIP_DEACTIVATION_DATE:
		return read_date(value, &object->deactivation);
	case KMIP_NAME:
		return read_name(value, object);
	case KMIP_LINK:
		return read_link(value, object);
	default:
		return 0;
	}
}

static uint32_t tag_of(const struct envol_ttlv *name)
{
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(attributes); i++)
		if (strlen(attributes[i].name) == name->len &&
		    memcmp(attributes[i].name, name->value, name->len) == 0)
			return attributes[i].tag;
	return 0;
}

static int read_named(const struct envol_ttlv *attribute, struct envol_kmip_object *object)
{
	struct envol_ttlv name, it, *previous = NULL;

	if (attribute->type != ENVOL_TTLV_STRUCTURE ||
	    envol_ttlv_find(attribute, KMIP_ATTRIBUTE_NAME, ENVOL_TTLV_TEXT, &name))
		return -EBADMSG;
	while (envol_ttlv_next(attribute, previous, &it)) {
		if (it.tag == KMIP_ATTRIBUTE_VALUE)
			return read_value(tag_of(&name), &it, object);
		previous = &it;
	}
	return -EBADMSG;
}

int envol_kmip_attribute_read(const struct envol_ttlv *payload,
			      struct envol_kmip_version version,
			      struct envol_kmip_object *object)
{
	struct envol_ttlv all = *payload, it, *previous = NULL;
	int err = 0;

	*object = (struct envol_kmip_object){ 0 };
	if (envol_ttlv_find(payload, KMIP_UNIQUE_IDENTIFIER, ENVOL_TTLV_TEXT, &it) ||
	    envol_ttlv_text(&it, object->uid, sizeof(object->uid)))
		return -EBADMSG;
	if (has_tags(version) &&
	    envol_ttlv_find(payload, KMIP_ATTRIBUTES, ENVOL_TTLV_STRUCTURE, &all))
		return -EBADMSG;
	while (!err && envol_ttlv_next(&all, previous, &it)) {
		if (has_tags(version))
			err = read_value(it.tag, &it, object);
		else if (it.tag == KMIP_ATTRIBUTE)
			err = read_named(&it, object);
		previous = &it;
	}
	return err;
}
