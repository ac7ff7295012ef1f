/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes that only a test has, with KEKs that answer as it says. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/shell.h"
#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/watch/look.h"

#define ID_A "00112233445566778899aabbccddeeff"
#define UUID_A "0d2a3c4e-5f60-4718-8293-a4b5c6d7e8f9"
#define UUID_B "1d2a3c4e-5f60-4718-8293-a4b5c6d7e8f9"

/* What there is; a test changes it between two looks. */
static struct {
	char top[64], table[96];
	struct envol *ev;
	int64_t now_s;
	unsigned int n_volumes;
	struct {
		const char *name, *uuid, *fingerprint;
		const char *uris[3], *versions[3];
		const char *key_state;	/* NULL: ready */
		bool is_double, suspended;
		int64_t retiring;	/* of the last wrap */
	} volumes[2];
	struct {
		const char *uri;
		int err;
		bool disabled;
		const char *newest;
	} keks[4];
	int close_err, lock_err;
	const char *under;	/* the volume that the state directory is on */
	const char *taken;	/* the name that another volume has got meanwhile */
	bool nothing_renewed;
	int open_err;		/* of a test open; 0: it opens */
	/* what was done */
	unsigned int asked, renewed, opened;
	char did[256], told[4096];
} world;

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static int64_t now_ms(void)
{
	return world.now_s * 1000;
}

static int list(struct envol *ev, struct envol_volume_info **infos, size_t *n)
{
	unsigned int i, k;

	*infos = calloc(world.n_volumes + 1, sizeof(**infos));
	*n = world.n_volumes;
	for (i = 0; i < world.n_volumes; i++) {
		struct envol_volume_info *info = &(*infos)[i];

		info->name = copy(world.volumes[i].name);
		info->uuid = copy(world.volumes[i].uuid);
		info->device = copy("/dev/test");
		info->key_state = copy(world.volumes[i].key_state ?
				       world.volumes[i].key_state : "ready");
		info->suspended = world.volumes[i].suspended;
		snprintf(info->fingerprint, sizeof(info->fingerprint), "%s",
			 world.volumes[i].fingerprint ? world.volumes[i].fingerprint : "");
		info->wraps = calloc(3, sizeof(*info->wraps));
		for (k = 0; k < 3 && world.volumes[i].uris[k]; k++) {
			bool second = world.volumes[i].is_double && k == 1;
			struct envol_wrap_info *wrap =
				&info->wraps[second ? 0 : info->n_wraps++];

			wrap->parts[wrap->n_parts].uri = copy(world.volumes[i].uris[k]);
			wrap->parts[wrap->n_parts++].version = copy(world.volumes[i].versions[k]);
		}
		if (info->n_wraps)
			info->wraps[info->n_wraps - 1].retiring = world.volumes[i].retiring;
	}
	return 0;
}

static int describe(struct envol *ev, const char *uri, struct envol_key_info *info)
{
	unsigned int i;

	world.asked++;
	for (i = 0; i < TEST_ARRAY_SIZE(world.keks); i++) {
		if (!world.keks[i].uri || strcmp(world.keks[i].uri, uri) != 0)
			continue;
		if (world.keks[i].err)
			return envol_error(ev, world.keks[i].err, "%s: as the test says", uri);
		info->versions = calloc(2, sizeof(*info->versions));
		info->versions[0] = (struct envol_key_version){
			.version = copy("1"), .enabled = !world.keks[i].disabled };
		info->n_versions = 1;
		if (world.keks[i].newest)
			info->versions[info->n_versions++] = (struct envol_key_version){
				.version = copy(world.keks[i].newest),
				.enabled = !world.keks[i].disabled };
		return 0;
	}
	FAIL("%s was asked", uri);
}

static int opens(struct envol *ev, const struct envol_volume_source *source)
{
	CHECK_STR_EQ(source->device, "/dev/test");
	CHECK_EQ(source->unattended, source->n_keks != 0);
	world.opened++;
	return world.open_err ? envol_error(ev, world.open_err, "open: as the test says") : 0;
}

