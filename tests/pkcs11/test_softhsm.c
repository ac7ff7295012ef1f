// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys in SoftHSM as other people's tools make and use them (pkcs11-tool, openssl), and
 * what can go wrong with a token.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "tests/pkcs11/softhsm.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"

#define MIB (1u << 20)

static const uint8_t volume_id[ENVOL_KEK_ID_SIZE] = { 4, 5, 6 };

static struct place place;
static struct softhsm hsm;
static struct envol_secret key;
static struct envol_wrapped wrapped;

static void setup(void)
{
	place_open(&place);
	softhsm_start(&hsm, &place, "hsm");
	CHECK_OK(envol_random_secret(place.ev, &key, 64));
}

static void teardown(void)
{
	envol_secret_wipe(&key);
	envol_wrapped_free(&wrapped);
	place_close(&place);
}

static const char *message(void)
{
	return envol_error_message(place.ev);
}

static int wrap(const char *uri)
{
	envol_wrapped_free(&wrapped);
	return envol_kek_wrap(place.ev, uri, volume_id, &key, &wrapped);
}

static int unwrap(const char *uri)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err = envol_kek_unwrap(place.ev, uri, volume_id, &wrapped, &back);

	CHECK(err || envol_secret_equal(&back, &key));
	return err;
}

/* In a file of the place, where the tools find it; this key opens nothing. */
static void write_bytes(const char *name, const void *data, size_t len)
{
	int fd = open(place_path(&place, name),
		      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, data, len), len);
	close(fd);
}

static void check_file(const char *name, const void *data, size_t len)
{
	uint8_t bytes[1024];
	int fd = open(place_path(&place, name), O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(read(fd, bytes, sizeof(bytes)), len);
	CHECK_MEM_EQ(bytes, data, len);
	close(fd);
}

static void take_file(const char *name, struct envol_blob *blob)
{
	uint8_t bytes[1024];
	int fd = open(place_path(&place, name), O_RDONLY | O_CLOEXEC);
	ssize_t len;

	CHECK(fd >= 0);
	len = read(fd, bytes, sizeof(bytes));
	CHECK(len > 0);
	close(fd);
	envol_blob_free(blob);
	CHECK_OK(envol_blob_append(blob, bytes, len));
}

/* ---- with other people's tools --------------------------------------------------- */

static void make_rsa(unsigned int bits, const char *label, const char *id)
{
	softhsm_tool(&hsm, "--keypairgen --key-type rsa:%u --label %s --id %s --usage-decrypt",
		     bits, label, id);
}

TEST(what_envol_wraps_pkcs11_tool_unwraps)
{
	const char *uri;

	setup();
	make_rsa(3072, "cust", "0102");
	uri = softhsm_uri(&hsm, "object=cust");
	CHECK_OK(envol_kek_enrol(place.ev, uri, volume_id, NULL));
	CHECK_OK(wrap(uri));
	CHECK_STR_EQ(wrapped.version, "0102");
	CHECK_STR_EQ(wrapped.algorithm, "RSA-OAEP");
	CHECK_STR_HAS(place.log, "SHA-1 is used");
	write_bytes("wrapped", wrapped.bytes.data, wrapped.bytes.len);
	softhsm_tool(&hsm, "--decrypt -m RSA-PKCS-OAEP --hash-algorithm SHA-1 --mgf MGF1-SHA1 --id 0102 -i %s/wrapped -o %s/back",
		     place.top, place.top);
	check_file("back", key.data, key.len);
	teardown();
}

TEST(what_others_wrap_with_the_public_half_envol_unwraps)
{
	const char *uri;

	setup();
	make_rsa(2048, "cust", "0102");
	uri = softhsm_uri(&hsm, "object=cust;id=%01%02;type=private");
	CHECK_OK(wrap(uri));
	write_bytes("key", key.data, key.len);
	softhsm_tool(&hsm, "--read-object --type pubkey --id 0102 -o %s/public",
		     place.top);
	softhsm_run("openssl pkeyutl -encrypt -pubin -keyform DER -inkey %s/public -pkeyopt rsa_padding_mode:oaep -in %s/key -out %s/wrapped",
		    place.top, place.top, place.top);
	take_file("wrapped", &wrapped.bytes);
	CHECK_OK(unwrap(uri));
	teardown();
}

/* pkcs11-tool's secret keys, and both wraps of AES that SoftHSM has besides. */
TEST(an_aes_key_that_pkcs11_tool_made_wraps_in_every_way)
{
	static const struct {
		const char *algorithm;
		size_t len;
	} cases[] = { { "A256GCM", 92 }, { "A256KW-PAD", 72 },
		      { "A256KW", 72 } };
	const char *uri;
	size_t i;

	setup();
	softhsm_tool(&hsm, "--keygen --key-type AES:32 --label aes --id 0a --private --sensitive --usage-decrypt --usage-wrap");
	uri = softhsm_uri(&hsm, "object=aes");
	CHECK_OK(wrap(uri));
	CHECK_STR_EQ(wrapped.algorithm, "A256GCM");
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		CHECK_OK(envol_set_provider(place.ev, "pkcs11", hsm.subject,
					    "algorithm", cases[i].algorithm));
		CHECK_OK(wrap(uri));
		CHECK_STR_EQ(wrapped.algorithm, cases[i].algorithm);
		CHECK_EQ(wrapped.bytes.len, cases[i].len);
		CHECK_OK(unwrap(uri));
	}
	/* What was stored is what counts, whatever is set now. */
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", hsm.subject,
				    "algorithm", "RSA-OAEP-256"));
	CHECK_OK(unwrap(uri));
	CHECK_ERR(wrap(uri), -EINVAL);
	CHECK_STR_HAS(message(), "not for a key of this type");
	/* The token says that it has no such thing. */
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", hsm.subject,
				    "algorithm", "A256KWP"));
	CHECK_ERR(wrap(uri), -EOPNOTSUPP);
	CHECK_STR_HAS(message(), "CKR_MECHANISM_INVALID");
	teardown();
}

