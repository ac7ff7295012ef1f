// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/cli/show.h"

/* Without its key a mapping that is not locked fails all I/O: no state to be called active. */
static const char *state(const struct envol_volume_info *info)
{
	if (!info->name)
		return NULL;
	if (info->suspended)
		return "locked";
	if (info->key_state && strcmp(info->key_state, "ready") != 0)
		return info->key_state;
	return "active";
}

/* Of a mapping that lost it there is something to say, too. */
static const char *device(const struct envol_volume_info *info)
{
	return !info->device && info->name ? "gone" : info->device;
}

static void add_parts(struct output *out, const struct envol_wrap_info *wrap)
{
	unsigned int i;

	envol_output_begin_list(out, "parts", NULL);
	for (i = 0; i < wrap->n_parts; i++) {
		envol_output_begin_item(out);
		OUTPUT_FIELDS(out, TEXT("uri", NULL, wrap->parts[i].uri),
			      TEXT("key_version", NULL, wrap->parts[i].version),
			      TEXT("algorithm", NULL, wrap->parts[i].algorithm));
		envol_output_end(out);
	}
	envol_output_end(out);
}

/* A key of a KMIP server wraps by this where it is fetched for each use, and by no other. */
static bool leaves_its_store(const struct envol_wrap_info *wrap)
{
	unsigned int i;

	for (i = 0; i < wrap->n_parts; i++)
		if (strncmp(wrap->parts[i].uri, "kmip:", strlen("kmip:")) == 0 &&
		    strcmp(wrap->parts[i].algorithm, "A256KWP") == 0)
			return true;
	return false;
}

static void add_wraps(struct output *out, const struct envol_volume_info *info)
{
	size_t i;

	envol_output_begin_list(out, "wraps", "wraps");
	for (i = 0; i < info->n_wraps; i++) {
		const struct envol_wrap_info *wrap = &info->wraps[i];
		bool is_double = wrap->n_parts > 1;
		struct buffer uris = { 0 }, versions = { 0 };

		envol_buffer_printf(&uris, "%s%s%s", wrap->parts[0].uri,
				    is_double ? " and " : "",
				    is_double ? wrap->parts[1].uri : "");
		envol_buffer_printf(&versions, "%s%s%s", wrap->parts[0].version,
				    is_double ? " and " : "",
				    is_double ? wrap->parts[1].version : "");
		out->failed |= uris.failed || versions.failed;
		envol_output_begin_item(out);
		OUTPUT_FIELDS(out, NUMBER("number", "", i),
			      TEXT(NULL, "", uris.text),
			      TEXT(NULL, "version", versions.text),
			      TEXT(NULL, "", wrap->parts[0].algorithm),
			      TEXT(NULL, "",
				   leaves_its_store(wrap) ? "THE KEK LEAVES ITS STORE" : NULL),
			      TIME("created", "wrapped", wrap->created),
			      FLAG("proved", NULL, wrap->proved),
			      TEXT(NULL, "",
				   wrap->proved ? "proved" : "not proved"),
			      FLAG("unprotected", "unprotected",
				   wrap->unprotected),
			      TIME("retiring", "retiring since", wrap->retiring),
			      FLAG("opened", "used to open",
				   info->opened_by == (int)i && *info->fingerprint));
		add_parts(out, wrap);
		envol_output_end(out);
		envol_buffer_free(&uris);
		envol_buffer_free(&versions);
	}
	envol_output_end(out);
}

/* "reads 12 read_bytes 49152": numbers by their names. */
static int add_statistics(struct output *out, const char *statistics)
{
	_cleanup_free_ char *copy = strdup(statistics ? statistics : "");
	char *rest = copy, *name, *value;

	if (!copy)
		return -ENOMEM;
	envol_output_begin_record(out, "statistics", NULL);
	while ((name = strsep(&rest, " ")) && (value = strsep(&rest, " ")))
		OUTPUT_FIELDS(out, NUMBER(name, NULL, strtoull(value, NULL, 10)));
	envol_output_end(out);
	return 0;
}

static int add_volume(struct output *out, const struct envol_volume_info *info)
{
	char cipher[100] = "", target[100] = "";

	if (info->cipher)
		snprintf(cipher, sizeof(cipher), "%s, AES-%u, %u-byte data units",
			 info->cipher, info->key_size * 4, info->sector_size);
	if (info->target)
		snprintf(target, sizeof(target), "%s%s%s", info->target,
			 info->engine ? ", engine " : "",
			 info->engine ? info->engine : "");
	OUTPUT_FIELDS(out, TEXT("name", NULL, info->name),
		      TEXT("state", "state", state(info)),
		      TEXT(NULL, "device", device(info)),
		      TEXT("device", NULL, info->device),
		      TEXT("header", "header", info->header),
		      SIZE("data_size", "size", info->data_size),
		      NUMBER("data_offset", NULL, info->data_offset),
		      TEXT(NULL, "cipher", cipher),
		      TEXT("cipher", NULL, info->cipher),
		      NUMBER("key_size", NULL, info->key_size),
		      NUMBER("sector_size", NULL, info->sector_size),
		      TEXT(NULL, "target", target),
		      TEXT("target", NULL, info->target),
		      TEXT("engine", NULL, info->engine),
		      TEXT("key_state", "kernel key", info->key_state),
		      FLAG("read_only", info->read_only ? "read-only" : NULL,
			   info->read_only),
		      FLAG("in_use", info->name ? "in use" : NULL, info->in_use),
		      FLAG("discards", "discards", info->discards),
		      TEXT("uuid", "UUID", info->uuid),
		      TEXT("label", "label", info->label),
		      TEXT("volume_id", "volume id", info->volume_id));
	OUTPUT_FIELDS(out, NUMBER("generation",
				  info->generation ? "generation" : NULL,
				  info->generation),
		      FLAG("recovery_key", "recovery key", info->recovery),
		      TEXT("fingerprint", "fingerprint", info->fingerprint));
	add_wraps(out, info);
	return add_statistics(out, info->statistics);
}

