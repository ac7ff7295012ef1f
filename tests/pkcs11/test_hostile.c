// SPDX-License-Identifier: GPL-2.0-or-later
/* A vendor's module that hangs, crashes or lies takes neither caller nor key along. */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "tests/pkcs11/softhsm.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"

#define URI "pkcs11:token=hostile;serial=0001;object=disk"
#define SUBJECT "serial=0001"
/* AddressSanitizer takes the signal for itself and exits. */
#define CRASHED (PLACE_SANITIZED ? "status 1" : "signal 11")
#define SHORT_MS 700
#define SLACK_MS 3000

static const uint8_t volume_id[ENVOL_KEK_ID_SIZE] = { 1, 2, 3 };

static struct place place;
static struct envol_secret key;
static struct envol_wrapped wrapped;

static void misbehave(const char *how)
{
	char text[256];

	snprintf(text, sizeof(text), "HOSTILE=%s HOSTILE_TRIES=%s/tries", how,
		 place.top);
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "environment",
				    text));
}

/* With a key that was wrapped while the module still behaved. */
static void setup(void)
{
	char path[512] = "";

	place_open(&place);
	CHECK(readlink("/proc/self/exe", path, 400) > 0);
	strcat(dirname(path), "/hostile.so");
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "module", path));
	softhsm_write(&place, "pin", "1234\n");
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", SUBJECT, "pin_file",
				    place_path(&place, "pin")));
	misbehave("");
	CHECK_OK(envol_random_secret(place.ev, &key, 64));
	CHECK_OK(envol_kek_wrap(place.ev, URI, volume_id, &key, &wrapped));
}

static void teardown(void)
{
	envol_secret_wipe(&key);
	envol_wrapped_free(&wrapped);
	place_close(&place);
}

static int unwrap(void)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err = envol_kek_unwrap(place.ev, URI, volume_id, &wrapped, &back);

	CHECK(err || envol_secret_equal(&back, &key));
	CHECK(!err || !back.data);
	return err;
}

TEST(it_works_while_it_behaves)
{
	setup();
	CHECK_OK(unwrap());
	CHECK_STR_EQ(wrapped.version, "0102");
	CHECK_STR_EQ(wrapped.algorithm, "A256GCM");
	CHECK_OK(envol_kek_enrol(place.ev, URI, volume_id, NULL));
	teardown();
}

TEST(a_module_that_hangs_is_ended_at_the_deadline)
{
	static const char *const places[] = {
		"hang-load", "hang-C_Initialize", "hang-C_GetSlotList",
		"hang-C_GetTokenInfo", "hang-C_OpenSession", "hang-C_Login",
		"hang-C_FindObjects", "hang-C_GetAttributeValue",
		"hang-C_DecryptInit", "hang-C_Decrypt", "hang-C_CloseSession",
	};
	size_t i;

	setup();
	CHECK_OK(envol_set_timeout(place.ev, SHORT_MS));
	for (i = 0; i < TEST_ARRAY_SIZE(places); i++) {
		int64_t began = envol_deadline_now_ms();
		int err;

		misbehave(places[i]);
		err = unwrap();
		if (err != -ETIMEDOUT)
			FAIL("%s: %d, %s", places[i], err,
			     envol_error_message(place.ev));
		CHECK(envol_deadline_now_ms() - began < SHORT_MS + SLACK_MS);
		CHECK_STR_HAS(envol_error_message(place.ev), URI);
	}
	misbehave("");
	CHECK_OK(envol_set_timeout(place.ev, 30000));
	CHECK_OK(unwrap());
	teardown();
}

TEST(a_module_that_crashes_or_ends_the_process_is_told)
{
	static const struct {
		const char *how, *sentence;
	} cases[] = {
		{ "crash-C_Initialize", CRASHED },
		{ "crash-C_GetTokenInfo", CRASHED },
		{ "crash-C_Login", CRASHED },
		{ "crash-C_Decrypt", CRASHED },
		{ "end-C_Login", "ended with status 0" },
		{ "end-C_Decrypt", "ended with status 0" },
		/* What it writes behind the end of the key's room hits the guard page. */
		{ "writes-too-much", CRASHED },
	};
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		int err;

		misbehave(cases[i].how);
		err = unwrap();
		if (err != -EIO)
			FAIL("%s: %d, %s", cases[i].how, err,
			     envol_error_message(place.ev));
		CHECK_STR_HAS(envol_error_message(place.ev), cases[i].sentence);
	}
	misbehave("");
	CHECK_OK(unwrap());
	teardown();
}

