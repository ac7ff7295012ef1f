// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks at volumes that only this test has, with KEKs that answer as it says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/shell.h"
#include "tests/harness/test.h"
#include "userspace/lib/util/error.h"
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
		now_ms, list, describe, opens, renew, is_under, lock, close_volume, world.table,
	};
	unsigned int next_s = 0;

	world.now_s = at_s;
	world.told[0] = world.did[0] = 0;
	world.asked = world.opened = 0;
	CHECK_OK(envol_look(world.ev, &as_it_is, &settings, listen, NULL, &next_s));
	return next_s;
}

/* The watch is started anew: what it knows is what it has written. */
static void start_anew(void)
{
	envol_free(world.ev);
	CHECK_OK(envol_new(&world.ev));
	CHECK_OK(envol_set_state(world.ev, world.top));
}

static void write_table(const char *text)
{
	FILE *file = fopen(world.table, "w");

	CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
	CHECK(chmod(world.table, 0600) == 0);
}

/* Volume "a" under service:one, which is well. */
static void set_up(void)
{
	strcpy(world.top, "/tmp/envol-watch-XXXXXX");
	CHECK(mkdtemp(world.top));
	snprintf(world.table, sizeof(world.table), "%s/volumes", world.top);
	CHECK_OK(envol_new(&world.ev));
	CHECK_OK(envol_set_state(world.ev, world.top));
	world.n_volumes = 1;
	world.volumes[0].name = "a";
	world.volumes[0].uuid = UUID_A;
	world.volumes[0].fingerprint = ID_A;
	world.volumes[0].uris[0] = "service:one";
	world.volumes[0].versions[0] = "1";
	world.open_err = -EKEYREVOKED;
	world.keks[0].uri = "service:one";
	world.keks[1].uri = "service:two";
}

static void take_down(void)
{
	envol_free(world.ev);
	test_run("rm -r %s", world.top);
}

TEST(a_volume_that_is_well_is_left_alone)
{
	set_up();
	CHECK_EQ(look(10), 60);
	CHECK_STR_EQ(world.told, "");
	CHECK_STR_EQ(world.did, "");
	take_down();
}

TEST(a_disabled_kek_locks_after_the_grace)
{
	set_up();
	world.keks[0].disabled = true;
	CHECK_EQ(look(10), 60);
	CHECK_STR_HAS(world.told, "refused a: service:one: version 1 is disabled");
	/* The end of the grace is when to look again. */
	CHECK_EQ(look(70), 40);
	CHECK_STR_EQ(world.told, "");
	CHECK_STR_EQ(world.did, "");
	look(110);
	CHECK_STR_EQ(world.did, "lock a");
	CHECK_STR_HAS(world.told, "ended a: its grace is over, it was locked: service:one");
	/* Locked, it is nobody's business any more; unlocked, all begins anew. */
	world.volumes[0].suspended = true;
	world.volumes[0].key_state = "wiped";
	look(120);
	CHECK_STR_EQ(world.told, "");
	CHECK_EQ(world.asked, 0);
	world.volumes[0].suspended = false;
	world.volumes[0].key_state = NULL;
	look(130);
	CHECK_STR_HAS(world.told, "refused a");
	take_down();
}

/* By a person, before the watch did. */
TEST(one_that_was_locked_or_closed_begins_anew)
{
	set_up();
	world.keks[0].disabled = true;
	look(10);
	world.volumes[0].key_state = "wiped";
	look(50);
	world.volumes[0].key_state = NULL;
	look(500);
	CHECK_STR_HAS(world.told, "refused a");
	CHECK_STR_EQ(world.did, "");
	world.n_volumes = 0;
	look(510);
	test_run("! ls %s/watch/* 2>/dev/null", world.top);
	world.n_volumes = 1;
	look(5000);
	CHECK_STR_HAS(world.told, "refused a");
	CHECK_STR_EQ(world.did, "");
	/* Of one that was closed while no watch ran. */
	start_anew();
	world.n_volumes = 0;
	look(5010);
	world.n_volumes = 1;
	look(9000);
	CHECK_STR_EQ(world.did, "");
	take_down();
}

TEST(a_lock_that_was_cut_before_the_wipe_is_finished)
{
	set_up();
	world.keks[0].disabled = true;
	look(10);
	world.volumes[0].suspended = true;
	start_anew();
	look(120);
	CHECK_STR_EQ(world.did, "lock a");
	take_down();
}