int envol_show_volume(struct cli *cli, const struct envol_volume_info *info)
{
	int err;

	envol_output_begin_record(&cli->output, "volume",
				  info->name ? info->name : info->device);
	err = add_volume(&cli->output, info);
	if (err)
		return err;
	envol_output_end(&cli->output);
	return 0;
}

static void add_row(struct output *out, const struct envol_volume_info *info)
{
	char cipher[64] = "";

	if (info->cipher)
		snprintf(cipher, sizeof(cipher), "%s/%u", info->cipher,
			 info->sector_size);
	OUTPUT_FIELDS(out, TEXT(NULL, "", info->name),
		      TEXT(NULL, "", state(info)),
		      TEXT(NULL, "", device(info)),
		      SIZE(NULL, "", info->data_size), TEXT(NULL, "", cipher),
		      TEXT(NULL, "", info->target),
		      TEXT(NULL, "", info->engine));
}

int envol_show_volumes(struct cli *cli, const struct envol_volume_info *infos,
		       size_t n)
{
	struct output *out = &cli->output;
	size_t i;
	int err = 0;

	envol_output_begin_list(out, "volumes", NULL);
	for (i = 0; i < n && !err; i++) {
		envol_output_begin_item(out);
		if (cli->settings.json)
			err = add_volume(out, &infos[i]);
		else
			add_row(out, &infos[i]);
		envol_output_end(out);
	}
	envol_output_end(out);
	return err;
}

static const struct envol_key_version *newest(const struct envol_key_info *info)
{
	return info->n_versions ? &info->versions[info->n_versions - 1] : NULL;
}

static void add_key(struct output *out, const struct envol_key_info *info)
{
	size_t i;

	OUTPUT_FIELDS(out, TEXT("uri", NULL, info->uri),
		      TEXT("type", "type", info->type),
		      TEXT("protection", "protection", info->protection),
		      TEXT("recovery", "if deleted", info->recovery),
		      FLAG("recoverable", "recoverable", info->recoverable));
	envol_output_begin_list(out, "versions", "versions");
	for (i = 0; i < info->n_versions; i++) {
		const struct envol_key_version *version = &info->versions[i];

		envol_output_begin_item(out);
		OUTPUT_FIELDS(out, TEXT("version", "", version->version),
			      FLAG("enabled", NULL, version->enabled),
			      TEXT(NULL, "", version->enabled ? "enabled" :
								"disabled"),
			      TIME("created", "created", version->created),
			      TIME("not_before", "not before", version->not_before),
			      TIME("expires", "expires", version->expires));
		envol_output_end(out);
	}
	envol_output_end(out);
}

void envol_show_key(struct cli *cli, const struct envol_key_info *info)
{
	envol_output_begin_record(&cli->output, "key", info->uri);
	add_key(&cli->output, info);
	envol_output_end(&cli->output);
}

static void add_key_row(struct output *out, const struct envol_key_info *info)
{
	const struct envol_key_version *version = newest(info);

	OUTPUT_FIELDS(out, TEXT(NULL, "", info->uri), TEXT(NULL, "", info->type),
		      TEXT(NULL, "version", version ? version->version : NULL),
		      TIME(NULL, "created", version ? version->created : 0),
		      TEXT(NULL, "", version && version->enabled ? "enabled" :
								   "disabled"),
		      TEXT(NULL, "", info->protection));
}

void envol_show_keys(struct cli *cli, const struct envol_key_info *infos,
		     size_t n)
{
	struct output *out = &cli->output;
	size_t i;

	envol_output_begin_list(out, "keys", NULL);
	for (i = 0; i < n; i++) {
		envol_output_begin_item(out);
		if (cli->settings.json)
			add_key(out, &infos[i]);
		else
			add_key_row(out, &infos[i]);
		envol_output_end(out);
	}
	envol_output_end(out);
}

void envol_show_check(enum envol_check_result result, const char *what,
		      const char *sentence, void *data)
{
	static const char *const words[] = {
		[ENVOL_CHECK_OK] = "ok",
		[ENVOL_CHECK_WARNING] = "warning",
		[ENVOL_CHECK_FAILED] = "failed",
	};
	struct output *out = data;

	envol_output_begin_item(out);
	OUTPUT_FIELDS(out, TEXT("result", "", words[result]),
		      TEXT("what", "", what), TEXT("message", "", sentence));
	envol_output_end(out);
}
