// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * envol-generator: systemd.generator(7) of the table of volumes. For each line a drop-in
 * of envol@NAME.service says what it waits for, and links say what waits for it. A line
 * with a mistake becomes a unit that fails with what is wrong; the others are as they would
 * be without it. Nothing here is a reason not to start.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/boot/systemd/unit_name.h"
#include "userspace/include/envol_boot.h"

#define UNITS "/usr/lib/systemd/system"

struct generator {
	const char *directory;	/* for generated units */
	const char *table;	/* path of the table */
	bool is_initrd;
	bool failed;
};

static void complain(struct generator *g, const char *doing, const char *path)
{
	fprintf(stderr, "envol-generator: %s %s: %s\n", doing, path,
		strerror(errno));
	g->failed = true;
}

/* ---- files ---- */

/* @path below the directory, with the directory that it lies in. */
static bool make_place(struct generator *g, char full[PATH_MAX], const char *fmt,
		       va_list args)
{
	char relative[PATH_MAX / 2], *slash;
	int len = vsnprintf(relative, sizeof(relative), fmt, args);

	if (len < 0 || (size_t)len >= sizeof(relative) ||
	    snprintf(full, PATH_MAX, "%s/%s", g->directory, relative) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		complain(g, "make a name below", g->directory);
		return false;
	}
	slash = strrchr(full, '/');
	*slash = 0;
	if (mkdir(full, 0755) && errno != EEXIST) {
		complain(g, "make", full);
		return false;
	}
	*slash = '/';
	return true;
}

__attribute__((format(printf, 2, 3)))
static FILE *create(struct generator *g, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	FILE *f = NULL;
	bool is_made;

	va_start(args, fmt);
	is_made = make_place(g, path, fmt, args);
	va_end(args);
	if (!is_made)
		return NULL;
	f = fopen(path, "wxe");
	if (!f)
		complain(g, "create", path);
	else
		fprintf(f, "# From %s, by envol-generator.\n", g->table);
	return f;
}

static void finish(struct generator *g, FILE *f)
{
	bool is_written = f && !ferror(f);

	if (f && (fclose(f) || !is_written))
		complain(g, "write to", g->directory);
}

__attribute__((format(printf, 3, 4)))
static void link_to(struct generator *g, const char *target, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	bool is_made;

	va_start(args, fmt);
	is_made = make_place(g, path, fmt, args);
	va_end(args);
	if (is_made && symlink(target, path) && errno != EEXIST)
		complain(g, "link", path);
}

/* ---- one volume ---- */

struct names {
	char service[UNIT_NAME_MAX];	/* envol@data.service */
	char mapping[UNIT_NAME_MAX];	/* dev-mapper-data.device */
	char users[UNIT_NAME_MAX];	/* blockdev@dev-mapper-data.target */
	char device[UNIT_NAME_MAX];	/* that it lies on; "": an image file */
};

/* The link of udev that a tag stands for. */
static void device_path(const char *device, char path[PATH_MAX])
{
	static const char *const links[][2] = {
		{ "UUID=", "by-uuid" },		{ "LABEL=", "by-label" },
		{ "PARTUUID=", "by-partuuid" }, { "PARTLABEL=", "by-partlabel" },
		{ "ID=", "by-id" },
	};
	size_t i;

	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		size_t len = strlen(links[i][0]);

		if (strncmp(device, links[i][0], len) == 0) {
			snprintf(path, PATH_MAX, "/dev/disk/%s/%s", links[i][1],
				 device + len);
			return;
		}
	}
	snprintf(path, PATH_MAX, "%s", device);
}

static bool find_names(struct generator *g, const char *name, const char *device,
		       struct names *names)
{
	char path[PATH_MAX];
	bool ok = unit_name_instance(names->service, "envol@", name, ".service");

	snprintf(path, sizeof(path), "/dev/mapper/%s", name);
	ok = ok && unit_name_path(names->mapping, "", path, ".device") &&
	     unit_name_path(names->users, "blockdev@", path, ".target");
	names->device[0] = 0;
	if (ok && device) {
		device_path(device, path);
		/* Without a name of systemd's only the order is lost: envol waits for the device itself. */
		if (strncmp(path, "/dev/", strlen("/dev/")) == 0 &&
		    !unit_name_path(names->device, "", path, ".device"))
			names->device[0] = 0;
	}
	if (!ok) {
		errno = ENAMETOOLONG;
		complain(g, "name a unit for", name);
	}
	return ok;
}

/* Quoted, with specifiers doubled, as a value of a unit wants it. */
static void write_path(FILE *f, const char *key, const char *path)
{
	fprintf(f, "%s=\"", key);
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			fputc('\\', f);
		if (*path == '%')
			fputc('%', f);
		fputc(*path, f);
	}
	fprintf(f, "\"\n");
}

static bool is_printable(const char *path)
{
	while ((unsigned char)*path >= ' ')
		path++;
	return !*path;
}

/* A device or image that another file system or volume has first. */
static void write_source(FILE *f, const char *source, const char *device_unit)
{
	if (*device_unit)
		fprintf(f, "After=%s\n", device_unit);
	else if (*source == '/' && strncmp(source, "/dev/", strlen("/dev/")) != 0 &&
		 is_printable(source))
		write_path(f, "RequiresMountsFor", source);
}

/*
 * The device is not required but waited for by envol itself, which then says what is
 * missing; a job of systemd's that runs out of time says "dependency".
 */
