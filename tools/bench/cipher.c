// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every implementation with data units of 512 and 4096 bytes, both ways, in turn with
 * loops of bare AES instructions. A call has 4 KiB, which is what a 4 KiB I/O makes, or
 * 16 KiB, the data path's section of a large one. As there, encryption goes from one buffer to
 * another and decryption works in place; both buffers fit the second-level cache.
 */
#include "tools/bench/cipher.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tools/bench/fail.h"
#include "tools/bench/limit.h"
#include "tools/bench/peer.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define WORKING_SET 65536
#define HUGE_PAGE (2u << 20)
#define LIMIT_GROUPS 512

/* Below this share of the limit the kernel's assembly says that the machine was too busy. */
#define QUIET_SHARE 0.65

static const unsigned int du_sizes[] = { 512, 4096 };
static const unsigned int call_sizes[] = { 4096, 16384 };

struct load {
	const struct envol_peer *peer;	/* NULL: a limit */
	enum envol_peer_width width;
	enum envol_peer_direction direction;
	unsigned int du_size;
	unsigned int call_size;
	unsigned int rounds;
	u8 *src, *dst;
	u64 tweak;
};

#define MAX_LOADS (2 + ENVOL_PEER_MAX * 8)

struct bench {
	struct envol_peer_list peers;
	struct load loads[MAX_LOADS];
	struct envol_rotate_load turns[MAX_LOADS];
	struct envol_sample_summary costs[MAX_LOADS];
	size_t count;
	u8 *memory;
	double cycles_per_ns;
};

static void run_peer(void *arg)
{
	struct load *load = arg;
	size_t at;

	for (at = 0; at < WORKING_SET; at += load->call_size) {
		load->peer->crypt(load->peer->state, load->direction, load->dst + at,
				  load->src + at, load->call_size, load->du_size, load->tweak);
		load->tweak += load->call_size / load->du_size;
	}
}

static void run_limit(void *arg)
{
	struct load *load = arg;

	if (load->width == ENVOL_PEER_VAES)
		envol_limit_vaes(LIMIT_GROUPS, load->rounds);
	else
		envol_limit_avx(LIMIT_GROUPS, load->rounds);
}

static void add_load(struct bench *bench, const struct load *load,
		     void (*run)(void *), size_t bytes)
{
	assert(bench->count < MAX_LOADS);
	bench->loads[bench->count] = *load;
	bench->turns[bench->count] = (struct envol_rotate_load){
		.run = run, .arg = &bench->loads[bench->count], .bytes = bytes,
	};
	bench->count++;
}

static void add_limits(struct bench *bench)
{
	struct load load = { .rounds = bench->peers.key.data.rounds };
	u32 cpu = envol_cpu_features();

	load.width = ENVOL_PEER_VAES;
	if (envol_xts_engine_runs(&envol_xts_vaes_avx2, cpu))
		add_load(bench, &load, run_limit, LIMIT_GROUPS * ENVOL_LIMIT_VAES_GROUP);
	load.width = ENVOL_PEER_AVX;
	if (envol_xts_engine_runs(&envol_xts_aesni_avx, cpu))
		add_load(bench, &load, run_limit, LIMIT_GROUPS * ENVOL_LIMIT_AVX_GROUP);
}

static void add_calls(struct bench *bench, const struct envol_peer *peer,
		      unsigned int du_size, unsigned int call_size)
{
	struct load load = {
		.peer = peer, .width = peer->width, .du_size = du_size,
		.call_size = call_size, .src = bench->memory,
	};

	load.direction = ENVOL_PEER_ENCRYPT;
	load.dst = bench->memory + WORKING_SET;
	add_load(bench, &load, run_peer, WORKING_SET);
	load.direction = ENVOL_PEER_DECRYPT;
	load.dst = load.src;
	add_load(bench, &load, run_peer, WORKING_SET);
}

static void add_peers(struct bench *bench, const char *engine)
{
	size_t size, i, call;

	for (size = 0; size < ARRAY_SIZE(du_sizes); size++)
		for (i = 0; i < bench->peers.count; i++) {
			const struct envol_peer *peer = &bench->peers.peers[i];

			if (!peer->batches)
				add_calls(bench, peer, du_sizes[size], du_sizes[size]);
			else if (!engine || strcmp(peer->name, engine) == 0)
				for (call = 0; call < ARRAY_SIZE(call_sizes); call++)
					add_calls(bench, peer, du_sizes[size], call_sizes[call]);
		}
}