TEST(the_grace_goes_on_after_a_restart_and_not_after_a_boot)
{
	char path[200];

	set_up();
	world.keks[0].disabled = true;
	look(10);
	start_anew();
	look(109);
	CHECK_STR_EQ(world.told, "");
	/* Another boot's moments are none of this one's. */
	snprintf(path, sizeof(path), "sed -i 's/^boot ./boot x/' %s/watch/" UUID_A ".a", world.top);
	test_run("%s", path);
	start_anew();
	look(500);
	CHECK_STR_HAS(world.told, "refused a");
	CHECK_STR_EQ(world.did, "");
	test_run("echo 'envol watch 1' >%s/watch/" UUID_A ".a", world.top);
	start_anew();
	look(900);
	CHECK_STR_EQ(world.did, "");
	CHECK_STR_HAS(world.told, "refused a");
	take_down();
}

TEST(the_grace_ends_where_nothing_can_be_written)
{
	set_up();
	test_run("touch %s/watch", world.top);
	world.keks[0].disabled = true;
	look(10);
	CHECK_STR_HAS(world.told, "refused a");
	look(109);
	CHECK_STR_EQ(world.told, "");
	look(110);
	CHECK_STR_EQ(world.did, "lock a");
	/* Its end is remembered too. */
	look(111);
	CHECK_STR_HAS(world.told, "refused a");
	take_down();
}

TEST(one_kek_that_opens_is_enough)
{
	set_up();
	world.volumes[0].uris[1] = "service:two";
	world.volumes[0].versions[1] = "1";
	world.keks[0].err = -ENOENT;
	look(10);
	CHECK_STR_EQ(world.told, "");
	world.keks[1].err = -EHOSTUNREACH;
	look(20);
	CHECK_STR_HAS(world.told, "unreachable a: service:two: as the test says");
	world.keks[1].err = -EACCES;
	look(30);
	CHECK_STR_HAS(world.told, "refused a");
	world.keks[0].err = 0;
	look(40);
	CHECK_STR_HAS(world.told, "recovered a");
	take_down();
}

TEST(a_double_key_wants_both)
{
	set_up();
	world.volumes[0].is_double = true;
	world.volumes[0].uris[1] = "service:two";
	world.volumes[0].versions[1] = "1";
	world.keks[1].disabled = true;
	look(10);
	CHECK_STR_HAS(world.told, "refused a: service:two");
	take_down();
}

TEST(a_kek_that_the_table_does_not_allow_opens_nothing)
{
	set_up();
	world.volumes[0].uris[1] = "service:two";
	world.volumes[0].versions[1] = "1";
	world.keks[0].disabled = true;
	write_table("a /dev/test id=" ID_A " kek=one\n");
	look(10);
	CHECK_STR_HAS(world.told, "refused a: service:one: version 1 is disabled");
	/* Another volume under that name is not what the line speaks of. */
	world.volumes[0].fingerprint = "ffffffffffffffffffffffffffffffff";
	look(20);
	CHECK_STR_HAS(world.told, "recovered a");
	take_down();
}

/* A host that may unwrap and not look. */
TEST(a_kek_that_may_not_be_described_but_opens_is_well)
{
	set_up();
	world.keks[0].err = -EACCES;
	world.open_err = 0;
	look(10);
	CHECK_EQ(world.opened, 1);
	CHECK_STR_EQ(world.told, "");
	write_table("a /dev/test id=" ID_A " kek=service:one\n");
	look(200);
	CHECK_STR_EQ(world.told, "");
	CHECK_STR_EQ(world.did, "");
	/* What does not open for another reason than a refusal is no refusal. */
	world.open_err = -EHOSTUNREACH;
	look(210);
	CHECK_STR_HAS(world.told, "unreachable a: open: as the test says");
	world.open_err = -EACCES;
	look(220);
	CHECK_STR_HAS(world.told, "refused a: service:one: as the test says");
	world.open_err = 0;
	look(230);
	CHECK_STR_HAS(world.told, "recovered a");
	world.open_err = -EINTR;
	look(240);
	CHECK_STR_EQ(world.told, "");
	/* One that says by itself that it is well is not used. */
	world.keks[0].err = 0;
	look(250);
	CHECK_EQ(world.opened, 0);
	take_down();
}

TEST(a_kek_that_wants_a_pin_is_told_once_and_locks_nothing)
{
	set_up();
	world.keks[0].err = -ENOANO;
	look(10);
	CHECK_STR_EQ(world.told, "blind a: cannot be watched: service:one: as the test says\n");
	look(5000);
	CHECK_STR_EQ(world.told, "");
	CHECK_STR_EQ(world.did, "");
	CHECK_EQ(world.opened, 0);
	/* Nor where what may not be looked at wants it to open. */
	world.keks[0].err = -EACCES;
	world.open_err = -ENOANO;
	look(5010);
	CHECK_STR_EQ(world.told, "");
	world.keks[0].err = world.open_err = 0;
	look(5020);
	CHECK_STR_EQ(world.told, "");
	world.keks[0].err = -ENOANO;
	look(5030);
	CHECK_STR_HAS(world.told, "blind a");
	take_down();
}