/* ---- what somebody without the PIN can do ------------------------------------------- */

/* A public key of his own with the same label and id: whoever wrapped with it would give him the key. */
TEST(a_planted_public_key_has_no_effect)
{
	const char *uri;

	setup();
	make_rsa(2048, "cust", "0102");
	uri = softhsm_uri(&hsm, "object=cust");
	softhsm_run("openssl genrsa -out %s/his 2048 && openssl rsa -in %s/his -pubout -outform DER -out %s/his.pub",
		    place.top, place.top, place.top);
	/* The customer's is gone, and his is there: no login. */
	softhsm_tool(&hsm, "--delete-object --type pubkey --label cust");
	softhsm_run("pkcs11-tool --module " SOFTHSM_MODULE " --token-label hsm --write-object %s/his.pub --type pubkey --label cust --id 0102",
		    place.top);
	CHECK_OK(envol_kek_enrol(place.ev, uri, volume_id, NULL));
	CHECK_OK(wrap(uri));
	write_bytes("wrapped", wrapped.bytes.data, wrapped.bytes.len);
	softhsm_run("! openssl pkeyutl -decrypt -inkey %s/his -pkeyopt rsa_padding_mode:oaep -in %s/wrapped -out %s/back",
		    place.top, place.top, place.top);
	CHECK_OK(unwrap(uri));
	teardown();
}

/* A secret key that he knows, put there without a login: it can't be a private object. */
TEST(a_planted_secret_key_is_not_seen)
{
	const char *uri;

	setup();
	uri = softhsm_uri(&hsm, "object=aes");
	write_bytes("known", key.data, 32);
	softhsm_run("pkcs11-tool --module " SOFTHSM_MODULE " --token-label hsm --write-object %s/known --type secrkey --key-type AES:32 --label aes --id 0a",
		    place.top);
	CHECK_ERR(wrap(uri), -ENOENT);
	CHECK_STR_HAS(message(), "none that is private");
	CHECK_OK(envol_key_create(place.ev, uri, NULL));
	CHECK_OK(wrap(uri));
	CHECK(strcmp(wrapped.version, "0a") != 0);
	CHECK_OK(unwrap(uri));
	teardown();
}

