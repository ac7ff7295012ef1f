// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A line that is wrong says so, all of what is wrong with it, and spoils no other: what
 * one volume's owner mistyped is no reason for a host not to start.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <fcntl.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/boot/entry.h"
#include "userspace/lib/boot/table.h"
#include "userspace/lib/kernel/name.h"

#define WORD_MAX 1500	/* bytes; a KEK's URI is the longest */

static void free_volume(struct envol_boot_volume *v)
{
	size_t i;

	for (i = 0; i < v->n_keks; i++)
		free(v->keks[i]);
	free(v->keks);
	free(v->name);
	free(v->device);
	free(v->id);
	free(v->header);
	free(v->engine);
	free(v->throwaway);
}

void envol_boot_table_free(struct envol_boot_table *table)
{
	size_t i;

	for (i = 0; i < table->n_volumes; i++)
		free_volume(&table->volumes[i]);
	for (i = 0; i < table->n_defects; i++) {
		free(table->defects[i].name);
		free(table->defects[i].sentence);
	}
	free(table->volumes);
	free(table->defects);
	*table = (struct envol_boot_table){ 0 };
}

bool envol_boot_is_stable(const char *device)
{
	static const char *const prefixes[] = {
		"/dev/disk/by-id/",	   "/dev/disk/by-uuid/",
		"/dev/disk/by-label/",	   "/dev/disk/by-partuuid/",
		"/dev/disk/by-partlabel/", "/dev/mapper/",
	};
	size_t i;

	if (*device != '/')
		return true;
	for (i = 0; i < ENVOL_ARRAY_SIZE(prefixes); i++)
		if (strncmp(device, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* ---- reading ---- */

struct reader {
	struct envol *ev;
	const char *file;
	struct envol_boot_table *table;
	unsigned int number;		/* of the line that is read */
	/* of the volume that is read */
	struct envol_entry line;
	unsigned int n_words;
	size_t first_defect;
	bool is_open, is_defective, is_early;
};

/* The sentence in the handle is a defect of the volume that is read. */
static int add_defect(struct reader *r, unsigned int number)
{
	struct envol_boot_table *t = r->table;
	const char *name = r->line.volume.name;
	struct envol_boot_defect *grown, new = { .line = number };

	r->is_defective = true;
	grown = reallocarray(t->defects, t->n_defects + 1, sizeof(*grown));
	if (!grown)
		return envol_error(r->ev, -ENOMEM, "out of memory");
	t->defects = grown;
	new.name = name ? strdup(name) : NULL;
	if (asprintf(&new.sentence, "%s:%u: %s%s%s", r->file, number,
		     name ? name : "", name ? ": " : "",
		     envol_error_message(r->ev)) < 0)
		new.sentence = NULL;
	if (!new.sentence || (name && !new.name)) {
		free(new.name);
		free(new.sentence);
		return envol_error(r->ev, -ENOMEM, "out of memory");
	}
	grown[t->n_defects++] = new;
	return 0;
}

static int tell(struct reader *r, unsigned int number, int err)
{
	return err == -EINVAL || err == -EEXIST ? add_defect(r, number) : err;
}

static int take_name(struct reader *r, const char *word)
{
	int err = envol_name_check(r->ev, word);
	size_t i;

	if (!err && *word == '-')
		err = envol_error(r->ev, -EINVAL,
				  "a name that begins with - is an option to most programs");
	/* The name of a line that can't be named is not kept: it goes into messages. */
	if (err)
		return tell(r, r->number, err);
	r->line.volume.name = strdup(word);
	if (!r->line.volume.name)
		return envol_error(r->ev, -ENOMEM, "out of memory");
	for (i = 0; i < r->table->n_volumes; i++)
		if (strcmp(r->table->volumes[i].name, word) == 0)
			return tell(r, r->number,
				    envol_error(r->ev, -EEXIST,
						"line %u has a volume of that name already",
						r->table->volumes[i].line));
	return 0;
}

static int take_device(struct reader *r, const char *word)
{
	int err = envol_entry_check_device(r->ev, "device", word);

	if (err)
		err = tell(r, r->number, err);
	if (err)
		return err;
	r->line.volume.device = strdup(word);
	return r->line.volume.device ? 0 : envol_error(r->ev, -ENOMEM,
						       "out of memory");
}

static int take_word(struct reader *r, const char *word)
{
	if (strlen(word) > WORD_MAX)
		return tell(r, r->number,
			    envol_error(r->ev, -EINVAL,
					"a word of more than %d bytes",
					WORD_MAX));
	switch (r->n_words++) {
	case 0:
		return take_name(r, word);
	case 1:
		return take_device(r, word);
	default:
		return tell(r, r->number,
			    envol_entry_take(r->ev, &r->line, word));
	}
}

static void begin_volume(struct reader *r)
{
	r->line = (struct envol_entry){
		.volume = { .line = r->number,
			    .timeout_s = ENVOL_BOOT_TIMEOUT_S,
			    .retries = ENVOL_BOOT_RETRIES_ALL },
	};
	r->n_words = 0;
	r->first_defect = r->table->n_defects;
	r->is_open = true;
	r->is_defective = r->is_early = false;
}

/* A mistake in an option makes what depends on it look wrong too. */
static int check_whole(struct reader *r)
{
	unsigned int number = r->line.volume.line;
	size_t n = 0;
	int err = 0;

	if (r->n_words < 2)
		return tell(r, number,
			    envol_error(r->ev, -EINVAL,
					"no device: a line is NAME DEVICE OPTION..."));
	while (!err && !r->is_defective) {
		int found = envol_entry_check(r->ev, &r->line, n++);

		if (found == -ENOENT)
			break;
		err = tell(r, number, found);
	}
	return err;
}

static void mark_early(struct reader *r)
{
	struct envol_boot_table *t = r->table;
	size_t i;

	for (i = r->first_defect; r->is_early && i < t->n_defects; i++)
		t->defects[i].initramfs = true;
}

static int end_volume(struct reader *r)
{
	struct envol_boot_table *t = r->table;
	struct envol_boot_volume *grown;
	int err;

	if (!r->is_open)
		return 0;
	r->is_open = false;
	err = check_whole(r);
	mark_early(r);
	if (!err && !r->is_defective) {
		grown = reallocarray(t->volumes, t->n_volumes + 1,
				     sizeof(*grown));
		if (grown) {
			t->volumes = grown;
			grown[t->n_volumes++] = r->line.volume;
			r->line.volume = (struct envol_boot_volume){ 0 };
		} else {
			err = envol_error(r->ev, -ENOMEM, "out of memory");
		}
	}
	free_volume(&r->line.volume);
	r->line.volume = (struct envol_boot_volume){ 0 };
	return err;
}

static int check_bytes(struct reader *r, const char *text)
{
	const char *at;

	for (at = text; *at; at++)
		if (iscntrl((unsigned char)*at) && *at != '\t')
			return envol_error(r->ev, -EINVAL,
					   "a control character, in byte %zu%s",
					   (size_t)(at - text) + 1,
					   *at == '\r' ? ": lines end with a newline alone" : "");
	return 0;
}

static int read_words(struct reader *r, char *text)
{
	char *word;
	int err = 0;

	while (!err && (word = strsep(&text, " \t"))) {
		if (*word == '#')
			return 0;
		if (*word)
			err = take_word(r, word);
	}
	return err;
}

/*
 * Whether the line is for the initramfs, however the word is spelled: a mistyped one must
 * not be why the volume that root lies on is left out.
 */
static bool looks_early(const char *text)
{
	for (; *text; text += strcspn(text, " \t")) {
		text += strspn(text, " \t");
		if (*text == '#')
			return false;
		if (strncasecmp(text, "initr", strlen("initr")) == 0)
			return true;
	}
	return false;
}

/* A comment may stand between a line and what goes on with it. */
static int read_line(struct reader *r, char *text)
{
	bool is_indented = *text == ' ' || *text == '\t';
	const char *first = text + strspn(text, " \t");
	int err = 0, bad;

	if (*first == '#')
		return 0;
	if (!is_indented || !*first)
		err = end_volume(r);
	if (err || !*first)
		return err;
	bad = check_bytes(r, text);
	if (is_indented && !r->is_open) {
		begin_volume(r);
		r->is_open = false;
		r->is_early = looks_early(text);
		err = tell(r, r->number,
			   envol_error(r->ev, -EINVAL,
				       "begins with white space, and there is no line that it goes on with"));
		mark_early(r);
		return err;
	}
	if (!is_indented)
		begin_volume(r);
	r->is_early |= looks_early(text);
	if (!bad)
		return read_words(r, text);
	/* Of such a line nothing is taken, and so the rest of the volume is no volume. */
	r->n_words = r->n_words < 2 ? 2 : r->n_words;
	return tell(r, r->number, bad);
}

int envol_boot_parse(struct envol *ev, const char *name, const char *text,
		     size_t len, struct envol_boot_table *table)
{
	struct reader r = { .ev = ev, .file = name, .table = table };
	_cleanup_free_ char *copy = strndup(len ? text : "", len);
	char *rest = copy, *line;
	int err = 0;

	*table = (struct envol_boot_table){ 0 };
	if (!copy)
		return envol_error(ev, -ENOMEM, "out of memory");
	while (!err && (line = strsep(&rest, "\n"))) {
		r.number++;
		err = read_line(&r, line);
	}
	if (!err)
		err = end_volume(&r);
	/* What stands behind a NUL byte was not read. */
	if (!err && len && memchr(text, 0, len)) {
		begin_volume(&r);
		r.is_early = true;
		err = tell(&r, r.number,
			   envol_error(ev, -EINVAL,
				       "a NUL byte: nothing behind it is read"));
		mark_early(&r);
	}
	free_volume(&r.line.volume);
	if (err)
		envol_boot_table_free(table);
	return err;
}

/* ---- the file ---- */

/* It says which keys may be used and what may be overwritten: who can write it is root. */
static int check_file(struct envol *ev, const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return envol_error(ev, -EPERM, "%s: not a regular file", path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return envol_error(ev, -EPERM,
				   "%s: owned by user %ju; make root its owner",
				   path, (uintmax_t)st->st_uid);
	if (st->st_mode & 0022)
		return envol_error(ev, -EPERM,
				   "%s: others may write it; run chmod go-w on it",
				   path);
	if (st->st_size > ENVOL_BOOT_FILE_MAX)
		return envol_error(ev, -EFBIG, "%s: larger than %u bytes", path,
				   ENVOL_BOOT_FILE_MAX);
	return 0;
}

int envol_boot_load(struct envol *ev, const char *path,
		    struct envol_boot_table *table)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	int err;

	*table = (struct envol_boot_table){ 0 };
	if (!path)
		path = ENVOL_BOOT_TABLE;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s", path);
	if (fstat(fd, &st))
		return envol_error_errno(ev, -errno, "stat %s", path);
	err = check_file(ev, path, &st);
	if (err)
		return err;
	text = malloc(st.st_size + 1);
	if (!text)
		return envol_error(ev, -ENOMEM, "%s: out of memory", path);
	err = envol_file_pread(fd, text, st.st_size, 0);
	if (err)
		return envol_error_errno(ev, err, "read %s", path);
	return envol_boot_parse(ev, path, text, st.st_size, table);
}

int envol_boot_find(struct envol *ev, const struct envol_boot_table *table,
		    const char *name, const struct envol_boot_volume **volume)
{
	size_t i;

	for (i = 0; i < table->n_volumes; i++)
		if (strcmp(table->volumes[i].name, name) == 0) {
			*volume = &table->volumes[i];
			return 0;
		}
	for (i = 0; i < table->n_defects; i++)
		if (table->defects[i].name &&
		    strcmp(table->defects[i].name, name) == 0)
			return envol_error(ev, -EINVAL, "%s",
					   table->defects[i].sentence);
	return envol_error(ev, -ENOENT, "the table has no volume %s", name);
}

int envol_boot_check_initramfs(struct envol *ev,
			       const struct envol_boot_table *table)
{
	size_t i;

	for (i = 0; i < table->n_defects; i++)
		if (table->defects[i].initramfs)
			return envol_error(ev, -EINVAL, "%s",
					   table->defects[i].sentence);
	return 0;
}
