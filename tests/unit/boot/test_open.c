// SPDX-License-Identifier: GPL-2.0-or-later
/* How often an open is tried, for how long, and what its end is called; the opens are told. */
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/include/envol_boot.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/pin.h"
#include "userspace/lib/volume/mapping.h"

#define ID	"0b0f6f5e1ad3c2b4958677aabbccdd01"
#define OTHER	"ffffffffffffffffffffffffffffffff"
#define MAX_TRY 16

int __wrap_envol_volume_open(struct envol *ev, const struct envol_volume_open *open,
			     struct envol_volume_info *info);
int __wrap_envol_mapping_find(struct envol *ev, const char *name,
			      struct envol_mapping *mapping);

/* What an open answers, the last for ever; and whose mapping there is after so many looks. */
static int answers[MAX_TRY];
static unsigned int n_answers, n_opens, n_looks, mapped_after;
static const char *mapped_id;
static bool is_other;
static struct {
	unsigned int timeout_ms, spread_ms;
	struct envol_volume_open open;
} seen[MAX_TRY];

int __wrap_envol_volume_open(struct envol *ev, const struct envol_volume_open *open,
			     struct envol_volume_info *info)
{
	unsigned int n = n_opens++;

	CHECK(n < MAX_TRY);
	seen[n].timeout_ms = ev->timeout_ms;
	seen[n].spread_ms = ev->spread_ms;
	seen[n].open = *open;
	ev->is_other_volume = is_other;
	if (n >= n_answers)
		n = n_answers - 1;
	return answers[n] ? envol_error(ev, answers[n], "told so") : 0;
}

int __wrap_envol_mapping_find(struct envol *ev, const char *name,
			      struct envol_mapping *mapping)
{
	if (!mapped_id || n_looks++ < mapped_after)
		return -ENODEV;
	mapping->info.live_table = true;
	strcpy(mapping->known.fingerprint, mapped_id);
	return 0;
}

static char *keks[] = { (char *)"service:disk" };

static struct envol_boot_volume volume = {
	.name = (char *)"data",
	.device = (char *)"/dev/null",
	.id = (char *)ID,
	.keks = keks,
	.n_keks = 1,
	.timeout_s = 60,
	.retries = ENVOL_BOOT_RETRIES_ALL,
};

static struct envol *ev;

static int open_with(const int *list, unsigned int n)
{
	memcpy(answers, list, n * sizeof(*list));
	n_answers = n;
	n_opens = n_looks = 0;
	if (!ev)
		CHECK_OK(envol_new(&ev));
	return envol_boot_open(ev, &volume, NULL, NULL);
}

#define OPEN_WITH(...) \
	open_with((const int[]){ __VA_ARGS__ },  \
		  sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

TEST(what_may_pass_is_tried_again)
{
	CHECK_OK(OPEN_WITH(0));
	CHECK_EQ(n_opens, 1);
	CHECK(seen[0].open.source.unattended);
	CHECK_STR_EQ(seen[0].open.source.id, ID);
	CHECK_EQ(seen[0].open.source.n_keks, 1);
	CHECK_OK(OPEN_WITH(-EHOSTUNREACH, 0));
	CHECK_EQ(n_opens, 2);
	CHECK_OK(OPEN_WITH(-ETIMEDOUT, 0));
	CHECK_OK(OPEN_WITH(-EAGAIN, 0));
	CHECK_OK(OPEN_WITH(-ENODEV, 0));
	CHECK_EQ(n_opens, 2);
}

TEST(what_does_not_pass_is_not)
{
	static const int errors[] = { -EACCES, -EKEYREVOKED, -EKEYREJECTED, -ENOANO,
				      -ENOENT, -EINVAL, -ENOMEM, -EPERM };
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(errors); i++) {
		CHECK_ERR(OPEN_WITH(errors[i], 0), errors[i]);
		CHECK_EQ(n_opens, 1);
		CHECK_STR_EQ(envol_error_message(ev), "volume data: told so");
	}
}

TEST(a_header_that_is_not_the_one_has_a_name_of_its_own)
{
	CHECK_ERR(OPEN_WITH(-EBADMSG), -EUCLEAN);
	CHECK_ERR(OPEN_WITH(-ESTALE), -EUCLEAN);
	CHECK_ERR(OPEN_WITH(-ENODATA), -EUCLEAN);
	is_other = true;
	CHECK_ERR(OPEN_WITH(-EKEYREJECTED), -EUCLEAN);
	CHECK_ERR(OPEN_WITH(-EACCES), -EACCES);
	CHECK_EQ(n_opens, 1);
}

