// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fio through the device itself, dm-crypt with and without each of its performance flags,
 * and envol: each load on each mapping in turn, several rounds, the best one counts. CPU
 * time is the whole machine's, since most of dm-crypt's is spent in kernel threads.
 */
#include "tools/bench/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tools/bench/fail.h"
#include "tools/bench/fio.h"
#include "tools/bench/mapping.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN_BYTES (16ull << 20)
#define GIB (1024.0 * 1024 * 1024)

static const struct envol_fio_load loads[] = {
	{ "4K random read, depth 1", "randread", 4096, 1 },
	{ "4K random write, depth 1", "randwrite", 4096, 1 },
	{ "4K random read, depth 32", "randread", 4096, 32 },
	{ "4K random write, depth 32", "randwrite", 4096, 32 },
	{ "1M read, depth 4", "read", 1048576, 4 },
	{ "1M write, depth 4", "write", 1048576, 4 },
};

static const struct envol_mapping mappings[] = {
	{ .title = "device itself" },
	{ .title = "crypt", .target = "crypt", .options = "" },
	{ .title = "crypt same_cpu", .target = "crypt", .options = "same_cpu_crypt" },
	{ .title = "crypt submit_from", .target = "crypt", .options = "submit_from_crypt_cpus" },
	{ .title = "crypt no_read_wq", .target = "crypt", .options = "no_read_workqueue" },
	{ .title = "crypt no_write_wq", .target = "crypt", .options = "no_write_workqueue" },
	{ .title = "crypt no_rw_wq", .target = "crypt",
	  .options = "no_read_workqueue no_write_workqueue" },
	{ .title = "crypt high_priority", .target = "crypt", .options = "high_priority" },
	{ .title = "envol", .target = "envol", .options = "" },
};

#define CRYPT 1
#define ENVOL (ARRAY_SIZE(mappings) - 1)

struct bench {
	const struct envol_device_options *options;
	uint64_t bytes;
	struct envol_mapping mappings[ARRAY_SIZE(mappings)];
	bool usable[ARRAY_SIZE(mappings)];
	struct envol_fio_result best[ARRAY_SIZE(loads)][ARRAY_SIZE(mappings)];
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	interrupted = 1;
}

/* ---- the device ---------------------------------------------------------- */

/* The size of a block device that nobody uses: mounts, mappings and RAID hold theirs. */
static int open_unused(const char *path, uint64_t *bytes)
{
	struct stat st;
	int fd, err = 0;

	if (stat(path, &st) < 0)
		return envol_fail_with(-errno, "%s: %s", path, strerror(errno));
	if (!S_ISBLK(st.st_mode))
		return envol_fail_with(-ENOTBLK, "%s is not a block device", path);
	fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY)
		return envol_fail_with(-EBUSY, "%s is in use", path);
	if (fd < 0)
		return envol_fail_with(-errno, "%s: %s", path, strerror(errno));
	if (ioctl(fd, BLKGETSIZE64, bytes) < 0)
		err = envol_fail_with(-errno, "%s: %s", path, strerror(errno));
	else if (*bytes < MIN_BYTES)
		err = envol_fail_with(-ENOSPC, "%s has less than 16 MiB", path);
	close(fd);
	return err;
}

/* The answer comes from the terminal, whatever stdin is. */
static int confirm(const struct envol_device_options *options, uint64_t bytes)
{
	char line[256] = "";
	FILE *tty;

	if (options->yes)
		return 0;
	tty = fopen("/dev/tty", "r+e");
	if (!tty)
		return envol_fail_with(-EPERM, "no terminal to ask: everything on %s would be lost; say --yes",
				       options->path);
	fprintf(tty, "Everything on %s (%.1f GiB) will be lost. Type its path to go on: ",
		options->path, (double)bytes / GIB);
	fflush(tty);
	if (!fgets(line, sizeof(line), tty))
		line[0] = '\0';
	fclose(tty);
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, options->path) != 0)
		return envol_fail_with(-EPERM, "not confirmed");
	return 0;
}

/* ---- the run ------------------------------------------------------------- */

/* Flags that this kernel does not know leave their mapping out. */
static int create_mappings(struct bench *bench)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(mappings); i++) {
		err = envol_mapping_create(&bench->mappings[i], bench->options->path,
					   bench->bytes / 512, bench->options->du_size);
		if (err && err != -EOPNOTSUPP)
			return err;
		bench->usable[i] = !err;
	}
	return envol_mapping_prove(&bench->mappings[CRYPT], &bench->mappings[ENVOL]);
}

/* Those that were asked for; all of them where nobody asked. */
static bool is_wanted(const struct bench *bench, size_t load)
{
	const char *text = bench->options->load;

	return !text || strstr(loads[load].name, text);
}

static int check_loads(const struct bench *bench)
{
	size_t load;

	for (load = 0; load < ARRAY_SIZE(loads); load++)
		if (is_wanted(bench, load))
			return 0;
	return envol_fail_with(-EINVAL, "no load has \"%s\" in its name; they are like \"%s\" and \"%s\"",
			       bench->options->load, loads[0].name,
			       loads[ARRAY_SIZE(loads) - 1].name);
}

