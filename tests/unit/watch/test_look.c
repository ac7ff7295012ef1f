// SPDX-License-Identifier: GPL-2.0-or-later
/* What a look finds of volumes and their KEKs. */
#include <errno.h>
#include <sys/stat.h>

#include "tests/unit/watch/world.h"

static void write_table(const char *text)
{
	FILE *file = fopen(world.table, "w");

	CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
	CHECK(chmod(world.table, 0600) == 0);
}

TEST(a_volume_that_is_well_is_left_alone)
{
	set_up();
	CHECK_EQ(look(10), 60);
	CHECK_STR_EQ(world.told, "");
	CHECK_STR_EQ(world.did, "");
	take_down();
}

TEST(one_kek_that_opens_is_enough)
{
	set_up();
	set_wrap(0, 1, "service:two", "1");
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
	set_wrap(0, 1, "service:two", "1");
	world.keks[1].disabled = true;
	look(10);
	CHECK_STR_HAS(world.told, "refused a: service:two");
	take_down();
}

TEST(a_kek_that_the_table_does_not_allow_opens_nothing)
{
	set_up();
	set_wrap(0, 1, "service:two", "1");
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

/*
 * After a change of the firmware, say. Nobody can disable a key of this host then, but one of
 * a vault's whose credential the TPM does not open may be disabled.
 */
TEST(a_tpm_that_does_not_open_a_key_of_this_host_locks_nothing)
{
	set_up();
	world.keks[0].err = -EKEYREJECTED;
	look(10);
	CHECK_STR_EQ(world.told, "blind a: cannot be watched: service:one: as the test says\n");
	look(5000);
	CHECK_STR_EQ(world.told, "");
	CHECK_STR_EQ(world.did, "");
	/* Its header is away as well. */
	world.volumes[0].uris[0] = NULL;
	write_table("a /dev/test id=" ID_A " kek=one header=/media/stick/a\n");
	look(9000);
	CHECK_STR_EQ(world.told, "");
	CHECK_STR_EQ(world.did, "");
	/* What was refused before is not brought back by it. */
	world.volumes[0].uris[0] = "service:one";
	world.keks[0].err = 0;
	world.keks[0].disabled = true;
	look(9010);
	CHECK_STR_HAS(world.told, "refused a");
	world.keks[0].err = -EKEYREJECTED;
	look(9109);
	CHECK(!strstr(world.told, "recovered"));
	look(9110);
	CHECK_STR_EQ(world.did, "lock a");
	take_down();
}

TEST(a_credential_that_the_tpm_does_not_open_is_a_kek_out_of_reach)
{
	set_up();
	set_wrap(0, 0, "https://corp.vault.azure.net/keys/k", "1");
	world.keks[0].uri = world.volumes[0].uris[0];
	world.keks[0].err = -EKEYREJECTED;
	look(10);
	CHECK_STR_HAS(world.told, "unreachable a: https://corp.vault.azure.net/keys/k");
	look(1010);
	CHECK_STR_EQ(world.did, "lock a");
	/* It is no better where a key of this host is needed too, and is blind. */
	set_wrap(0, 1, "service:two", "1");
	world.volumes[0].is_double = true;
	world.keks[1].err = -EKEYREJECTED;
	look(1020);
	CHECK_STR_HAS(world.told, "unreachable a: https://");
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
		set_wrap(0, 1, "service:two", "1");
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
	set_volume(1, "b", UUID_B, "service:one");
	world.keks[0].err = -ETIMEDOUT;
	look(10);
	CHECK_EQ(world.asked, 1);
	CHECK_STR_HAS(world.told, "unreachable a");
	CHECK_STR_HAS(world.told, "unreachable b");
	take_down();
}

TEST(volumes_with_a_line_are_looked_at_first)
{
	set_up();
	set_volume(1, "b", UUID_B, "service:two");
	world.volumes[1].fingerprint = ID_A;
	world.keks[0].disabled = world.keks[1].disabled = true;
	write_table("b /dev/test id=" ID_A " kek=two\n");
	look(10);
	CHECK(strncmp(world.told, "refused b", 9) == 0);
	CHECK_STR_HAS(world.told, "refused a");
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
	set_wrap(0, 1, "service:one", "1");
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