static void check_all(int (*run)(void), const char *const *hows, size_t n,
		      const int *errs, const char *const *sentences)
{
	size_t i;

	setup();
	CHECK_OK(envol_set_timeout(place.ev, 2000));
	for (i = 0; i < n; i++) {
		int err;

		misbehave(hows[i]);
		err = run();
		if (err != errs[i] ||
		    !strstr(envol_error_message(place.ev), sentences[i]))
			FAIL("%s: %d, not %d: %s", hows[i], err, errs[i],
			     envol_error_message(place.ev));
	}
	misbehave("");
	CHECK_OK(unwrap());
	teardown();
}

struct expected {
	const char *how;
	int err;
	const char *sentence;
};

#define CHECK_CASES(run, cases)                                            \
	do {                                                               \
		const char *hows[TEST_ARRAY_SIZE(cases)];                  \
		const char *sentences[TEST_ARRAY_SIZE(cases)];             \
		int errs[TEST_ARRAY_SIZE(cases)];                          \
		size_t i_;                                                 \
                                                                           \
		for (i_ = 0; i_ < TEST_ARRAY_SIZE(cases); i_++) {          \
			hows[i_] = cases[i_].how;                          \
			errs[i_] = cases[i_].err;                          \
			sentences[i_] = cases[i_].sentence;                \
		}                                                          \
		check_all(run, hows, TEST_ARRAY_SIZE(cases), errs,         \
			  sentences);                                      \
	} while (0)

TEST(lies_about_lengths_are_not_believed)
{
	static const struct expected cases[] = {
		{ "many-slots", -EPROTO, "slots" },
		{ "more-slots", -EPROTO, "slots where there was room" },
		{ "more-objects", -EPROTO, "objects where 16" },
		{ "long-attributes", -ENOENT, "no such key" },
		{ "no-lengths", -ENOENT, "no such key" },
		{ "long-answer", -EPROTO, "1048576 bytes where there was room" },
		{ "empty-answer", -EPROTO, "0 bytes where there was room" },
		{ "control-characters", 0, "" },
		{ "full-fields", 0, "" },
	};

	CHECK_CASES(unwrap, cases);
}

/* There is nothing to describe then. */
TEST(keys_that_vanish_while_one_is_made_are_missed)
{
	setup();
	misbehave("hides-keys");
	CHECK_ERR(envol_key_rotate(place.ev, URI, NULL), -ENOENT);
	CHECK_STR_HAS(envol_error_message(place.ev), "the key is gone");
	teardown();
}

/* What stands for all the errors: each is named, and the classes are told apart. */
TEST(errors_of_the_token_are_named_and_told_apart)
{
	static const struct expected cases[] = {
		{ "no-token", -EHOSTUNREACH, "is not there" },
		{ "error-C_Initialize-0x30", -ELIBBAD, "CKR_DEVICE_ERROR" },
		{ "error-C_OpenSession-0xb1", -EAGAIN, "CKR_SESSION_COUNT" },
		{ "error-C_OpenSession-0x32", -EHOSTUNREACH,
		  "CKR_DEVICE_REMOVED" },
		{ "error-C_OpenSession-0xe0", -EHOSTUNREACH,
		  "CKR_TOKEN_NOT_PRESENT" },
		{ "error-C_Login-0xa3", -EACCES, "CKR_PIN_EXPIRED" },
		{ "error-C_Login-0xa4", -EACCES, "CKR_PIN_LOCKED" },
		{ "error-C_Login-0x102", -EACCES,
		  "CKR_USER_PIN_NOT_INITIALIZED" },
		{ "error-C_Login-0x30", -EIO, "CKR_DEVICE_ERROR" },
		{ "error-C_FindObjectsInit-0x32", -EHOSTUNREACH,
		  "CKR_DEVICE_REMOVED" },
		{ "error-C_GetAttributeValue-0x32", -EHOSTUNREACH,
		  "CKR_DEVICE_REMOVED" },
		{ "lost-always", -EIO, "the session with the token was lost" },
		{ "lost-once", 0, "" },
		{ "error-C_DecryptInit-0x70", -EOPNOTSUPP,
		  "CKR_MECHANISM_INVALID" },
		{ "error-C_DecryptInit-0x68", -EACCES,
		  "CKR_KEY_FUNCTION_NOT_PERMITTED" },
		{ "error-C_DecryptInit-0x80000102", -EIO,
		  "CKR_VENDOR_DEFINED + 0x102" },
		{ "error-C_Decrypt-0x30", -EIO, "CKR_DEVICE_ERROR" },
		{ "error-C_Decrypt-0x32", -EHOSTUNREACH, "CKR_DEVICE_REMOVED" },
		{ "error-C_Decrypt-0x40", -EBADMSG,
		  "CKR_ENCRYPTED_DATA_INVALID" },
		{ "error-C_Decrypt-0xfff", -EIO, "CKR 0xfff" },
		{ "public-key", -ENOENT, "none that is private" },
		{ "two-tokens", 0, "" },
		{ "copied-token", -ENOTUNIQ, "one of them is a copy" },
	};

	CHECK_CASES(unwrap, cases);
}

