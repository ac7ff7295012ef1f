// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/bench/fio.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bench/command.h"
#include "tools/bench/fail.h"

#define PERCENTILE "99.000000"

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (object && json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, name, &value);
	return value;
}

static int get_number(struct json_object *object, const char *name, double *number)
{
	struct json_object *value = member(object, name);

	if (!value || (!json_object_is_type(value, json_type_double) &&
		       !json_object_is_type(value, json_type_int)))
		return -EBADMSG;
	*number = json_object_get_double(value);
	return 0;
}

/* @way is "read" or "write" of one of fio's jobs; the one that did nothing has no bytes. */
static int parse_way(struct json_object *way, struct envol_fio_result *result)
{
	struct json_object *clat = member(way, "clat_ns");
	double mean_ns, p99_ns;

	if (get_number(way, "io_bytes", &result->bytes))
		return -EBADMSG;
	if (result->bytes == 0)
		return -ENODATA;
	if (get_number(way, "bw_bytes", &result->bytes_per_s) ||
	    get_number(way, "iops", &result->iops) ||
	    get_number(clat, "mean", &mean_ns) ||
	    get_number(member(clat, "percentile"), PERCENTILE, &p99_ns))
		return -EBADMSG;
	result->mean_us = mean_ns / 1000;
	result->p99_us = p99_ns / 1000;
	return 0;
}

int envol_fio_parse(const char *json, struct envol_fio_result *result)
{
	struct json_object *root, *jobs, *job;
	const char *start = strchr(json, '{');	/* warnings come first */
	int err;

	root = start ? json_tokener_parse(start) : NULL;
	jobs = member(root, "jobs");
	job = jobs && json_object_is_type(jobs, json_type_array) ?
		      json_object_array_get_idx(jobs, 0) : NULL;
	err = parse_way(member(job, "read"), result);
	if (err == -ENODATA)
		err = parse_way(member(job, "write"), result);
	json_object_put(root);
	return err ? -EBADMSG : 0;
}

/* proc(5): user nice system idle iowait irq softirq steal guest guest_nice. */
uint64_t envol_fio_busy_ticks(const char *stat)
{
	unsigned long long user, nice, system, idle, iowait, irq, softirq;

	if (sscanf(stat, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
		   &idle, &iowait, &irq, &softirq) != 7)
		return 0;
	return user + nice + system + irq + softirq;
}

static double busy_s(void)
{
	char line[256] = "";
	FILE *stat = fopen("/proc/stat", "re");

	if (stat) {
		if (!fgets(line, sizeof(line), stat))
			line[0] = '\0';
		fclose(stat);
	}
	return (double)envol_fio_busy_ticks(line) / (double)sysconf(_SC_CLK_TCK);
}

int envol_fio_run(const struct envol_fio_load *load, const char *path,
		  unsigned int runtime_s, struct envol_fio_result *result)
{
	char filename[512], rw[32], bs[32], depth[32], runtime[32];
	const char *const argv[] = {
		"fio", "--name=envol-bench", "--output-format=json", "--ioengine=libaio",
		"--direct=1", "--time_based", "--randrepeat=0", "--norandommap",
		"--group_reporting", filename, rw, bs, depth, runtime, NULL,
	};
	double before = busy_s();
	char *json;
	int err;

	snprintf(filename, sizeof(filename), "--filename=%s", path);
	snprintf(rw, sizeof(rw), "--rw=%s", load->rw);
	snprintf(bs, sizeof(bs), "--bs=%u", load->bytes);
	snprintf(depth, sizeof(depth), "--iodepth=%u", load->depth);
	snprintf(runtime, sizeof(runtime), "--runtime=%u", runtime_s);
	err = envol_command_run(argv, &json);
	if (err == -ENOENT)
		return envol_fail_with(err, "fio is not installed");
	if (err)
		return envol_fail_with(err, "fio %s %s: %s", rw, filename, strerror(-err));
	err = envol_fio_parse(json, result);
	free(json);
	if (err)
		return envol_fail_with(err, "fio's output is not understood");
	result->cpu_s = busy_s() - before;
	return 0;
}