/* ---- which key, and may it --------------------------------------------------------- */

TEST(keys_that_can_be_taken_out_are_refused)
{
	const char *uri;

	setup();
	softhsm_tool(&hsm, "--keygen --key-type AES:32 --label aes --id 0a --private --extractable --usage-decrypt --usage-wrap");
	uri = softhsm_uri(&hsm, "object=aes");
	CHECK_ERR(envol_kek_enrol(place.ev, uri, volume_id, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(message(), "CKA_EXTRACTABLE");
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL,
				    "accept_exportable", "yes"));
	CHECK_OK(envol_kek_enrol(place.ev, uri, volume_id, NULL));
	teardown();
}

TEST(keys_of_other_kinds_are_refused)
{
	setup();
	make_rsa(1024, "weak", "01");
	CHECK_ERR(envol_kek_enrol(place.ev, softhsm_uri(&hsm, "object=weak"),
				  volume_id, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(message(), "RSA-1024");
	CHECK_ERR(wrap(softhsm_uri(&hsm, "object=weak")), -EKEYREJECTED);
	softhsm_tool(&hsm, "--keygen --key-type AES:16 --label short --id 02 --private --sensitive --usage-decrypt");
	CHECK_ERR(envol_kek_enrol(place.ev, softhsm_uri(&hsm, "object=short"),
				  volume_id, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(message(), "AES-128");
	/* Nor is one more of that kind made. */
	CHECK_ERR(envol_key_rotate(place.ev, softhsm_uri(&hsm, "object=short"), NULL),
		  -EKEYREJECTED);
	CHECK_STR_HAS(message(), "AES-128");
	CHECK_ERR(envol_key_rotate(place.ev, softhsm_uri(&hsm, "object=weak"), NULL),
		  -EKEYREJECTED);
	softhsm_tool(&hsm, "--keypairgen --key-type EC:prime256v1 --label curve --id 03");
	CHECK_ERR(wrap(softhsm_uri(&hsm, "object=curve")), -ENOENT);
	teardown();
}

TEST(two_keys_with_one_label_are_told_apart_by_id)
{
	struct envol_key_info info = { 0 };
	const char *uri;

	setup();
	make_rsa(2048, "cust", "0a");
	uri = softhsm_uri(&hsm, "object=cust");
	CHECK_OK(wrap(uri));
	make_rsa(2048, "cust", "0b");
	CHECK_ERR(envol_key_show(place.ev, uri, NULL), -ENOTUNIQ);
	CHECK_STR_HAS(message(), "0a, 0b");
	CHECK_ERR(envol_key_rotate(place.ev, uri, NULL), -ENOTUNIQ);
	/* What was wrapped opens all the same: the wrap says by which. */
	CHECK_OK(unwrap(uri));
	uri = softhsm_uri(&hsm, "object=cust;id=%0b");
	CHECK_OK(envol_key_show(place.ev, uri, &info));
	CHECK_EQ(info.n_versions, 1);
	CHECK_STR_EQ(info.versions[0].version, "0b");
	envol_key_info_free(&info);
	CHECK_ERR(envol_key_rotate(place.ev, uri, NULL), -EOPNOTSUPP);
	CHECK_STR_HAS(message(), "object=");
	teardown();
}

TEST(a_key_of_other_tools_is_rotated_to_one_of_its_kind)
{
	struct envol_key_info info = { 0 };
	const char *uri;

	setup();
	make_rsa(2048, "cust", "ff01");
	uri = softhsm_uri(&hsm, "object=cust");
	CHECK_OK(wrap(uri));
	CHECK_OK(envol_key_rotate(place.ev, uri, &info));
	CHECK_STR_EQ(info.type, "RSA-2048");
	CHECK_EQ(info.n_versions, 2);
	CHECK_STR_EQ(info.versions[0].version, "ff01");
	CHECK_OK(unwrap(uri));
	CHECK_OK(wrap(uri));
	CHECK_STR_EQ(wrapped.version, info.versions[1].version);
	envol_key_info_free(&info);
	/* A version that was deleted is missed by its name. */
	CHECK_OK(unwrap(uri));
	softhsm_tool(&hsm, "--delete-object --type privkey --id %s",
		     wrapped.version);
	CHECK_ERR(unwrap(uri), -ENOENT);
	CHECK_STR_HAS(message(), wrapped.version);
	teardown();
}

TEST(a_disabled_key_is_not_pkcs11s)
{
	const char *uri;

	setup();
	uri = softhsm_uri(&hsm, "object=k");
	CHECK_OK(envol_key_create(place.ev, uri, NULL));
	CHECK_ERR(envol_key_disable(place.ev, uri, NULL), -EOPNOTSUPP);
	CHECK_ERR(envol_key_create(place.ev,
				   softhsm_uri(&hsm, "id=%01"), NULL), -EINVAL);
	CHECK_STR_HAS(message(), "label");
	teardown();
}

/* ---- tokens and modules ----------------------------------------------------------------- */

TEST(modules_and_tokens_that_are_not_there_are_told_apart)
{
	const char *uri;

	setup();
	uri = softhsm_uri(&hsm, "object=k");
	CHECK_OK(envol_key_create(place.ev, uri, NULL));
	CHECK_OK(envol_set_timeout(place.ev, 1500));
	CHECK_ERR(envol_key_show(place.ev, "pkcs11:token=other;object=k", NULL),
		  -EHOSTUNREACH);
	CHECK_STR_HAS(message(), "token=other is not there");
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "module",
				    "/nonexistent.so"));
	CHECK_ERR(envol_key_show(place.ev, uri, NULL), -ELIBBAD);
	CHECK_STR_HAS(message(), "/nonexistent.so can't be loaded");
	/* A library that is no module. */
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "module",
				    "/lib/x86_64-linux-gnu/libm.so.6"));
	CHECK_ERR(envol_key_show(place.ev, uri, NULL), -ELIBBAD);
	CHECK_STR_HAS(message(), "libm.so.6 can't be loaded");
	/* A module whose own settings are missing. */
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "module",
				    SOFTHSM_MODULE));
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "environment",
				    "SOFTHSM2_CONF=/nonexistent"));
	CHECK_ERR(envol_key_show(place.ev, uri, NULL), -ELIBBAD);
	CHECK_STR_HAS(message(), "C_Initialize");
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "environment",
				    "no variable"));
	CHECK_ERR(envol_key_show(place.ev, uri, NULL), -EINVAL);
	CHECK_STR_HAS(message(), "NAME=VALUE");
	teardown();
}