/* One error for all that can go wrong: what was just wrapped tells bad bytes from a bad device. */
TEST(a_general_error_is_judged)
{
	setup();
	wrapped.bytes.data[wrapped.bytes.len - 1] ^= 1;
	CHECK_ERR(unwrap(), -EBADMSG);
	CHECK_STR_HAS(envol_error_message(place.ev), "CKR_GENERAL_ERROR");
	wrapped.bytes.data[wrapped.bytes.len - 1] ^= 1;
	misbehave("error-C_Decrypt-0x5");
	CHECK_ERR(unwrap(), -EIO);
	CHECK_STR_HAS(envol_error_message(place.ev), "CKR_GENERAL_ERROR");
	teardown();
}

static int enrol(void)
{
	return envol_kek_enrol(place.ev, URI, volume_id, NULL);
}

TEST(a_key_that_is_not_fit_is_not_enrolled)
{
	static const struct expected cases[] = {
		{ "extractable", -EKEYREJECTED, "CKA_EXTRACTABLE is set" },
		{ "not-sensitive", -EKEYREJECTED, "CKA_SENSITIVE is not set" },
		{ "no-usage", -EKEYREJECTED, "CKA_ENCRYPT and CKA_DECRYPT" },
		{ "no-id", -EKEYREJECTED, "CKA_ID" },
		{ "no-mechanism", -EOPNOTSUPP, "no mechanism to wrap with" },
		{ "wrong-answer", -EKEYREJECTED, "something else" },
		{ "long-wrap", -EPROTO, "1048576 bytes" },
		{ "empty-wrap", -EPROTO, "0 bytes" },
		{ "endless-objects", -E2BIG, "more than" },
		{ "asks-each-time", 0, "" },
	};

	CHECK_CASES(enrol, cases);
}

TEST(who_insists_has_a_key_that_can_be_taken_out)
{
	setup();
	misbehave("extractable");
	CHECK_ERR(enrol(), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(place.ev), "accept_exportable");
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", SUBJECT,
				    "accept_exportable", "yes"));
	CHECK_OK(enrol());
	teardown();
}

TEST(two_tokens_that_fit_are_not_chosen_from)
{
	setup();
	misbehave("two-tokens");
	/* The one that is configured is meant, and not whatever else has its label. */
	CHECK_OK(envol_key_show(place.ev, "pkcs11:token=hostile;object=disk",
				NULL));
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", "serial=0002",
				    "algorithm", "A256GCM"));
	CHECK_ERR(envol_key_show(place.ev, "pkcs11:token=hostile;object=disk",
				 NULL), -ENOTUNIQ);
	CHECK_STR_HAS(envol_error_message(place.ev), "serial=");
	teardown();
}

/* ---- PINs: the third wrong one locks this token ------------------------------------- */

static int tries(void)
{
	return atoi(place_text(&place, "tries"));
}

TEST(a_pin_in_a_file_that_was_refused_is_not_offered_again)
{
	setup();
	softhsm_write(&place, "pin", "9999\n");
	CHECK_ERR(unwrap(), -ENOANO);
	CHECK_STR_HAS(envol_error_message(place.ev), "CKR_PIN_INCORRECT");
	CHECK_STR_HAS(envol_error_message(place.ev), "not tried again");
	CHECK_EQ(tries(), 1);
	CHECK_ERR(unwrap(), -ENOANO);
	CHECK_STR_HAS(envol_error_message(place.ev), "refused the PIN in");
	CHECK_ERR(unwrap(), -ENOANO);
	CHECK_EQ(tries(), 1);

	softhsm_write(&place, "pin", "1234\n");
	CHECK_OK(unwrap());
	CHECK_EQ(tries(), 0);
	teardown();
}

