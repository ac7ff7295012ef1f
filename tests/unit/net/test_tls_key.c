// SPDX-License-Identifier: GPL-2.0-or-later
/* A key that signs elsewhere, here in a function, against servers of OpenSSL's. In tokens: tests/kmip. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/net/tls.h"

static struct envol *ev;
static char top[64], asked_for[16];
static EVP_PKEY *key;
static bool is_bad;

static void setup(void)
{
	char command[512];
	FILE *file;

	strcpy(top, "/tmp/envol-tls-key-XXXXXX");
	CHECK(mkdtemp(top));
	CHECK_OK(envol_new(&ev));
	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout %s/key -out %s/cert 2>/dev/null",
		 top, top);
	CHECK_EQ(system(command), 0);
	snprintf(command, sizeof(command), "%s/key", top);
	file = fopen(command, "r");
	CHECK(file);
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	CHECK(key);
	fclose(file);
	is_bad = false;
}

static void teardown(void)
{
	char command[128];

	EVP_PKEY_free(key);
	envol_free(ev);
	snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK_EQ(system(command), 0);
}

/* What a token does: it pads a digest and signs it. */
static int sign(void *data, const char *algorithm, const uint8_t *digest, size_t len,
		struct envol_blob *signature)
{
	const char *bits = algorithm + 2, *hash = strcmp(bits, "256") == 0 ? "SHA256" :
						  strcmp(bits, "384") == 0 ? "SHA384" :
									     "SHA512";
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t out[512];
	size_t n = sizeof(out);

	CHECK(*(int *)data == 7);
	CHECK_EQ(len * 8, atoi(bits));
	strcpy(asked_for, algorithm);
	CHECK(ctx && EVP_PKEY_sign_init(ctx) == 1);
	if (algorithm[0] == 'P')
		CHECK(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		      EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
	CHECK(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(hash)) == 1);
	CHECK(EVP_PKEY_sign(ctx, out, &n, digest, len) == 1);
	EVP_PKEY_CTX_free(ctx);
	if (is_bad)
		out[3] ^= 1;
	return envol_blob_append(signature, out, n);
}

static int refuse(void *data, const char *algorithm, const uint8_t *digest, size_t len,
		  struct envol_blob *signature)
{
	return envol_error(ev, -ENOANO, "the token wants a PIN");
}

static pid_t serve(const char *options, uint16_t port)
{
	char command[512];
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid)
		return pid;
	snprintf(command, sizeof(command),
		 "exec openssl s_server -accept 127.0.0.1:%u -cert %s/cert -key %s/key -CAfile %s/cert -Verify 1 -verify_return_error -quiet %s >/dev/null 2>&1",
		 port, top, top, top, options);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

/* The server has looked at our signature when it answers the first bytes: in TLS 1.3 not before. */
static int connect_to(const char *options, int (*signs)(void *, const char *, const uint8_t *,
							 size_t, struct envol_blob *))
{
	static uint16_t port;
	char cert[128];
	int seven = 7, tries, err = -EHOSTUNREACH;
	struct envol_tls_signer signer = { .ev = ev, .name = "the key", .sign = signs,
					   .data = &seven };
	struct envol_tls_options how = { .ca_file = cert, .certificate_file = cert,
					 .signer = &signer };
	struct envol_tls *tls;
	pid_t pid;

	port = port ? port + 1 : 20000 + getpid() % 20000;
	snprintf(cert, sizeof(cert), "%s/cert", top);
	pid = serve(options, port);
	for (tries = 0; err == -EHOSTUNREACH && tries < 100; tries++) {
		poll(NULL, 0, 50);
		err = envol_tls_open(ev, "127.0.0.1", port, &how, envol_deadline_in(20000), &tls);
	}
	if (!err)
		envol_tls_close(tls);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	return err;
}

static const struct {
	const char *options, *algorithm;
} rows[] = {
	{ "-tls1_2 -client_sigalgs rsa_pss_rsae_sha256", "PS256" },
	{ "-tls1_2 -client_sigalgs rsa_pss_rsae_sha384", "PS384" },
	{ "-tls1_2 -client_sigalgs rsa_pss_rsae_sha512", "PS512" },
	{ "-tls1_2 -client_sigalgs RSA+SHA256", "RS256" },
	{ "-tls1_2 -client_sigalgs RSA+SHA384", "RS384" },
	{ "-tls1_2 -client_sigalgs RSA+SHA512", "RS512" },
	{ "-tls1_3 -client_sigalgs rsa_pss_rsae_sha384", "PS384" },
};

TEST(a_server_gets_the_signature_that_it_wants)
{
	size_t i;

	setup();
	for (i = 0; i < ENVOL_ARRAY_SIZE(rows); i++) {
		*asked_for = 0;
		if (connect_to(rows[i].options, sign))
			FAIL("%s: %s", rows[i].options, envol_error_message(ev));
		CHECK_STR_EQ(asked_for, rows[i].algorithm);
	}
	teardown();
}

TEST(a_signature_by_another_key_is_not_sent)
{
	setup();
	is_bad = true;
	CHECK_ERR(connect_to("-tls1_3", sign), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "the key: the key is not that of the certificate");
	teardown();
}

TEST(who_does_not_sign_has_the_last_word)
{
	setup();
	CHECK_ERR(connect_to("-tls1_2", refuse), -ENOANO);
	CHECK_STR_EQ(envol_error_message(ev), "the token wants a PIN");
	CHECK_ERR(connect_to("-tls1_3", refuse), -ENOANO);
	teardown();
}