/* p11-kit's own configuration has SoftHSM: its package brings it. */
TEST(without_a_module_p11_kit_knows_some)
{
	struct envol *own;
	char environment[200];
	_cleanup_secret_ struct envol_secret pin = ENVOL_SECRET_INIT;
	const char *uri;

	setup();
	uri = softhsm_uri(&hsm, "object=k");
	CHECK_OK(envol_key_create(place.ev, uri, NULL));
	own = place_handle(&place);
	snprintf(environment, sizeof(environment),
		 "SOFTHSM2_CONF=%s TPM2_PKCS11_TCTI=none TSS2_LOG=all+NONE",
		 hsm.conf);
	CHECK_OK(envol_set_provider(own, "pkcs11", NULL, "environment",
				    environment));
	CHECK_OK(envol_secret_copy(own, &pin, (const uint8_t *)SOFTHSM_PIN,
				   strlen(SOFTHSM_PIN)));
	CHECK_OK(envol_set_pin(own, uri, &pin));
	CHECK_OK(envol_key_show(own, uri, NULL));
	envol_free(own);
	teardown();
}

TEST(a_pin_file_for_all_tokens_is_refused)
{
	setup();
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "pin_file",
				    place_path(&place, "pin-hsm")));
	CHECK_ERR(envol_key_show(place.ev, softhsm_uri(&hsm, "object=k"), NULL),
		  -EINVAL);
	CHECK_STR_HAS(message(), "belongs to one token");
	CHECK_ERR(envol_set_provider(place.ev, "pkcs11", "token=hsm", "pin_file",
				     place_path(&place, "pin-hsm")), -EINVAL);
	CHECK_STR_HAS(message(), "serial= is missing");
	teardown();
}