static void write_unit_section(FILE *f, const struct envol_boot_volume *v,
			       const struct names *names, bool is_initrd)
{
	fprintf(f, "[Unit]\n");
	write_source(f, v->device, names->device);
	if (v->header && strncmp(v->header, "/dev/", strlen("/dev/")) != 0)
		write_source(f, v->header, "");
	if (v->network)
		fprintf(f, "Wants=network-online.target\n"
			   "After=network-online.target remote-fs-pre.target\n");
	else
		fprintf(f, "After=cryptsetup-pre.target\n");
	/* What is mounted from it comes after that target, and so goes before the volume. */
	fprintf(f, "Wants=%s\nBefore=%s\n", names->users, names->users);
	if (!v->noauto)
		fprintf(f, "Before=%s\n", v->network ? "remote-cryptsetup.target" :
						       "cryptsetup.target");
	/* What root lies on is never closed; the initramfs does not unmount it either. */
	if (!is_initrd && !v->initramfs)
		fprintf(f, "Conflicts=umount.target\nBefore=umount.target\n");
}

static void want(struct generator *g, const char *target, const char *how,
		 const struct names *names)
{
	link_to(g, UNITS "/envol@.service", "%s.%s/%s", target, how,
		names->service);
}

static void hook_up(struct generator *g, const struct envol_boot_volume *v,
		    const struct names *names)
{
	const char *how = v->nofail ? "wants" : "requires";

	/* Whoever needs the mapping has it opened, and learns at once that it can't be. */
	want(g, names->mapping, "requires", names);
	if (v->noauto)
		return;
	want(g, v->network ? "remote-cryptsetup.target" : "cryptsetup.target",
	     how, names);
	/* Not every distribution enables it. */
	if (v->network)
		link_to(g, UNITS "/remote-cryptsetup.target",
			"%s.wants/remote-cryptsetup.target",
			g->is_initrd ? "initrd.target" : "multi-user.target");
}

static void generate_volume(struct generator *g, const struct envol_boot_volume *v)
{
	struct names names;
	FILE *f;

	if (!find_names(g, v->name, v->device, &names))
		return;
	f = create(g, "%s.d/50-table.conf", names.service);
	if (!f)
		return;
	write_unit_section(f, v, &names, g->is_initrd);
	/* Its own time is the table's; this is for a kernel or vendor library that hangs. */
	fprintf(f, "\n[Service]\nTimeoutStartSec=%us\n", v->timeout_s + 120);
	if (v->initramfs)
		fprintf(f, "ExecStop=\n");
	finish(g, f);
	/* A mount waits as long as the open takes, and no longer. */
	f = create(g, "%s.d/50-envol.conf", names.mapping);
	if (f)
		fprintf(f, "[Unit]\nJobTimeoutSec=infinity\nJobRunningTimeoutSec=%us\n",
			v->timeout_s + 150);
	finish(g, f);
	hook_up(g, v, &names);
}

/* ---- mistakes ---- */

static bool has_volume(const struct envol_boot_table *table, const char *name)
{
	size_t i;

	for (i = 0; i < table->n_volumes; i++)
		if (strcmp(table->volumes[i].name, name) == 0)
			return true;
	return false;
}

/* One that names no volume, or one that another line has: all of the table is shown. */
static void generate_complaint(struct generator *g)
{
	FILE *f = create(g, "envol-table.service");

	if (f)
		fprintf(f,
			"[Unit]\nDescription=Mistakes in %s\n"
			"Documentation=man:envol-volumes(5)\n\n"
			"[Service]\nType=oneshot\nExecStart=/usr/bin/env PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin envol boot check --volumes %s\n",
			g->table, g->table);
	finish(g, f);
	link_to(g, "../envol-table.service", "multi-user.target.wants/envol-table.service");
}

/* "envol boot open" of it says what is wrong. */
static void generate_failing(struct generator *g, const char *name)
{
	struct names names;

	if (!find_names(g, name, NULL, &names))
		return;
	want(g, names.mapping, "requires", &names);
	want(g, "cryptsetup.target", "wants", &names);
}

static void generate(struct generator *g, const struct envol_boot_table *table)
{
	bool is_anonymous = false;
	size_t i;

	for (i = 0; i < table->n_volumes; i++)
		if (!g->is_initrd || table->volumes[i].initramfs)
			generate_volume(g, &table->volumes[i]);
	for (i = 0; i < table->n_defects && !g->is_initrd; i++) {
		const char *name = table->defects[i].name;

		fprintf(stderr, "envol-generator: %s\n", table->defects[i].sentence);
		if (name && !has_volume(table, name))
			generate_failing(g, name);
		else
			is_anonymous = true;
	}
	if (is_anonymous)
		generate_complaint(g);
}

static bool is_in_initrd(void)
{
	const char *told = getenv("SYSTEMD_IN_INITRD");

	if (told)
		return strcmp(told, "1") == 0;
	return access("/etc/initrd-release", F_OK) == 0;
}

/* The fourth argument is for tests: systemd gives three directories. */
int main(int argc, char **argv)
{
	struct generator g = {
		.directory = argc > 1 ? argv[1] : NULL,
		.table = argc > 4 ? argv[4] : ENVOL_BOOT_TABLE,
		.is_initrd = is_in_initrd(),
	};
	struct envol_boot_table table;
	struct envol *ev;
	int err;

	if (argc < 4) {
		fprintf(stderr, "envol-generator: NORMAL EARLY LATE, see systemd.generator(7)\n");
		return 1;
	}
	if (envol_new(&ev))
		return 1;
	err = envol_boot_load(ev, g.table, &table);
	if (!err) {
		generate(&g, &table);
		envol_boot_table_free(&table);
	} else if (err != -ENOENT) {
		fprintf(stderr, "envol-generator: %s\n", envol_error_message(ev));
		if (!g.is_initrd)
			generate_complaint(&g);
	}
	envol_free(ev);
	return g.failed;
}
