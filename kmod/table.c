// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table line ⇄ struct envol_table. The grammar is dm-crypt's, less what is
 * refused, so that the same arguments make the same mapping under the target
 * "crypt"; options are written in the order in which dm-crypt writes them.
 */
#include "kmod/table.h"

#define U64_LIMIT (~(u64)0)
#define DECIMAL_DIGITS 20 /* of U64_LIMIT */

static const struct {
	const char *name;
	u32 flag;
} flag_options[] = {
	{ ENVOL_OPTION_ALLOW_DISCARDS, ENVOL_TABLE_ALLOW_DISCARDS },
	{ ENVOL_OPTION_SAME_CPU, ENVOL_TABLE_SAME_CPU },
	{ ENVOL_OPTION_SUBMIT_CPUS, ENVOL_TABLE_SUBMIT_CPUS },
	{ ENVOL_OPTION_HIGH_PRIORITY, ENVOL_TABLE_HIGH_PRIORITY },
	{ ENVOL_OPTION_NO_READ_WQ, ENVOL_TABLE_NO_READ_WQ },
	{ ENVOL_OPTION_NO_WRITE_WQ, ENVOL_TABLE_NO_WRITE_WQ },
	{ ENVOL_OPTION_IV_LARGE_SECTORS, ENVOL_TABLE_IV_LARGE_SECTORS },
	{ ENVOL_OPTION_ALLOW_WEAK_KEY, ENVOL_TABLE_ALLOW_WEAK_KEY },
};

#define FLAG_OPTIONS (sizeof(flag_options) / sizeof(flag_options[0]))

static int refuse(const char **why, const char *sentence)
{
	*why = sentence;
	return -EINVAL;
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Digits and nothing else, less than 2^64. The digits end at @end. */
static bool parse_u64(const char *s, const char *end, u64 *value)
{
	u64 v = 0;

	if (s == end)
		return false;
	for (; s != end; s++) {
		unsigned int digit = (unsigned char)*s - '0';

		if (digit > 9 || v > U64_LIMIT / 10 || v * 10 > U64_LIMIT - digit)
			return false;
		v = v * 10 + digit;
	}
	*value = v;
	return true;
}

static bool parse_whole_u64(const char *s, u64 *value)
{
	return parse_u64(s, s + strlen(s), value);
}

static bool du_size_is_valid(u64 size)
{
	return size == 512 || size == 1024 || size == 2048 || size == 4096;
}

static bool is_whole_units(const struct envol_table *t, u64 sectors)
{
	return sectors % (t->du_size / ENVOL_TABLE_SECTOR) == 0;
}

/* What the kernel's isspace() says: Latin-1's hard blank counts. */
static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (unsigned char)c == 0xa0;
}

/*
 * Blanks and backslashes would not survive dmsetup's and the kernel's splitting
 * alike, and control characters would end up in the kernel log.
 */
static bool description_is_valid(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || is_blank(*s) || *s == '\\' || *s == 0x7f)
			return false;
	return true;
}

static bool engine_is_valid(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '-'))
			return false;
	return true;
}

int envol_table_parse_key(struct envol_table *t, const char *arg,
			  const char **why)
{
	const char *type, *description;
	u64 size;

	if (strcmp(arg, "-") == 0)
		return refuse(why, "no key: give :<32|64>:logon:<description>");
	if (*arg != ':')
		return refuse(why, "a key in the table is refused: load it into the kernel keyring and give :<32|64>:logon:<description>");
	type = strchr(arg + 1, ':');
	if (!type || !parse_u64(arg + 1, type, &size))
		return refuse(why, "key reference is not :<32|64>:logon:<description>");
	if (size != 32 && size != 64)
		return refuse(why, "key size is neither 32 nor 64 bytes");
	type++;
	description = strchr(type, ':');
	if (!description)
		return refuse(why, "key reference is not :<32|64>:logon:<description>");
	if (!starts_with(type, ENVOL_TABLE_KEY_TYPE ":"))
		return refuse(why, "key type is not logon");
	description++;
	if (!description_is_valid(description))
		return refuse(why, "key description is empty or holds blanks, backslashes or control characters");
	t->key_size = size;
	t->key_description = description;
	return 0;
}

static int parse_sector_size(struct envol_table *t, const char *value,
			     const char **why)
{
	u64 size;

	if (t->du_size)
		return refuse(why, "option given twice: sector_size");
	if (!parse_whole_u64(value, &size) || !du_size_is_valid(size))
		return refuse(why, "sector_size is none of 512, 1024, 2048, 4096");
	t->du_size = size;
	return 0;
}

static int parse_engine(struct envol_table *t, const char *value,
			const char **why)
{
	if (t->engine)
		return refuse(why, "option given twice: engine");
	if (!engine_is_valid(value))
		return refuse(why, "engine name is empty or holds other characters than a-z, 0-9 and -");
	t->engine = value;
	return 0;
}

static int parse_option(struct envol_table *t, const char *arg,
			const char **why)
{
	size_t i;

	if (starts_with(arg, ENVOL_OPTION_SECTOR_SIZE))
		return parse_sector_size(t, arg + strlen(ENVOL_OPTION_SECTOR_SIZE), why);
	if (starts_with(arg, ENVOL_OPTION_ENGINE))
		return parse_engine(t, arg + strlen(ENVOL_OPTION_ENGINE), why);
	for (i = 0; i < FLAG_OPTIONS; i++) {
		if (strcmp(arg, flag_options[i].name) != 0)
			continue;
		if (t->flags & flag_options[i].flag)
			return refuse(why, "option given twice");
		t->flags |= flag_options[i].flag;
		return 0;
	}
	if (starts_with(arg, "integrity"))
		return refuse(why, "integrity options are not supported: use dm-crypt");
	return refuse(why, "unknown option");
}