/* By kek/service, which kek/pkcs11 runs: it has nothing of a TPM itself. */
TEST(a_pin_file_may_be_sealed_by_the_tpm)
{
	const struct envol_key_reseal how = { .policy = "none", .boot = true };
	struct envol_secret pin = ENVOL_SECRET_INIT;
	struct test_swtpm tpm;

	setup();
	softhsm_tool(&hsm, "--keygen --key-type AES:32 --label k --id 01 --private --sensitive --usage-decrypt --usage-wrap");
	test_swtpm_start(&tpm, place_path(&place, "tpm"));
	CHECK_OK(envol_set_tpm(place.ev, tpm.tcti));
	CHECK_OK(envol_secret_copy(place.ev, &pin, (const uint8_t *)SOFTHSM_PIN,
				   strlen(SOFTHSM_PIN)));
	CHECK_OK(envol_credential_seal(place.ev, "pkcs11.pin_file", &pin, &how,
				       place_path(&place, "sealed")));
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", hsm.subject, "pin_file",
				    place_path(&place, "sealed")));
	CHECK_OK(wrap(softhsm_uri(&hsm, "object=k")));
	CHECK_OK(unwrap(softhsm_uri(&hsm, "object=k")));
	CHECK_OK(envol_provider_lock(place.ev, "service"));
	CHECK_ERR(unwrap(softhsm_uri(&hsm, "object=k")), -EKEYREJECTED);
	CHECK_STR_HAS(message(), "/sealed: ");
	CHECK_STR_HAS(message(), "locked until the machine starts again");
	/* A PIN that was never tried is none that was refused. */
	CHECK_OK(envol_set_tpm(place.ev, "none"));
	CHECK_ERR(unwrap(softhsm_uri(&hsm, "object=k")), -ENODEV);
	test_swtpm_stop(&tpm);
	envol_secret_wipe(&pin);
	teardown();
}

TEST(a_pin_file_that_others_read_is_refused)
{
	setup();
	CHECK_EQ(chmod(place_path(&place, "pin-hsm"), 0644), 0);
	CHECK_ERR(envol_key_show(place.ev, softhsm_uri(&hsm, "object=k"), NULL),
		  -EPERM);
	teardown();
}

/* The token that is refused here and the file that is asked for are of one serial number. */
TEST(each_token_gets_its_own_pin)
{
	struct softhsm other;

	setup();
	softhsm_start(&other, &place, "other");
	softhsm_run("SOFTHSM2_CONF=%s pkcs11-tool --module " SOFTHSM_MODULE
		    " --token-label other --login --pin " SOFTHSM_PIN
		    " --change-pin --new-pin 999999", other.conf);
	softhsm_write(&place, "pin-other", "999999");
	CHECK_OK(envol_key_create(place.ev, softhsm_uri(&hsm, "object=a"),
				  NULL));
	CHECK_OK(envol_key_create(place.ev, softhsm_uri(&other, "object=b"),
				  NULL));
	teardown();
}

/* ---- volumes ---------------------------------------------------------------------------- */

static void make_image(char path[160])
{
	int fd;

	snprintf(path, 160, "%s", place_path(&place, "image"));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 16 * MIB), 0);
	close(fd);
}