/* What is wrong with the table must not let the KEKs of a header count that it rules out. */
TEST(a_table_that_is_broken_ends_no_grace)
{
	static const char *const broken[] = {
		"a /dev/test id=" ID_A " kek=one colour=blue\n", "a\n", "!?\n",
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(broken) + 1; i++) {
		set_up();
		world.volumes[0].uris[1] = "service:two";
		world.volumes[0].versions[1] = "1";
		world.keks[0].disabled = true;
		write_table("a /dev/test id=" ID_A " kek=one\n");
		look(10);
		CHECK_STR_HAS(world.told, "refused a");
		if (i < TEST_ARRAY_SIZE(broken))
			write_table(broken[i]);
		else
			CHECK(chmod(world.table, 0666) == 0);
		look(50);
		CHECK_STR_HAS(world.told, "blind -: ");
		CHECK(!strstr(world.told, "recovered"));
		look(110);
		CHECK_STR_EQ(world.did, "lock a");
		/* Where none runs, none begins. */
		look(120);
		CHECK(!strstr(world.told, "refused"));
		take_down();
		world.keks[0].disabled = false;
	}
}

TEST(each_kek_is_asked_once_for_all_its_volumes)
{
	set_up();
	world.n_volumes = 2;
	world.volumes[1].name = "b";
	world.volumes[1].uuid = UUID_B;
	world.volumes[1].uris[0] = "service:one";
	world.volumes[1].versions[0] = "1";
	world.keks[0].err = -ETIMEDOUT;
	look(10);
	CHECK_EQ(world.asked, 1);
	CHECK_STR_HAS(world.told, "unreachable a");
	CHECK_STR_HAS(world.told, "unreachable b");
	take_down();
}

/* A snapshot is open beside its volume. */
TEST(two_mappings_of_one_uuid_have_a_grace_each)
{
	set_up();
	world.n_volumes = 2;
	world.volumes[1].name = "b";
	world.volumes[1].uuid = UUID_A;
	world.volumes[1].uris[0] = "service:two";
	world.volumes[1].versions[0] = "1";
	world.keks[0].disabled = true;
	look(10);
	CHECK_STR_HAS(world.told, "refused a");
	look(109);
	CHECK_STR_EQ(world.told, "");
	look(110);
	CHECK_STR_EQ(world.did, "lock a");
	take_down();
}

TEST(the_volume_that_the_watch_is_on_comes_last)
{
	set_up();
	world.n_volumes = 2;
	world.volumes[1].name = "b";
	world.volumes[1].uuid = UUID_B;
	world.volumes[1].uris[0] = "service:one";
	world.volumes[1].versions[0] = "1";
	world.keks[0].disabled = true;
	world.under = "a";
	look(10);
	look(110);
	CHECK_STR_EQ(world.did, "lock b, lock a");
	take_down();
}

/* What was written ahead is taken back. */
TEST(its_grace_is_over_still_where_it_could_not_be_locked)
{
	set_up();
	world.keks[0].disabled = true;
	world.under = "a";
	look(10);
	world.lock_err = -EIO;
	look(110);
	CHECK_STR_HAS(world.told, "ended a: its grace is over, but: no such thing");
	world.lock_err = 0;
	look(120);
	CHECK_STR_EQ(world.did, "lock a");
	take_down();
}

TEST(volumes_with_a_line_are_looked_at_first)
{
	set_up();
	world.n_volumes = 2;
	world.volumes[1].name = "b";
	world.volumes[1].uuid = UUID_B;
	world.volumes[1].fingerprint = ID_A;
	world.volumes[1].uris[0] = "service:two";
	world.volumes[1].versions[0] = "1";
	world.keks[0].disabled = world.keks[1].disabled = true;
	write_table("b /dev/test id=" ID_A " kek=two\n");
	look(10);
	CHECK(strncmp(world.told, "refused b", 9) == 0);
	CHECK_STR_HAS(world.told, "refused a");
	take_down();
}

