// SPDX-License-Identifier: GPL-2.0-or-later
/* envol-bench(1): options, and which benchmark. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bench/cipher.h"
#include "tools/bench/device.h"
#include "tools/bench/fail.h"

static const char usage[] =
	"usage: envol-bench [--json] cipher [OPTION…]\n"
	"       envol-bench [--json] device PATH [OPTION…]\n"
	"\n"
	"cipher         envol's engines, OpenSSL and the kernel's assembly in memory, one core\n"
	"  --engine NAME         this engine of ours alone\n"
	"  --key-size BITS       512 (AES-256, the default) or 256 (AES-128)\n"
	"  --kernel-cipher FILE  what kernel-cipher built from the kernel's source\n"
	"  --rounds N            slices of each load (default 200)\n"
	"  --slice MS            length of a slice, 1 to 100 (default 1)\n"
	"\n"
	"device         fio through PATH itself, dm-crypt and envol; what is on PATH is lost\n"
	"  --yes                 do not ask\n"
	"  --data-unit BYTES     512 or 4096 (the default)\n"
	"  --load TEXT           only loads whose name has TEXT, like \"4K\" or \"random read\"\n"
	"  --runtime S           seconds of each load, 1 to 3600 (default 2)\n"
	"  --rounds N            runs of each load, of which the best counts (default 3)\n"
	"\n"
	"  --json[=FILE]         one JSON document instead of a table, or in FILE beside it\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

struct arguments {
	bool json;
	const char *json_file;
	unsigned int rounds;	/* 0: the benchmark's own default */
	struct envol_cipher_options cipher;
	struct envol_device_options device;
};

enum option_id {
	OPT_JSON = 256, OPT_ENGINE, OPT_KEY_SIZE, OPT_KERNEL_CIPHER, OPT_ROUNDS, OPT_SLICE,
	OPT_YES, OPT_DATA_UNIT, OPT_LOAD, OPT_RUNTIME,
};

static const struct option long_options[] = {
	{ "json", optional_argument, NULL, OPT_JSON },
	{ "engine", required_argument, NULL, OPT_ENGINE },
	{ "key-size", required_argument, NULL, OPT_KEY_SIZE },
	{ "kernel-cipher", required_argument, NULL, OPT_KERNEL_CIPHER },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "slice", required_argument, NULL, OPT_SLICE },
	{ "yes", no_argument, NULL, OPT_YES },
	{ "data-unit", required_argument, NULL, OPT_DATA_UNIT },
	{ "load", required_argument, NULL, OPT_LOAD },
	{ "runtime", required_argument, NULL, OPT_RUNTIME },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static int parse_number(const char *name, const char *text, unsigned long min,
			unsigned long max, unsigned int *number)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n < min || n > max)
		return envol_fail_with(-EINVAL, "--%s takes a number from %lu to %lu, not \"%s\"",
				       name, min, max, text);
	*number = (unsigned int)n;
	return 0;
}

static int parse_option(int id, struct arguments *args)
{
	unsigned int number;
	int err;

	switch (id) {
	case OPT_JSON:
		args->json = !optarg;
		args->json_file = optarg;
		return 0;
	case OPT_ENGINE:
		args->cipher.engine = optarg;
		return 0;
	case OPT_KERNEL_CIPHER:
		args->cipher.kernel_cipher = optarg;
		return 0;
	case OPT_KEY_SIZE:
		if (strcmp(optarg, "256") != 0 && strcmp(optarg, "512") != 0)
			return envol_fail_with(-EINVAL, "--key-size takes 256 or 512, not \"%s\"",
					       optarg);
		args->cipher.key_len = strcmp(optarg, "256") == 0 ? 32 : 64;
		return 0;
	case OPT_ROUNDS:
		return parse_number("rounds", optarg, 1, 1000000, &args->rounds);
	case OPT_SLICE:
		err = parse_number("slice", optarg, 1, 100, &number);
		args->cipher.plan.slice_us = number * 1000;
		return err;
	case OPT_YES:
		args->device.yes = true;
		return 0;
	case OPT_DATA_UNIT:
		if (strcmp(optarg, "512") != 0 && strcmp(optarg, "4096") != 0)
			return envol_fail_with(-EINVAL, "--data-unit takes 512 or 4096, not \"%s\"",
					       optarg);
		args->device.du_size = strcmp(optarg, "512") == 0 ? 512 : 4096;
		return 0;
	case OPT_LOAD:
		args->device.load = optarg;
		return 0;
	case OPT_RUNTIME:
		return parse_number("runtime", optarg, 1, 3600, &args->device.runtime_s);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	case 'V':
		puts("envol-bench " ENVOL_VERSION);
		exit(0);
	default:	/* getopt has said what was wrong */
		return -EINVAL;
	}
}

static int run_cipher(struct arguments *args, struct envol_report *report)
{
	args->cipher.plan.rounds = args->rounds ? args->rounds : 200;
	return envol_cipher_run(&args->cipher, report);
}

static int run_device(struct arguments *args, struct envol_report *report)
{
	args->device.rounds = args->rounds ? args->rounds : 3;
	return envol_device_run(&args->device, report);
}

static int print(const struct arguments *args, const struct envol_report *report)
{
	FILE *file;

	envol_report_print(report, args->json, stdout);
	if (!args->json_file)
		return 0;
	file = fopen(args->json_file, "we");
	if (!file)
		return envol_fail_with(-errno, "%s: %s", args->json_file, strerror(errno));
	envol_report_print(report, true, file);
	if (fclose(file) != 0)
		return envol_fail_with(-errno, "%s: %s", args->json_file, strerror(errno));
	return 0;
}

static int run(int argc, char **argv)
{
	struct arguments args = {
		.cipher = { .key_len = 64, .plan = { .slice_us = 1000 } },
		.device = { .du_size = 4096, .runtime_s = 2 },
	};
	struct envol_report report = { 0 };
	int id, err;

	while ((id = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
		err = parse_option(id, &args);
		if (err)
			return err;
	}
	if (optind + 1 == argc && strcmp(argv[optind], "cipher") == 0) {
		err = run_cipher(&args, &report);
	} else if (optind + 2 == argc && strcmp(argv[optind], "device") == 0) {
		args.device.path = argv[optind + 1];
		err = run_device(&args, &report);
	} else {
		fputs(usage, stderr);
		return -EINVAL;
	}
	if (!err)
		err = print(&args, &report);
	envol_report_wipe(&report);
	return err;
}

int main(int argc, char **argv)
{
	return envol_fail_exit_code(run(argc, argv));
}