static int renew(struct envol *ev, const struct envol_volume_source *source,
		 uint64_t settle_s, unsigned int *renewed)
{
	CHECK(source->unattended && source->n_keks);
	CHECK_STR_EQ(source->id, ID_A);
	world.renewed++;
	*renewed = world.nothing_renewed ? 0 : world.renewed;
	return 0;
}

static bool is_under(struct envol *ev, const char *name)
{
	return world.under && strcmp(world.under, name) == 0;
}

static bool is_other(struct envol *ev, const char *name, const char *uuid)
{
	return world.taken && strcmp(world.taken, name) == 0;
}

static int lock(struct envol *ev, const char *name)
{
	size_t len = strlen(world.did);

	/* What is to be written about it was written. */
	if (is_under(ev, name)) {
		CHECK_STR_HAS(world.told, "ended a: its grace is over, it is locked now");
		test_run("! ls %s/watch/* 2>/dev/null", world.top);
		test_run("grep -q 'watch-ended.*it is locked now' %s/audit.log", world.top);
	}
	if (world.lock_err)
		return envol_error(ev, world.lock_err, "no such thing");
	snprintf(world.did + len, sizeof(world.did) - len, "%slock %s", len ? ", " : "", name);
	return 0;
}

static int close_volume(struct envol *ev, const char *name, bool deferred)
{
	CHECK(!deferred);
	if (world.close_err)
		return envol_error(ev, world.close_err, "in use");
	snprintf(world.did, sizeof(world.did), "close %s", name);
	return 0;
}

static void listen(const struct envol_watch_event *event, void *data)
{
	size_t len = strlen(world.told);

	snprintf(world.told + len, sizeof(world.told) - len, "%s %s: %s\n",
		 envol_watch_kind_name(event->kind), event->volume ? event->volume : "-",
		 event->sentence);
}

static struct envol_watch_settings settings = {
	.interval_s = 60, .grace_s = 100, .unreachable_grace_s = 1000, .settle_s = 500,
	.rewrap = true,
};

/* @at_s later: what is told and when it wants to look again. */
static unsigned int look(int64_t at_s)
{
	const struct envol_look_world as_it_is = {
		now_ms, list, describe, opens, renew, is_under, is_other, lock, close_volume, world.table,
	};
	unsigned int next_s = 0;

	world.now_s = at_s;
	world.told[0] = world.did[0] = 0;
	world.asked = world.opened = 0;
	CHECK_OK(envol_look(world.ev, &as_it_is, &settings, listen, NULL, &next_s));
	return next_s;
}

static void set_wrap(unsigned int volume, unsigned int wrap, const char *uri, const char *version)
{
	world.volumes[volume].uris[wrap] = uri;
	world.volumes[volume].versions[wrap] = version;
}

static void set_volume(unsigned int volume, const char *name, const char *uuid, const char *uri)
{
	world.n_volumes = volume + 1;
	world.volumes[volume].name = name;
	world.volumes[volume].uuid = uuid;
	set_wrap(volume, 0, uri, "1");
}

/* Volume "a" under service:one, which is well. */
static void set_up(void)
{
	strcpy(world.top, "/tmp/envol-watch-XXXXXX");
	CHECK(mkdtemp(world.top));
	snprintf(world.table, sizeof(world.table), "%s/volumes", world.top);
	CHECK_OK(envol_new(&world.ev));
	CHECK_OK(envol_set_state(world.ev, world.top));
	set_volume(0, "a", UUID_A, "service:one");
	world.volumes[0].fingerprint = ID_A;
	world.open_err = -EKEYREVOKED;
	world.keks[0].uri = "service:one";
	world.keks[1].uri = "service:two";
}

static void take_down(void)
{
	envol_free(world.ev);
	test_run("rm -r %s", world.top);
}