TEST(what_is_done_is_what_was_set)
{
	set_up();
	world.keks[0].disabled = true;
	settings.on_revoked = ENVOL_WATCH_LOG;
	look(10);
	look(110);
	CHECK_STR_EQ(world.did, "");
	CHECK_STR_HAS(world.told, "on_revoked = log leaves it open");
	settings.on_revoked = ENVOL_WATCH_CLOSE;
	world.close_err = -EBUSY;
	look(120);
	CHECK_STR_EQ(world.did, "lock a");
	world.close_err = -EIO;
	look(130);
	look(240);
	CHECK_STR_EQ(world.did, "");
	CHECK_STR_HAS(world.told, "ended a: its grace is over, but: in use");
	world.close_err = 0;
	look(250);
	CHECK_STR_EQ(world.did, "close a");
	take_down();
}

TEST(a_newer_version_is_taken_up_where_the_table_allows_it)
{
	set_up();
	world.keks[0].newest = "2";
	look(10);
	CHECK_EQ(world.renewed, 0);
	write_table("a /dev/test id=" ID_A " kek=service:one\n");
	settings.rewrap = false;
	look(20);
	CHECK_EQ(world.renewed, 0);
	settings.rewrap = true;
	look(30);
	CHECK_EQ(world.renewed, 1);
	CHECK_STR_HAS(world.told, "rewrapped a: 1 wraps");
	world.volumes[0].versions[0] = "2";
	look(40);
	CHECK_EQ(world.renewed, 1);
	/* An older wrap whose time is over goes. */
	world.volumes[0].uris[1] = "service:one";
	world.volumes[0].versions[1] = "1";
	world.volumes[0].retiring = 1000000000;
	world.nothing_renewed = true;
	look(50);
	CHECK_EQ(world.renewed, 2);
	CHECK_STR_EQ(world.told, "");
	/* What its line does not allow is not even asked. */
	world.volumes[0].uris[1] = "service:three";
	world.volumes[0].retiring = 0;
	look(60);
	CHECK_EQ(world.renewed, 2);
	take_down();
}

/* Who ends the watch while it asks has found out nothing. */
TEST(an_interrupted_look_decides_nothing)
{
	set_up();
	world.keks[0].err = -EINTR;
	look(10);
	look(2000);
	CHECK_STR_EQ(world.told, "");
	CHECK_STR_EQ(world.did, "");
	world.keks[0].err = -ETIMEDOUT;
	look(2010);
	CHECK_STR_HAS(world.told, "unreachable a");
	take_down();
}

TEST(what_is_not_ours_is_left_alone)
{
	set_up();
	world.volumes[0].uris[0] = NULL;
	look(10);
	CHECK_STR_HAS(world.told, "unreachable a: its header cannot be read");
	/* LUKS2 of another tool: never opened by us, and no wrap. */
	world.volumes[0].fingerprint = NULL;
	look(2000);
	CHECK_STR_EQ(world.told, "");
	CHECK_STR_EQ(world.did, "");
	take_down();
}

TEST(a_header_that_is_away_locks_nothing_while_a_kek_of_the_line_is_well)
{
	set_up();
	world.volumes[0].uris[0] = NULL;
	write_table("a /dev/test id=" ID_A " kek=one kek=two\n");
	look(1);
	CHECK_STR_HAS(world.told, "unreachable a: its header cannot be read");
	write_table("a /dev/test id=" ID_A " kek=one kek=two header=/media/stick/a\n");
	world.keks[0].disabled = true;
	look(10);
	CHECK_STR_HAS(world.told, "recovered a");
	CHECK_EQ(world.opened, 0);
	world.keks[1].err = -EHOSTUNREACH;
	look(20);
	CHECK_STR_HAS(world.told, "unreachable a: its header cannot be read; service:two");
	world.keks[1].err = -EACCES;
	look(1010);
	CHECK_STR_EQ(world.did, "");
	look(1020);
	CHECK_STR_EQ(world.did, "lock a");
	/* Nor does its absence bring back what was refused. */
	world.volumes[0].uris[0] = "service:one";
	world.keks[1].err = 0;
	look(2000);
	CHECK_STR_HAS(world.told, "refused a");
	world.volumes[0].uris[0] = NULL;
	look(2050);
	CHECK_STR_EQ(world.told, "");
	look(2100);
	CHECK_STR_EQ(world.did, "lock a");
	take_down();
}

TEST(every_decision_is_in_the_audit_record)
{
	set_up();
	world.keks[0].disabled = true;
	look(10);
	look(110);
	test_run("grep -q '\"operation\":\"watch-refused\".*\"message\":\"a: service:one: version 1 is disabled\"' %s/audit.log",
		 world.top);
	test_run("grep -q '\"operation\":\"watch-ended\".*it was locked' %s/audit.log", world.top);
	take_down();
}