/* ---- what came out ------------------------------------------------------- */

enum column {
	NAME, UNIT, CALL, DIRECTION, RATE, CYCLES, OF_LIMIT, OF_KERNEL, QUARTILE1,
	QUARTILE2, QUARTILE3,
};

static const struct envol_report_column columns[] = {
	[NAME] = { "engine", "engine", ENVOL_REPORT_TEXT },
	[UNIT] = { "data_unit", "unit", 0 },
	[CALL] = { "call", "call", 0 },
	[DIRECTION] = { "direction", "direction", ENVOL_REPORT_TEXT },
	[RATE] = { "gb_per_s", "GB/s", 2 },
	[CYCLES] = { "tsc_cycles_per_byte", "cycles/B", 3 },
	[OF_LIMIT] = { "percent_of_limit", "% limit", 1 },
	[OF_KERNEL] = { "times_kernel", "x kernel", 2 },
	[QUARTILE1] = { "quartile1_gb_per_s", "q1", 2 },
	[QUARTILE2] = { "median_gb_per_s", "q2", 2 },
	[QUARTILE3] = { "quartile3_gb_per_s", "q3", 2 },
	{ 0 },
};

/* The cost of the load that @is_it picks, NAN if there is none. */
static double cost_of(const struct bench *bench, const struct load *load,
		      bool (*is_it)(const struct load *it, const struct load *load))
{
	size_t i;

	for (i = 0; i < bench->count; i++)
		if (is_it(&bench->loads[i], load))
			return bench->costs[i].min;
	return NAN;
}

static bool is_limit(const struct load *it, const struct load *load)
{
	return !it->peer && it->width == load->width;
}

static bool is_kernel(const struct load *it, const struct load *load)
{
	return it->peer && !strncmp(it->peer->name, "kernel", 6) &&
	       it->width == load->width && it->du_size == load->du_size &&
	       it->direction == load->direction;
}

static int report_load(const struct bench *bench, size_t i, struct envol_report *report)
{
	const struct envol_sample_summary *cost = &bench->costs[i];
	const struct load *load = &bench->loads[i];
	struct envol_report_cell cells[ENVOL_REPORT_COLUMNS] = {
		[RATE].number = 1 / cost->min,
		[CYCLES].number = ENVOL_X86_64 ? bench->cycles_per_ns * cost->min : NAN,
		[OF_LIMIT].number = 100 * cost_of(bench, load, is_limit) / cost->min,
		[OF_KERNEL].number = cost_of(bench, load, is_kernel) / cost->min,
		[QUARTILE1].number = 1 / cost->quartile[0],
		[QUARTILE2].number = 1 / cost->quartile[1],
		[QUARTILE3].number = 1 / cost->quartile[2],
	};

	if (load->peer) {
		cells[NAME].text = load->peer->name;
		cells[UNIT].number = load->du_size;
		cells[CALL].number = load->call_size;
		cells[DIRECTION].text =
			load->direction == ENVOL_PEER_ENCRYPT ? "encrypt" : "decrypt";
	} else {
		cells[NAME].text = load->width == ENVOL_PEER_VAES ?
					   "limit vaes" : "limit aesni";
		cells[UNIT].number = cells[CALL].number = NAN;
		cells[OF_KERNEL].number = NAN;
	}
	return envol_report_row(report, cells);
}

static int report_machine(struct envol_report *report)
{
	char line[256], *model = NULL;
	FILE *file = fopen("/proc/cpuinfo", "re");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "model name", 10) && (model = strchr(line, ':'))) {
			model[strcspn(model, "\n")] = '\0';
			break;
		}
	if (file)
		fclose(file);
	return envol_report_fact(report, "cpu", "%s", model ? model + 2 : "unknown");
}