TEST(eight_processes_with_a_wrong_pin_are_one_strike)
{
	int i, status;

	setup();
	softhsm_write(&place, "pin", "9999\n");
	for (i = 0; i < 8; i++)
		if (fork() == 0)
			_exit(envol_key_show(place.ev, URI, NULL) != -ENOANO);
	for (i = 0; i < 8; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	CHECK_EQ(tries(), 1);
	teardown();
}

TEST(before_the_last_try_a_file_is_not_tried)
{
	setup();
	softhsm_write(&place, "tries", "2\n");
	CHECK_ERR(unwrap(), -ENOANO);
	CHECK_STR_HAS(envol_error_message(place.ev), "one more wrong PIN locks");
	CHECK_EQ(tries(), 2);
	softhsm_write(&place, "tries", "3\n");
	CHECK_ERR(unwrap(), -EACCES);
	CHECK_STR_HAS(envol_error_message(place.ev), "CKR_PIN_LOCKED");
	CHECK_EQ(tries(), 3);
	softhsm_write(&place, "tries", "0\n");
	CHECK_OK(unwrap());
	teardown();
}

struct answers {
	const char *texts[4];
	unsigned int n;
	char last[512];
};

static int answer(const char *uri, const char *sentence, unsigned int n,
		  struct envol_secret *pin, void *data)
{
	struct answers *answers = data;
	const char *text = answers->texts[answers->n];

	CHECK_STR_EQ(uri, URI);
	CHECK(n >= 1 && pin->len == 0);
	snprintf(answers->last, sizeof(answers->last), "%s", sentence);
	if (!text)
		return -ENOANO;
	answers->n++;
	CHECK_OK(envol_secret_copy(place.ev, pin, (const uint8_t *)text,
				   strlen(text)));
	return 0;
}

/* The file's PIN stays out of it: a caller's goes before. */
TEST(a_caller_is_asked_until_he_gives_up)
{
	struct answers answers = { .texts = { "1111", "1234" } };

	setup();
	envol_set_pin_fn(place.ev, answer, &answers);
	softhsm_write(&place, "pin", "9999\n");
	CHECK_OK(unwrap());
	CHECK_EQ(answers.n, 2);
	CHECK_STR_HAS(answers.last, "one more that is wrong locks it");
	/* It is kept for as long as the handle, and so asked for no more. */
	answers.n = 3;
	CHECK_OK(unwrap());
	CHECK_EQ(tries(), 0);
	/* And with it what was remembered of the file is forgotten: it gets one more try. */
	envol_set_pin_fn(place.ev, NULL, NULL);
	teardown();
}

TEST(a_caller_without_an_answer_gets_the_reason)
{
	struct answers answers = { .texts = { "1111" } };

	setup();
	envol_set_pin_fn(place.ev, answer, &answers);
	unlink(place_path(&place, "pin"));
	CHECK_ERR(unwrap(), -EINVAL);
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "algorithm",
				    "A256GCM"));
	softhsm_write(&place, "pin", "9999\n");
	CHECK_ERR(unwrap(), -ENOANO);
	CHECK_STR_HAS(envol_error_message(place.ev), "refused the PIN");
	CHECK_EQ(answers.n, 1);
	CHECK_EQ(tries(), 2);
	teardown();
}

TEST(a_pin_that_was_given_is_for_its_token)
{
	_cleanup_secret_ struct envol_secret pin = ENVOL_SECRET_INIT;

	setup();
	CHECK_OK(envol_secret_copy(place.ev, &pin, (const uint8_t *)"1234", 4));
	softhsm_write(&place, "pin", "9999\n");
	CHECK_OK(envol_set_pin(place.ev,
			       "pkcs11:token=hostile;serial=0002;object=disk",
			       &pin));
	CHECK_ERR(unwrap(), -ENOANO);
	CHECK_EQ(tries(), 1);
	CHECK_OK(envol_set_pin(place.ev,
			       "pkcs11:serial=0001;token=hostile;object=other",
			       &pin));
	CHECK_OK(unwrap());
	CHECK_ERR(envol_set_pin(place.ev, "https://corp.vault.azure.net/keys/a",
				&pin), -EOPNOTSUPP);
	envol_secret_wipe(&pin);
	CHECK_ERR(envol_set_pin(place.ev, URI, &pin), -EINVAL);
	teardown();
}

TEST(a_pin_is_entered_at_the_device_where_it_has_a_keypad)
{
	setup();
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", SUBJECT, "pin_file",
				    "/nonexistent"));
	misbehave("keypad");
	CHECK_OK(unwrap());
	CHECK_STR_HAS(place.log, "waits for its PIN at the device");
	teardown();
}