TEST(a_pin_that_was_typed_is_tried_once)
{
	_cleanup_secret_ struct envol_secret pin = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret kept = ENVOL_SECRET_INIT;

	CHECK_OK(OPEN_WITH(-EHOSTUNREACH, 0));
	CHECK_OK(envol_secret_copy(ev, &pin, (const uint8_t *)"2718", 4));
	n_opens = 0;
	CHECK_ERR(envol_boot_open_by_pin(ev, &volume, &pin, NULL),
		  -EHOSTUNREACH);
	CHECK_EQ(n_opens, 1);
	CHECK(!seen[0].open.source.recovery);
	CHECK(seen[0].open.source.unattended);
	CHECK_OK(envol_pin_copy(ev, "service:other", &kept));
	CHECK(envol_secret_equal(&pin, &kept));
}

TEST(retries_bound_it)
{
	volume.retries = 0;
	CHECK_ERR(OPEN_WITH(-EHOSTUNREACH), -EHOSTUNREACH);
	CHECK_EQ(n_opens, 1);
	CHECK_STR_HAS(envol_error_message(ev), "try 1, the last");
	volume.retries = 1;
	CHECK_ERR(OPEN_WITH(-EHOSTUNREACH), -EHOSTUNREACH);
	CHECK_EQ(n_opens, 2);
}

TEST(time_bounds_it_and_each_use_of_a_kek)
{
	int64_t began = envol_deadline_now_ms();

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_set_spread(ev, 600000));
	volume.timeout_s = 3;
	CHECK_ERR(OPEN_WITH(-ETIMEDOUT), -ETIMEDOUT);
	CHECK(envol_deadline_now_ms() - began < 3500);
	CHECK(n_opens >= 2 && n_opens <= 5);
	CHECK(seen[0].timeout_ms <= 3000 && seen[0].spread_ms <= 1500);
	CHECK(seen[1].timeout_ms < seen[0].timeout_ms);
	CHECK_EQ(seen[1].spread_ms, 0);
	/* They were the handle's, and are again. */
	CHECK_EQ(ev->timeout_ms, 30000);
	CHECK_EQ(ev->spread_ms, 600000);
}

TEST(a_device_that_does_not_turn_up)
{
	volume.device = (char *)"ID=none";
	volume.timeout_s = 1;
	CHECK_ERR(OPEN_WITH(0), -ETIME);
	CHECK_EQ(n_opens, 0);
	CHECK_STR_HAS(envol_error_message(ev), "volume data: device ID=none did not turn up within 1 s");
}

TEST(whoever_else_opens_it_is_as_good)
{
	mapped_id = ID;
	CHECK_OK(OPEN_WITH(-EACCES));
	CHECK_EQ(n_opens, 0);
	/* Meanwhile: after the first look. */
	mapped_after = 1;
	CHECK_OK(OPEN_WITH(-EHOSTUNREACH));
	CHECK_EQ(n_opens, 1);
	CHECK_OK(OPEN_WITH(-EEXIST));
	CHECK_OK(OPEN_WITH(-EBUSY));
	CHECK_OK(OPEN_WITH(-EBADMSG));
}

TEST(another_volume_s_mapping_is_not)
{
	mapped_id = OTHER;
	CHECK_EQ(OPEN_WITH(-EEXIST), -EEXIST);
	CHECK_EQ(n_opens, 1);
	CHECK_EQ(envol_boot_state(ev, &volume), ENVOL_BOOT_OTHER);
	mapped_id = NULL;
	CHECK_EQ(envol_boot_state(ev, &volume), ENVOL_BOOT_CLOSED);
}

TEST(a_recovery_key_is_tried_once)
{
	struct envol_secret key = ENVOL_SECRET_INIT;

	answers[0] = -EAGAIN;
	n_answers = 1;
	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_secret_alloc(ev, &key, 8));
	CHECK_ERR(envol_boot_open(ev, &volume, &key, NULL), -EAGAIN);
	CHECK_EQ(n_opens, 1);
	CHECK(seen[0].open.source.recovery == &key);
	envol_secret_wipe(&key);
	envol_free(ev);
}