static int parse_options(struct envol_table *t, unsigned int argc, char **argv,
			 const char **why)
{
	unsigned int i;
	u64 count;
	int err;

	if (!argc)
		return 0;
	if (!parse_whole_u64(argv[0], &count) || count != argc - 1)
		return refuse(why, "number of options differs from the options given");
	for (i = 1; i < argc; i++) {
		err = parse_option(t, argv[i], why);
		if (err)
			return err;
	}
	return 0;
}

int envol_table_parse(struct envol_table *t, unsigned int argc, char **argv,
		      const char **why)
{
	int err;

	memset(t, 0, sizeof(*t));
	if (argc < 5)
		return refuse(why, "too few arguments: <cipher> <key> <iv_offset> <device> <start> [<#options> <option> ...]");
	if (strcmp(argv[0], ENVOL_TABLE_CIPHER) != 0)
		return refuse(why, "cipher is not " ENVOL_TABLE_CIPHER);
	err = envol_table_parse_key(t, argv[1], why);
	if (err)
		return err;
	if (!parse_whole_u64(argv[2], &t->iv_offset))
		return refuse(why, "iv_offset is not a number of sectors");
	if (!*argv[3])
		return refuse(why, "no device");
	t->device = argv[3];
	if (!parse_whole_u64(argv[4], &t->start_sector))
		return refuse(why, "start is not a number of sectors");
	err = parse_options(t, argc - 5, argv + 5, why);
	if (err)
		return err;
	if (!t->du_size)
		t->du_size = ENVOL_TABLE_SECTOR;
	if (!is_whole_units(t, t->iv_offset))
		return refuse(why, "iv_offset is not a multiple of sector_size");
	if (!is_whole_units(t, t->start_sector))
		return refuse(why, "start is not a multiple of sector_size");
	return 0;
}

int envol_table_check_length(const struct envol_table *t, u64 len_sectors,
			     const char **why)
{
	if (!is_whole_units(t, len_sectors))
		return refuse(why, "length is not a multiple of sector_size");
	if (t->start_sector > U64_LIMIT - len_sectors)
		return refuse(why, "start plus length exceeds 2^64 sectors");
	/*
	 * Without iv_large_sectors the tweak wraps at 2^64 as it does under
	 * dm-crypt. With it dm-crypt wraps before it divides, which no run of
	 * consecutive tweaks can express.
	 */
	if ((t->flags & ENVOL_TABLE_IV_LARGE_SECTORS) &&
	    t->iv_offset > U64_LIMIT - len_sectors)
		return refuse(why, "iv_offset plus length exceeds 2^64 sectors");
	return 0;
}

/* A text that grows in a buffer and remembers whether all of it went in. */
struct text {
	char *buf;
	size_t size;
	size_t len;
	bool cut;
};

static void put_char(struct text *text, char c)
{
	if (text->len + 1 < text->size)
		text->buf[text->len++] = c;
	else
		text->cut = true;
}

static void put_string(struct text *text, const char *s)
{
	while (*s)
		put_char(text, *s++);
}

static void put_u64(struct text *text, u64 v)
{
	char digits[DECIMAL_DIGITS];
	unsigned int n = 0;

	do {
		digits[n++] = '0' + v % 10;
		v /= 10;
	} while (v);
	while (n)
		put_char(text, digits[--n]);
}

/* What device-mapper's argument splitting takes for a blank or an escape. */
static void put_escaped(struct text *text, const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' || is_blank(*s))
			put_char(text, '\\');
		put_char(text, *s);
	}
}

static void put_options(struct text *text, const struct envol_table *t)
{
	bool has_size = t->du_size != ENVOL_TABLE_SECTOR;
	unsigned int count = has_size + !!t->engine;
	size_t i;

	for (i = 0; i < FLAG_OPTIONS; i++)
		count += !!(t->flags & flag_options[i].flag);
	if (!count)
		return;
	put_char(text, ' ');
	put_u64(text, count);
	for (i = 0; i < FLAG_OPTIONS; i++) {
		/* dm-crypt writes the size just before this one */
		if (has_size && flag_options[i].flag == ENVOL_TABLE_IV_LARGE_SECTORS) {
			put_string(text, " " ENVOL_OPTION_SECTOR_SIZE);
			put_u64(text, t->du_size);
		}
		if (t->flags & flag_options[i].flag) {
			put_char(text, ' ');
			put_string(text, flag_options[i].name);
		}
	}
	if (t->engine) {
		put_string(text, " " ENVOL_OPTION_ENGINE);
		put_string(text, t->engine);
	}
}

int envol_table_format(const struct envol_table *t, char *buf, size_t size)
{
	struct text text = { .buf = buf, .size = size };

	buf[0] = '\0';
	if ((t->key_size != 32 && t->key_size != 64) ||
	    !t->key_description || !description_is_valid(t->key_description) ||
	    !t->device || !*t->device || !du_size_is_valid(t->du_size) ||
	    !is_whole_units(t, t->iv_offset) ||
	    !is_whole_units(t, t->start_sector) ||
	    (t->engine && !engine_is_valid(t->engine)))
		return -EINVAL;

	put_string(&text, ENVOL_TABLE_CIPHER " :");
	put_u64(&text, t->key_size);
	put_string(&text, ":" ENVOL_TABLE_KEY_TYPE ":");
	put_string(&text, t->key_description);
	put_char(&text, ' ');
	put_u64(&text, t->iv_offset);
	put_char(&text, ' ');
	put_escaped(&text, t->device);
	put_char(&text, ' ');
	put_u64(&text, t->start_sector);
	put_options(&text, t);
	buf[text.len] = '\0';
	return text.cut ? -ENOSPC : 0;
}