/* Whether a run is to be judged by: the kernel's assembly at 4096 bytes is the witness. */
static int report_quiet(const struct bench *bench, struct envol_report *report)
{
	double share = NAN;
	size_t i;

	for (i = 0; i < bench->count; i++)
		if (bench->loads[i].peer && bench->loads[i].width == ENVOL_PEER_VAES &&
		    bench->loads[i].du_size == 4096 && !bench->loads[i].peer->batches)
			share = cost_of(bench, &bench->loads[i], is_limit) / bench->costs[i].min;
	if (isnan(share))
		return 0;
	return envol_report_fact(report, "quiet", share < QUIET_SHARE ?
				 "no: the kernel's assembly reached %.0f %% of the limit; repeat" :
				 "yes: the kernel's assembly reached %.0f %% of the limit",
				 100 * share);
}

static int fill_report(struct bench *bench, const struct envol_cipher_options *options,
		       struct envol_report *report)
{
	size_t i;
	int err;

	envol_report_init(report, "cipher", columns);
	for (i = 0; i < bench->count; i++)
		bench->costs[i] = envol_sample_summarize(&bench->turns[i].ns_per_byte);
	err = report_machine(report);
	if (!err)
		err = envol_report_fact(report, "cipher", "AES-%zu-XTS, one core, %u KiB",
					options->key_len * 4, WORKING_SET / 1024);
	if (!err)
		err = envol_report_fact(report, "slices", "%u of %.1f ms each, minimum and quartiles",
					options->plan.rounds, options->plan.slice_us / 1000.0);
	if (!err && bench->cycles_per_ns > 0)
		err = envol_report_fact(report, "tsc_ghz", "%.3f", bench->cycles_per_ns);
	if (!err)
		err = envol_report_fact(report, "openssl", "%s", OpenSSL_version(OPENSSL_VERSION));
	if (!err && !options->kernel_cipher)
		err = envol_report_fact(report, "kernel", "left out: not built, see --kernel-cipher");
	if (!err)
		err = report_quiet(bench, report);
	for (i = 0; !err && i < bench->count; i++)
		err = report_load(bench, i, report);
	return err ? envol_fail_with(err, "out of memory") : 0;
}

/* ---- the run ------------------------------------------------------------- */

static int add_and_prove(struct bench *bench, const struct envol_cipher_options *options)
{
	size_t i;
	int err;

	err = envol_peer_openssl_add(&bench->peers);
	if (!err && options->kernel_cipher)
		err = envol_peer_kernel_add(&bench->peers, options->kernel_cipher);
	for (i = 0; !err && i < ARRAY_SIZE(du_sizes); i++)
		err = envol_peer_prove(&bench->peers, du_sizes[i]);
	return err;
}

static int run_bench(struct bench *bench, const struct envol_cipher_options *options,
		     struct envol_report *report)
{
	int err = add_and_prove(bench, options);

	if (err)
		return err;
	/* One huge page where there are any: no conflicts of page colours in the cache. */
	bench->memory = aligned_alloc(HUGE_PAGE, HUGE_PAGE);
	if (!bench->memory)
		return envol_fail_with(-ENOMEM, "out of memory");
	madvise(bench->memory, HUGE_PAGE, MADV_HUGEPAGE);
	memset(bench->memory, 0x5a, 2 * WORKING_SET);

	add_limits(bench);
	add_peers(bench, options->engine);
	err = envol_rotate_run(bench->turns, bench->count, &options->plan,
			       &bench->cycles_per_ns);
	if (err)
		return envol_fail_with(err, "out of memory");
	return fill_report(bench, options, report);
}

int envol_cipher_run(const struct envol_cipher_options *options,
		     struct envol_report *report)
{
	const struct envol_xts_engine *engine;
	struct bench *bench;
	size_t i;
	int err;

	*report = (struct envol_report){ 0 };
	engine = options->engine ? envol_xts_find_engine(options->engine) : &envol_xts_generic;
	if (!engine)
		return envol_fail_with(-EINVAL, "there is no engine \"%s\"", options->engine);
	if (!envol_xts_engine_runs(engine, envol_cpu_features()))
		return envol_fail_with(-EOPNOTSUPP, "this CPU does not run engine \"%s\"",
				       options->engine);
	bench = calloc(1, sizeof(*bench));
	if (!bench)
		return envol_fail_with(-ENOMEM, "out of memory");
	envol_peer_init(&bench->peers, options->key_len);
	err = run_bench(bench, options, report);
	for (i = 0; i < bench->count; i++)
		envol_sample_wipe(&bench->turns[i].ns_per_byte);
	envol_peer_wipe(&bench->peers);
	free(bench->memory);
	free(bench);
	return err;
}
