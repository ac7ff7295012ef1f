// SPDX-License-Identifier: GPL-2.0-or-later
/* How a grace goes on, and what is done when it is over. */
#include <errno.h>

#include "tests/unit/watch/world.h"

/* The watch is started anew: what it knows is what it has written. */
static void start_anew(void)
{
	envol_free(world.ev);
	CHECK_OK(envol_new(&world.ev));
	CHECK_OK(envol_set_state(world.ev, world.top));
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

/* It was closed while KEKs were asked. */
TEST(another_volume_of_the_name_is_left_alone)
{
	set_up();
	world.keks[0].disabled = true;
	look(10);
	world.taken = "a";
	look(110);
	CHECK_STR_EQ(world.did, "");
	CHECK_STR_EQ(world.told, "");
	world.taken = NULL;
	look(120);
	CHECK_STR_EQ(world.did, "lock a");
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

/* A snapshot is open beside its volume. */
TEST(two_mappings_of_one_uuid_have_a_grace_each)
{
	set_up();
	set_volume(1, "b", UUID_A, "service:two");
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
	set_volume(1, "b", UUID_B, "service:one");
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