/* Of the token's generator; a volume's DEK has them mixed in. */
TEST(a_token_gives_random_bytes)
{
	_cleanup_secret_ struct envol_secret first = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret second = ENVOL_SECRET_INIT;
	struct envol_kek_choice kek = { 0 };
	struct envol_volume_format format = { .keks = &kek, .n_keks = 1 };
	struct envol_volume_open open_it = { .test = true };
	struct envol_volume_info info = { 0 };
	char image[160];

	setup();
	kek.uri = format.mix_random = softhsm_uri(&hsm, "object=disk");
	CHECK_OK(envol_key_create(place.ev, kek.uri, NULL));
	CHECK_OK(envol_kek_random(place.ev, kek.uri, &first));
	CHECK_OK(envol_kek_random(place.ev, kek.uri, &second));
	CHECK_EQ(first.len, 64);
	CHECK(!envol_secret_equal(&first, &second));
	make_image(image);
	format.device = open_it.source.device = image;
	CHECK_OK(envol_volume_format(place.ev, &format, NULL));
	CHECK_STR_HAS(place.log, "take random bytes");
	CHECK_OK(envol_volume_open(place.ev, &open_it, &info));
	envol_volume_info_free(&info);
	teardown();
}

/* Two tokens are a highly available set: each has a wrap. */
TEST(a_volume_opens_while_one_of_two_tokens_is_there)
{
	struct envol_volume_info info = { 0 };
	struct envol_kek_choice keks[2] = { { 0 } };
	struct envol_volume_format format = { .keks = keks, .n_keks = 2 };
	struct envol_volume_open open_it = { .test = true };
	struct softhsm other;
	char image[160];

	setup();
	softhsm_start(&other, &place, "other");
	keks[0].uri = softhsm_uri(&hsm, "object=disk");
	keks[1].uri = softhsm_uri(&other, "object=disk");
	CHECK_OK(envol_key_create(place.ev, keks[0].uri, NULL));
	CHECK_OK(envol_key_create(place.ev, keks[1].uri, NULL));
	make_image(image);
	format.device = open_it.source.device = image;
	CHECK_OK(envol_volume_format(place.ev, &format, &info));
	CHECK_EQ(info.n_wraps, 2);
	envol_volume_info_free(&info);

	CHECK_OK(envol_volume_open(place.ev, &open_it, &info));
	CHECK_EQ(info.opened_by, 0);
	envol_volume_info_free(&info);
	softhsm_run("SOFTHSM2_CONF=%s softhsm2-util --delete-token --token hsm",
		    hsm.conf);
	CHECK_OK(envol_set_timeout(place.ev, 1500));
	CHECK_OK(envol_volume_open(place.ev, &open_it, &info));
	CHECK_EQ(info.opened_by, 1);
	envol_volume_info_free(&info);
	softhsm_run("mv %s/tokens %s/gone && mkdir %s/tokens", place.top,
		    place.top, place.top);
	CHECK_ERR(envol_volume_open(place.ev, &open_it, &info), -EHOSTUNREACH);
	CHECK_STR_HAS(message(), "is not there");
	softhsm_run("rmdir %s/tokens && mv %s/gone %s/tokens", place.top,
		    place.top, place.top);
	CHECK_OK(envol_volume_open(place.ev, &open_it, &info));
	envol_volume_info_free(&info);
	teardown();
}

TEST(a_wrap_is_renewed_for_a_new_version)
{
	struct envol_kek_choice kek = { 0 };
	struct envol_volume_format format = { .keks = &kek, .n_keks = 1 };
	struct envol_volume_open open_it = { .test = true };
	struct envol_volume_info info = { 0 };
	unsigned int renewed = 0;
	char image[160];

	setup();
	kek.uri = softhsm_uri(&hsm, "object=disk");
	CHECK_OK(envol_key_create(place.ev, kek.uri, NULL));
	make_image(image);
	format.device = open_it.source.device = image;
	CHECK_OK(envol_volume_format(place.ev, &format, NULL));
	CHECK_OK(envol_key_rotate(place.ev, kek.uri, NULL));
	CHECK_OK(envol_volume_open(place.ev, &open_it, NULL));
	CHECK_OK(envol_wrap_renew(place.ev, &open_it.source, 3600, &renewed));
	CHECK_EQ(renewed, 1);
	CHECK_OK(envol_volume_open(place.ev, &open_it, &info));
	CHECK_EQ(info.n_wraps, 2);
	CHECK(strcmp(info.wraps[0].parts[0].version,
		     info.wraps[1].parts[0].version) != 0);
	envol_volume_info_free(&info);
	teardown();
}
