// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Secrets of providers in files that the TPM opens: for the setting that they were sealed
 * for, on one machine, early in a boot where that was wanted, and never as a root key.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/harness/shell.h"
#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "tests/provider/place.h"
#include "userspace/lib/crypto/keywrap.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/kek.h"

#define SETTING "https.client_secret_file"

static struct place place;
static struct test_swtpm tpm;
static struct envol_secret secret;
static char file[128];

static void start(const char *name)
{
	test_swtpm_start(&tpm, place_path(&place, name));
	CHECK_OK(envol_set_tpm(place.ev, tpm.tcti));
}

static void setup(void)
{
	place_open(&place);
	start("tpm");
	snprintf(file, sizeof(file), "%s", place_path(&place, "sealed"));
	CHECK_OK(envol_random_secret(place.ev, &secret, 40));
	secret.data[39] = 'x';
}

static void teardown(void)
{
	envol_secret_wipe(&secret);
	test_swtpm_stop(&tpm);
	place_close(&place);
}

static int seal(const char *policy, bool boot)
{
	const struct envol_key_reseal how = { .policy = policy, .boot = boot };

	return envol_credential_seal(place.ev, SETTING, &secret, &how, file);
}

static int read_as(const char *scheme, const char *key)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err = envol_credential_read(place.ev, scheme, key, file, &back);

	if (!err)
		CHECK(envol_secret_equal(&secret, &back));
	else
		CHECK(!back.data);
	return err;
}

static int read_back(void)
{
	return read_as("https", "client_secret_file");
}

/* Each says which file it is, and does not sound like a KEK or a header that is bad. */
static void check_refused(int err, const char *part)
{
	CHECK_ERR(read_back(), err);
	CHECK_STR_HAS(envol_error_message(place.ev), "unseal /");
	CHECK_STR_HAS(envol_error_message(place.ev), "/sealed: ");
	CHECK_STR_HAS(envol_error_message(place.ev), part);
}

TEST(what_is_sealed_comes_back_and_is_not_in_the_file)
{
	_cleanup_secret_ struct envol_secret again = ENVOL_SECRET_INIT;
	struct stat st;

	setup();
	memcpy(secret.data, "so long, and thanks", 19);
	CHECK_OK(seal(NULL, false));
	CHECK_EQ(stat(file, &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0400);
	CHECK_STR_HAS(place_text(&place, "sealed"),
		      "envol-sealed 1\nfor " SETTING " any\nseal none ");
	CHECK(!strstr(place_text(&place, "sealed"), "thanks"));
	CHECK(!strstr(place_text(&place, "sealed"), "7468616e6b73"));
	CHECK_OK(read_back());
	CHECK_OK(read_back());
	CHECK_ERR(seal(NULL, false), -EEXIST);
	/* A chain of certificates with its key, and a byte more. */
	test_run("rm -f %s", file);
	envol_secret_wipe(&secret);
	CHECK_OK(envol_random_secret(place.ev, &again, ENVOL_KEYWRAP_MAX));
	CHECK_OK(envol_secret_alloc(place.ev, &secret, ENVOL_KEYWRAP_MAX + 1));
	memset(secret.data, 'y', secret.len);
	CHECK_ERR(seal(NULL, false), -EFBIG);
	CHECK_STR_EQ(place_text(&place, "sealed"), "");
	memcpy(secret.data, again.data, again.len - 1);
	envol_secret_truncate(&secret, ENVOL_KEYWRAP_MAX);
	CHECK_OK(seal("pcr7", false));
	CHECK_OK(read_back());
	teardown();
}

TEST(it_opens_for_its_own_setting_and_no_other)
{
	setup();
	CHECK_OK(seal("none", true));
	CHECK_ERR(read_as("https", "certificate_file"), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev),
		      "sealed for https.client_secret_file and does not open for https.certificate_file");
	CHECK_ERR(read_as("pkcs11", "pin_file"), -EINVAL);
	/* What the head says the key is made of as well. */
	test_run("sed -i 's/^for .* boot$/for pkcs11.pin_file boot/' %s", file);
	CHECK_ERR(read_as("pkcs11", "pin_file"), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "damaged or was changed");
	test_run("sed -i 's/^for .* boot$/for " SETTING " boot/' %s", file);
	CHECK_OK(read_back());
	test_run("sed -i 's/^\\(for .*\\) boot$/\\1 any/' %s", file);
	check_refused(-EINVAL, "damaged or was changed");
	teardown();
}

TEST(sealed_for_boot_it_opens_until_the_lock)
{
	setup();
	CHECK_OK(seal("pcr7", true));
	CHECK_STR_HAS(place_text(&place, "sealed"), "for " SETTING " boot\n");
	CHECK_OK(read_back());
	CHECK_OK(envol_provider_lock(place.ev, "service"));
	check_refused(-EKEYREJECTED, "locked until the machine starts again");
	CHECK_STR_HAS(envol_error_message(place.ev), "recovery key");
	/* It can be made then as well. */
	test_run("rm -f %s", file);
	CHECK_OK(seal("pcr7", true));
	CHECK_ERR(read_back(), -EKEYREJECTED);
	test_swtpm_stop(&tpm);
	start("tpm");
	CHECK_OK(read_back());
	test_run("TPM2TOOLS_TCTI=%s tpm2_pcrextend 7:sha256=%064d", tpm.tcti, 1);
	check_refused(-EKEYREJECTED, "PCR 7 is not what it was");
	CHECK_STR_HAS(envol_error_message(place.ev), "envol credential seal");
	teardown();
}