static int run_load(struct bench *bench, size_t load, size_t mapping)
{
	struct envol_fio_result result, *best = &bench->best[load][mapping];
	char path[256];
	int err;

	envol_mapping_path(&bench->mappings[mapping], bench->options->path, path);
	err = envol_fio_run(&loads[load], path, bench->options->runtime_s, &result);
	if (!err && result.bytes_per_s > best->bytes_per_s)
		*best = result;
	return interrupted ? envol_fail_with(-EINTR, "interrupted") : err;
}

static int run_rounds(struct bench *bench)
{
	unsigned int round;
	size_t load, mapping;
	int err;

	for (round = 0; round < bench->options->rounds; round++)
		for (load = 0; load < ARRAY_SIZE(loads); load++)
			for (mapping = 0; mapping < ARRAY_SIZE(mappings); mapping++) {
				if (!bench->usable[mapping] || !is_wanted(bench, load))
					continue;
				err = run_load(bench, load, mapping);
				if (err)
					return err;
			}
	return 0;
}

/* ---- what came out ------------------------------------------------------- */

enum column { LOAD, MAPPING, RATE, IOPS, MEAN, P99, CPU, OF_CRYPT };

static const struct envol_report_column columns[] = {
	[LOAD] = { "load", "load", ENVOL_REPORT_TEXT },
	[MAPPING] = { "mapping", "mapping", ENVOL_REPORT_TEXT },
	[RATE] = { "mb_per_s", "MB/s", 1 },
	[IOPS] = { "iops", "IOPS", 0 },
	[MEAN] = { "mean_us", "mean us", 1 },
	[P99] = { "p99_us", "p99 us", 1 },
	[CPU] = { "cpu_s_per_gib", "CPU s/GiB", 3 },
	[OF_CRYPT] = { "times_crypt", "x crypt", 2 },
	{ 0 },
};

static int report_result(const struct bench *bench, size_t load, size_t mapping,
			 struct envol_report *report)
{
	const struct envol_fio_result *best = &bench->best[load][mapping];
	struct envol_report_cell cells[ENVOL_REPORT_COLUMNS] = {
		[LOAD].text = loads[load].name,
		[MAPPING].text = bench->mappings[mapping].title,
		[RATE].number = best->bytes_per_s / 1e6,
		[IOPS].number = best->iops,
		[MEAN].number = best->mean_us,
		[P99].number = best->p99_us,
		[CPU].number = best->cpu_s / (best->bytes / GIB),
		[OF_CRYPT].number = best->bytes_per_s / bench->best[load][CRYPT].bytes_per_s,
	};
	size_t i;

	for (i = RATE; !bench->usable[mapping] && i <= OF_CRYPT; i++)
		cells[i].number = NAN;
	return envol_report_row(report, cells);
}

static int fill_report(const struct bench *bench, struct envol_report *report)
{
	const struct envol_device_options *options = bench->options;
	size_t load, mapping;
	struct utsname uts;
	int err;

	envol_report_init(report, "device", columns);
	uname(&uts);
	err = envol_report_fact(report, "kernel", "%s", uts.release);
	if (!err)
		err = envol_report_fact(report, "device", "%s, %.1f GiB", options->path,
					(double)bench->bytes / GIB);
	if (!err)
		err = envol_report_fact(report, "mappings", "AES-256-XTS, data units of %u bytes",
					options->du_size);
	if (!err)
		err = envol_report_fact(report, "runs", "best of %u of %u s each",
					options->rounds, options->runtime_s);
	for (load = 0; load < ARRAY_SIZE(loads); load++)
		for (mapping = 0; !err && is_wanted(bench, load) &&
		     mapping < ARRAY_SIZE(mappings); mapping++)
			err = report_result(bench, load, mapping, report);
	return err ? envol_fail_with(err, "out of memory") : 0;
}

int envol_device_run(const struct envol_device_options *options,
		     struct envol_report *report)
{
	static struct bench bench;
	struct sigaction action = { .sa_handler = on_signal };
	size_t i;
	int err;

	*report = (struct envol_report){ 0 };
	bench = (struct bench){ .options = options };
	memcpy(bench.mappings, mappings, sizeof(mappings));
	if (geteuid() != 0)
		return envol_fail_with(-EPERM, "a device is measured as root");
	err = check_loads(&bench);
	if (!err)
		err = open_unused(options->path, &bench.bytes);
	if (!err)
		err = confirm(options, bench.bytes);
	if (!err)
		err = envol_mapping_prepare();
	if (err)
		return err;

	/* From here on an interrupt ends the run in order: mappings do not stay behind. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	err = create_mappings(&bench);
	if (!err)
		err = run_rounds(&bench);
	for (i = 0; i < ARRAY_SIZE(mappings); i++)
		envol_mapping_remove(&bench.mappings[i]);
	return err ? err : fill_report(&bench, report);
}
