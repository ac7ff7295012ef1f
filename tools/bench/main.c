// SPDX-License-Identifier: GPL-2.0-or-later
/* envol-bench(1): options, and which benchmark. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bench/cipher.h"
#include "tools/bench/fail.h"

static const char usage[] =
	"usage: envol-bench [--json] cipher [OPTION…]\n"
	"\n"
	"cipher         envol's engines, OpenSSL and the kernel's assembly in memory, one core\n"
	"  --engine NAME         this engine of ours alone\n"
	"  --key-size BITS       512 (AES-256, the default) or 256 (AES-128)\n"
	"  --kernel-cipher FILE  what kernel-cipher built from the kernel's source\n"
	"  --rounds N            slices of each load (default 200)\n"
	"  --slice MS            length of a slice, 1 to 100 (default 1)\n"
	"\n"
	"  --json                one JSON document instead of a table\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

struct arguments {
	bool json;
	struct envol_cipher_options cipher;
};

enum option_id {
	OPT_JSON = 256, OPT_ENGINE, OPT_KEY_SIZE, OPT_KERNEL_CIPHER, OPT_ROUNDS, OPT_SLICE,
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "engine", required_argument, NULL, OPT_ENGINE },
	{ "key-size", required_argument, NULL, OPT_KEY_SIZE },
	{ "kernel-cipher", required_argument, NULL, OPT_KERNEL_CIPHER },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "slice", required_argument, NULL, OPT_SLICE },
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
		args->json = true;
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
		return parse_number("rounds", optarg, 1, 1000000, &args->cipher.plan.rounds);
	case OPT_SLICE:
		err = parse_number("slice", optarg, 1, 100, &number);
		args->cipher.plan.slice_us = number * 1000;
		return err;
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

static int run_cipher(const struct arguments *args)
{
	struct envol_report report;
	int err = envol_cipher_run(&args->cipher, &report);

	if (!err)
		envol_report_print(&report, args->json, stdout);
	envol_report_wipe(&report);
	return err;
}

static int run(int argc, char **argv)
{
	struct arguments args = {
		.cipher = { .key_len = 64, .plan = { .rounds = 200, .slice_us = 1000 } },
	};
	int id, err;

	while ((id = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
		err = parse_option(id, &args);
		if (err)
			return err;
	}
	if (optind + 1 == argc && strcmp(argv[optind], "cipher") == 0)
		return run_cipher(&args);
	fputs(usage, stderr);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	return envol_fail_exit_code(run(argc, argv));
}