TEST(another_machine_does_not_open_it)
{
	setup();
	CHECK_OK(seal("none", false));
	test_swtpm_stop(&tpm);
	start("other");
	check_refused(-EKEYREJECTED, "another TPM sealed this secret");
	CHECK_STR_HAS(envol_error_message(place.ev), "seal it anew here");
	CHECK_OK(envol_set_tpm(place.ev, "device:/nonexistent"));
	check_refused(-ENODEV, "/nonexistent");
	CHECK_OK(envol_set_tpm(place.ev, "none"));
	check_refused(-ENODEV, "a TPM is needed");
	test_run("rm -f %s", file);
	CHECK_ERR(seal("none", false), -ENODEV);
	CHECK_STR_EQ(place_text(&place, "sealed"), "");
	teardown();
}

/* Both are of the same TPM and the same policy, and lie in files that an attacker may write. */
TEST(neither_is_it_a_root_key_nor_a_root_key_it)
{
	struct envol_key_reseal how = { .policy = "pcr7" };

	setup();
	CHECK_OK(envol_key_create(place.ev, "a", NULL));
	CHECK_OK(envol_key_reseal(place.ev, "service", &how, NULL));
	CHECK_OK(seal("pcr7", false));
	test_run("cd %s && cp -p sealed good && cp -p keys/root root && chmod u+w sealed keys/root && "
		 "{ head -n 2 good; sed -n 3,7p root; tail -n 1 good; } >sealed && "
		 "{ head -n 2 root; sed -n 3,7p good; } >keys/root", place.top);
	check_refused(-EINVAL, "damaged or was changed");
	CHECK_ERR(envol_key_show(place.ev, "a", NULL), -EBADMSG);
	/* The two as they were do open. */
	test_run("cd %s && cp root keys/root && cp good sealed", place.top);
	CHECK_OK(envol_key_show(place.ev, "a", NULL));
	CHECK_OK(read_back());
	teardown();
}

TEST(what_is_damaged_cut_or_too_large_is_refused)
{
	static const char *const edits[] = {
		"head -c 20 good", "head -n 2 good", "head -n 7 good",
		"head -c -1 good", "head -c -20 good", "cat good good",
		"sed '$d' good; echo data", "sed '$d' good; echo 'data '",
		"sed '$d' good; printf 'data %040000d\\n' 0",
		"sed 's/^private .*/private 00/' good",
		"sed 's/^private ..../private 0010/' good",
		"sed 's/^public .*/public -/' good",
		"sed 's/^seal none/seal none,pin/' good",
		"sed 's/^seal none/seal pin/' good",
		"sed 's/^data ../data 00/' good",
		"sed 's/^for /for \\x00/' good", "sed 's/^for .* /for  /' good",
		"printf 'envol-sealed 1\\nfor %0100d any\\n' 0",
	};
	size_t i;

	setup();
	CHECK_OK(seal("none", false));
	test_run("cp -p %s %s", file, place_path(&place, "good"));
	test_run("chmod u+w %s", file);
	for (i = 0; i < ENVOL_ARRAY_SIZE(edits); i++) {
		test_run("cd %s && { %s; } >sealed", place.top, edits[i]);
		CHECK_ERR(read_back(), -EINVAL);
		CHECK_STR_HAS(envol_error_message(place.ev), "damaged");
	}
	test_run("cd %s && sed 's/^envol-sealed 1/envol-sealed 2/' good >sealed",
		 place.top);
	check_refused(-EPROTONOSUPPORT, "newer envol");
	test_run("cd %s && { cat good; head -c 70000 /dev/zero; } >sealed",
		 place.top);
	CHECK_ERR(read_back(), -EFBIG);
	test_run("cd %s && cat good >sealed && chmod 644 sealed", place.top);
	CHECK_ERR(read_back(), -EPERM);
	test_run("chmod 600 %s", file);
	CHECK_OK(read_back());
	teardown();
}

static int seal_for(const char *setting)
{
	const struct envol_key_reseal how = { .policy = "none" };

	return envol_credential_seal(place.ev, setting, &secret, &how, file);
}

TEST(what_makes_no_sense_is_not_sealed)
{
	static const char *const settings[] = {
		"", ".", "https", "https.", ".pin_file", "ftp.pin_file",
		"https.client_id", "https.ca_file", "https.federated_token_file",
		"service.pin_file", "https.client_secret_file.x",
		"https.client_secret_file any\nseal",
	};
	size_t i;

	setup();
	for (i = 0; i < ENVOL_ARRAY_SIZE(settings); i++)
		CHECK_ERR(seal_for(settings[i]), -EINVAL);
	CHECK_ERR(seal("pcr7,pin", false), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "type a PIN");
	CHECK_ERR(seal("pcr:13", false), -EINVAL);
	CHECK_ERR(seal("pcr:16", false), -EINVAL);
	CHECK_STR_EQ(place_text(&place, "sealed"), "");
	CHECK_OK(seal_for("kmip.key_file"));
	teardown();
}
