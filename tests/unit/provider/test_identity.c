// SPDX-License-Identifier: GPL-2.0-or-later
/* Identities against peers that say what they are told to, and what they were asked. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "tests/unit/net/peer.h"
#include "userspace/lib/provider/keyvault/identity.h"
#include "userspace/lib/provider/settings.h"

#define VAULT	 "corp.vault.azure.net"
#define RESOURCE "https://vault.azure.net"
#define TENANT	 "72f988bf-86f1-41af-91ab-2d7cd011db47"

#define ANSWER(status, body) \
	"HTTP/1.1 " status "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", \
		strlen(body), body
#define GRANTED(token) \
	"{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"" token "\"}"

static const struct peer_certificate good;
static struct envol *ev;
static struct peer peer;
static struct peer_answer answers[4];
static struct envol_http *http;
static struct envol_identity *identity;
static struct envol_secret token = ENVOL_SECRET_INIT;
static char directory[] = "/tmp/envol-identity-XXXXXX";
static char client_id[37];

static void set(const char *key, const char *value)
{
	if (!ev) {
		CHECK_OK(envol_new(&ev));
		/* Not that of this machine. */
		if (strstr(directory, "XXXXXX"))
			CHECK(mkdtemp(directory));
		CHECK_OK(envol_set_state(ev, directory));
	}
	CHECK_OK(envol_settings_put(&ev->settings, "https", "", key, value));
}

/* A file with @mode, and the setting that names it. */
static void set_file(const char *key, const char *text, mode_t mode)
{
	char path[128];
	int fd;

	if (!ev)
		set("tenant", TENANT);
	snprintf(path, sizeof(path), "%s/%s", directory, key);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	CHECK(fd >= 0 && fchmod(fd, mode) == 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	set(key, path);
}

static void say(size_t i, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void say(size_t i, const char *fmt, ...)
{
	static char texts[TEST_ARRAY_SIZE(answers)][1024];
	va_list args;

	va_start(args, fmt);
	CHECK((size_t)vsnprintf(texts[i], sizeof(texts[i]), fmt, args) <
	      sizeof(texts[i]));
	va_end(args);
	answers[i] = (struct peer_answer){ .text = texts[i], .close = true };
}

/* Of this process alone, so that no other test's token is at hand. */
static void set_client(void)
{
	snprintf(client_id, sizeof(client_id),
		 "11111111-2222-3333-4444-%012d", getpid());
	set("client_id", client_id);
}

static void start_entra(size_t n)
{
	struct envol_http_options options = { 0 };

	peer_start(&peer, &good, answers, n);
	options.ca_file = peer.ca;
	set("authority", peer.url);
	set("tenant", TENANT);
	set_client();
	CHECK_OK(envol_http_new(ev, &options, &http));
	CHECK_OK(envol_identity_new(ev, VAULT, http, &identity));
}

static void start_secret(size_t n)
{
	set("identity", "secret");
	set_file("client_secret_file", "p%ss w&rd\n", 0600);
	start_entra(n);
}

static void start_machine(const char *kind, size_t n)
{
	char url[128];

	peer_start(&peer, NULL, answers, n);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer.port);
	set("identity", kind);
	set("identity_endpoint", url);
	CHECK_OK(envol_identity_new(ev, VAULT, NULL, &identity));
}

static int ask(void)
{
	envol_secret_wipe(&token);
	return envol_identity_token(identity, RESOURCE, envol_deadline_in(8000),
				    &token);
}

static void check_token(const char *want)
{
	CHECK_EQ(token.len, strlen(want));
	CHECK_MEM_EQ(token.data, want, token.len);
}

static void tidy(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	CHECK(system(command) == 0);
}

/* Nothing stays in the kernel; what the peer was asked. */
static const char *finish(void)
{
	if (identity)
		envol_identity_forget(identity, RESOURCE);
	envol_identity_free(identity);
	envol_http_free(http);
	envol_secret_wipe(&token);
	tidy();
	return peer_stop(&peer);
}

TEST(a_secret_goes_to_the_authority_and_comes_back_as_a_token)
{
	char path[256], body[640];
	const char *asked;

	say(0, ANSWER("200 OK", GRANTED("ey.one")));
	start_secret(1);
	CHECK_OK(ask());
	check_token("ey.one");
	/* The second has it from this process, another identity from the kernel. */
	CHECK_OK(ask());
	check_token("ey.one");
	envol_identity_free(identity);
	CHECK_OK(envol_identity_new(ev, VAULT, http, &identity));
	CHECK_OK(ask());
	check_token("ey.one");

	asked = finish();
	snprintf(path, sizeof(path), "POST /" TENANT "/oauth2/v2.0/token HTTP/1.1");
	snprintf(body, sizeof(body),
		 "client_id=%s&scope=https%%3A%%2F%%2Fvault.azure.net%%2F.default&grant_type=client_credentials&claims=%%7B%%22access_token%%22%%3A%%7B%%22xms_cc%%22%%3A%%7B%%22values%%22%%3A%%5B%%22cp1%%22%%5D%%7D%%7D%%7D&client_secret=p%%25ss%%20w%%26rd\n",
		 client_id);
	CHECK_STR_HAS(asked, path);
	CHECK_STR_HAS(asked, body);
	CHECK_STR_HAS(asked, "Content-Type: application/x-www-form-urlencoded");
	CHECK(!strcasestr(asked, "\nauthorization:"));
}

TEST(a_token_that_was_refused_is_not_used_again)
{
	say(0, ANSWER("200 OK", GRANTED("ey.one")));
	say(1, ANSWER("200 OK", GRANTED("ey.two")));
	start_secret(2);
	CHECK_OK(ask());
	envol_identity_forget(identity, RESOURCE);
	CHECK_OK(ask());
	check_token("ey.two");
	finish();
}

/* Each of these would make a token of one identity serve another. */
TEST(no_token_serves_another_identity)
{
	static const struct {
		const char *key, *value;
	} changes[] = {
		{ "client_id", "99999999-2222-3333-4444-555555555555" },
		{ "tenant", "99999999-86f1-41af-91ab-2d7cd011db47" },
		{ "authority", "https://127.0.0.1:1" },
		{ "ca_file", "/another/authority.pem" },
		{ "client_secret_file", NULL },
	};
	size_t i;

	say(0, ANSWER("200 OK", GRANTED("ey.one")));
	start_secret(1);
	CHECK_OK(ask());
	envol_secret_wipe(&token);
	CHECK(envol_identity_token(identity, "https://managedhsm.azure.net",
				   envol_deadline_in(3000), &token) < 0);
	for (i = 0; i < TEST_ARRAY_SIZE(changes); i++) {
		struct envol_identity *other;
		const char *old = envol_setting(ev, "https", NULL,
						changes[i].key);
		char *kept = old ? strdup(old) : NULL;

		if (changes[i].value)
			set(changes[i].key, changes[i].value);
		else
			set_file(changes[i].key, "a new secret", 0600);
		CHECK_OK(envol_identity_new(ev, VAULT, http, &other));
		envol_secret_wipe(&token);
		/* The peer has gone: whoever gets a token got that one. */
		if (envol_identity_token(other, RESOURCE,
					 envol_deadline_in(3000), &token) >= 0)
			FAIL("%s", changes[i].key);
		envol_identity_free(other);
		set(changes[i].key, kept ? kept : "");
		free(kept);
	}
	finish();
}

TEST(a_token_that_soon_ends_is_for_one_use)
{
	say(0, ANSWER("200 OK", "{\"token_type\":\"Bearer\",\"expires_in\":300,\"access_token\":\"ey.one\"}"));
	say(1, ANSWER("200 OK", GRANTED("ey.two")));
	start_secret(2);
	CHECK_OK(ask());
	check_token("ey.one");
	envol_identity_free(identity);
	CHECK_OK(envol_identity_new(ev, VAULT, http, &identity));
	CHECK_OK(ask());
	check_token("ey.two");
	finish();
}

TEST(refusals_say_what_to_change)
{
	static const struct {
		const char *status, *body;
		int err;
		const char *why;
	} rows[] = {
		{ "401 Unauthorized", "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret provided.\",\"correlation_id\":\"c-7\"}",
		  -EACCES, "client_secret_file does not hold" },
		{ "401 Unauthorized", "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000222: expired.\",\"correlation_id\":\"c-7\"}",
		  -EKEYEXPIRED, "has expired" },
		{ "400 Bad Request", "{\"error\":\"unauthorized_client\",\"error_description\":\"AADSTS700016: Application with identifier not found.\",\"correlation_id\":\"c-7\"}",
		  -EACCES, "check client_id and tenant" },
		{ "400 Bad Request", "{\"error\":\"invalid_request\",\"error_description\":\"AADSTS90002: Tenant not found.\",\"correlation_id\":\"c-7\"}",
		  -EACCES, "check tenant" },
		{ "401 Unauthorized", "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS123: new.\",\"correlation_id\":\"c-7\"}",
		  -EACCES, "AADSTS123: new." },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		say(0, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
		    rows[i].status, strlen(rows[i].body), rows[i].body);
		start_secret(1);
		CHECK_ERR(ask(), rows[i].err);
		CHECK_STR_HAS(envol_error_message(ev), rows[i].why);
		CHECK_STR_HAS(envol_error_message(ev), "correlation id c-7");
		CHECK_STR_HAS(envol_error_message(ev), client_id);
		CHECK_STR_HAS(envol_error_message(ev), TENANT);
		CHECK_STR_HAS(envol_error_message(ev), VAULT);
		CHECK(!strstr(envol_error_message(ev), "p%ss"));
		CHECK(!token.data);
		peer_stop(&peer);
		envol_identity_free(identity);
		envol_http_free(http);
	}
	tidy();
}

TEST(troubles_that_pass_are_told_apart_from_those_that_do_not)
{
	static const struct {
		const char *answer;
		int err;
		const char *why;
	} rows[] = {
		{ "HTTP/1.1 429 Too Many\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n",
		  -EAGAIN, "throttles (status 429): try again in 17 s" },
		{ "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}", -EAGAIN, "status 503" },
		{ "HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n",
		  -EPROTO, "status 302" },
		{ "HTTP/1.1 403 No\r\nContent-Length: 6\r\n\r\n<html>", -EPROTO, "proxy" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", -EPROTO, "no access token" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", -EPROTO, "no access token" },
		{ "HTTP/1.1 204 None\r\n\r\n", -EPROTO, "status 204" },
	};
	const char *asked;
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		say(0, "%s", rows[i].answer);
		say(1, ANSWER("200 OK", GRANTED("ey.one")));
		start_secret(2);
		CHECK_ERR(ask(), rows[i].err);
		CHECK_STR_HAS(envol_error_message(ev), rows[i].why);
		asked = peer_stop(&peer);
		/* Once, and nowhere else. */
		CHECK(strstr(asked, "POST "));
		CHECK(!strstr(strstr(asked, "POST ") + 1, "POST "));
		envol_identity_free(identity);
		envol_http_free(http);
	}
	tidy();
}

TEST(a_secret_that_others_may_read_is_not_sent)
{
	const char *asked;

	say(0, ANSWER("200 OK", GRANTED("ey.one")));
	set("identity", "secret");
	set_file("client_secret_file", "secret", 0644);
	start_entra(1);
	CHECK_ERR(ask(), -EPERM);
	CHECK_STR_HAS(envol_error_message(ev), "client_secret_file");
	CHECK_ERR((set("client_secret_file", "/nonexistent/secret"), ask()), -EINVAL);
	asked = finish();
	CHECK(!strstr(asked, "POST"));
}

TEST(a_federated_token_is_read_anew_each_time)
{
	char first[] = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c\n";
	const char *asked;

	say(0, ANSWER("200 OK", GRANTED("ey.one")));
	say(1, ANSWER("200 OK", GRANTED("ey.two")));
	set("identity", "workload");
	set_file("federated_token_file", "a.b.c\n", 0644);
	start_entra(2);
	CHECK_OK(ask());
	envol_identity_forget(identity, RESOURCE);
	set_file("federated_token_file", "d.e.f", 0644);
	CHECK_OK(ask());
	check_token("ey.two");
	envol_identity_forget(identity, RESOURCE);

	set_file("federated_token_file", "d.e.f", 0664);
	CHECK_ERR(ask(), -EPERM);
	CHECK_STR_HAS(envol_error_message(ev), "chmod go-w");
	set_file("federated_token_file", "d.e&x=f.g", 0600);
	CHECK_ERR(ask(), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "no token (JWT)");
	asked = finish();
	CHECK_STR_HAS(asked, first);
	CHECK_STR_HAS(asked, "client_assertion=d.e.f\n");
}

TEST(a_virtual_machine_asks_imds)
{
	const char *asked;

	say(0, ANSWER("200 OK", "{\"access_token\":\"ey.vm\",\"expires_in\":\"86399\",\"expires_on\":\"1\",\"token_type\":\"Bearer\"}"));
	set_client();
	start_machine("managed", 1);
	CHECK_OK(ask());
	check_token("ey.vm");
	CHECK_OK(ask());
	asked = finish();
	CHECK_STR_HAS(asked, "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id=11111111-");
	CHECK_STR_HAS(asked, "Metadata: true");
}

TEST(imds_refusals_say_what_to_change)
{
	static const struct {
		const char *status, *body;
		int err;
		const char *why;
	} rows[] = {
		{ "400 Bad Request", "{\"error\":\"invalid_request\",\"error_description\":\"Identity not found\"}",
		  -EACCES, "az vm identity assign" },
		{ "400 Bad Request", "{\"error\":\"invalid_resource\",\"error_description\":\"AADSTS500011\"}",
		  -EACCES, "check cloud" },
		{ "404 Not Found", "", -EAGAIN, "try again" },
		{ "410 Gone", "", -EAGAIN, "70 s" },
		{ "429 Too Many", "{}", -EAGAIN, "throttled" },
		{ "500 Error", "", -EAGAIN, "status 500" },
		{ "403 Forbidden", "{\"error\":\"unauthorized_client\"}", -EACCES, "az vm identity assign" },
		/* As other clouds' metadata services. */
		{ "403 Forbidden", "", -EPROTO, "no virtual machine of Azure" },
		{ "401 Unauthorized", "<html>", -EPROTO, "no virtual machine of Azure" },
		{ "301 Moved", "", -EPROTO, "status 301" },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		say(0, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
		    rows[i].status, strlen(rows[i].body), rows[i].body);
		set_client();
		start_machine("managed", 1);
		if (ask() != rows[i].err)
			FAIL("%s: %s", rows[i].status, envol_error_message(ev));
		CHECK_STR_HAS(envol_error_message(ev), rows[i].why);
		peer_stop(&peer);
		envol_identity_free(identity);
	}
	tidy();
}

TEST(a_machine_without_imds_is_told_so)
{
	char url[64];

	say(0, "%s", "x");
	start_machine("managed", 1);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer.port);
	peer_stop(&peer);
	CHECK_ERR(ask(), -EHOSTUNREACH);
	CHECK_STR_HAS(envol_error_message(ev), "this machine has no managed identity endpoint at");
	CHECK_STR_HAS(envol_error_message(ev), url);
	CHECK_STR_HAS(envol_error_message(ev), "no virtual machine of Azure");
	envol_identity_free(identity);
	tidy();
}

TEST(an_app_shows_its_header)
{
	const char *asked;

	say(0, ANSWER("200 OK", "{\"access_token\":\"ey.app\",\"expires_on\":\"1\",\"token_type\":\"Bearer\"}"));
	say(1, ANSWER("401 Unauthorized", "{\"statusCode\":401,\"message\":\"x\"}"));
	set_file("identity_header_file", "853b9a84-5bfa-4b22", 0600);
	set("resource_id", "/subscriptions/s/x y");
	start_machine("app-service", 2);
	CHECK_OK(ask());
	check_token("ey.app");
	envol_identity_forget(identity, RESOURCE);
	CHECK_ERR(ask(), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "identity_header_file");
	envol_identity_forget(identity, RESOURCE);
	set_file("identity_header_file", "a\r\nX: b", 0600);
	CHECK_ERR(ask(), -EINVAL);
	asked = finish();
	CHECK_STR_HAS(asked, "GET /?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net&mi_res_id=%2Fsubscriptions%2Fs%2Fx%20y HTTP/1.1");
	CHECK_STR_HAS(asked, "X-IDENTITY-HEADER: 853b9a84-5bfa-4b22\r\n");
}

TEST(what_answers_for_arc_gets_no_other_file)
{
	const char *asked;

	say(0, "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=/etc/passwd\r\nContent-Length: 0\r\n\r\n");
	start_machine("arc", 1);
	CHECK_ERR(ask(), -EPROTO);
	CHECK_STR_HAS(envol_error_message(ev), "outside /var/opt/azcmagent/tokens");
	asked = finish();
	CHECK_STR_HAS(asked, "api-version=2020-06-01");
	CHECK(!strcasestr(asked, "\nauthorization:"));
}

TEST(settings_that_do_not_fit_are_refused)
{
	static const struct {
		const char *identity, *key, *value, *why;
	} rows[] = {
		{ "", "tenant", TENANT, "put identity = " },
		{ "password", "tenant", TENANT, "not one of" },
		{ "secret", "client_id", "", "wants client_id" },
		{ "secret", "client_id", "app", "not app" },
		{ "secret", "client_secret_file", "", "wants client_secret_file" },
		{ "certificate", "client_secret_file", "/x", "wants certificate_file" },
		{ "workload", "client_secret_file", "/x", "wants federated_token_file" },
		{ "secret", "tenant", "", "tenant = ID" },
		{ "secret", "tenant", "../x", "neither an id" },
		{ "secret", "authority", "http://login.example.com", "no https://" },
		{ "managed", "object_id", TENANT, "one of them" },
		{ "managed", "client_id", "x", "is no id" },
		{ "managed", "identity_endpoint", "https://169.254.169.254", "no http://" },
		{ "managed", "identity_endpoint", "http://169.254.169.254/?x", "without parameters" },
		{ "app-service", "identity_header_file", "", "wants identity_header_file" },
		{ "app-service", "identity_endpoint", "", "wants identity_endpoint" },
		{ "arc", "identity_endpoint", "arc", "has no scheme" },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		set("identity", rows[i].identity);
		set("tenant", TENANT);
		set("authority", "");
		set("object_id", "");
		set("identity_endpoint", "");
		set("client_secret_file", "/etc/envol/secret");
		set("identity_header_file", "/etc/envol/header");
		set_client();
		set(rows[i].key, rows[i].value);
		identity = NULL;
		if (envol_identity_new(ev, VAULT, NULL, &identity) != -EINVAL)
			FAIL("%s, %s = %s", rows[i].identity, rows[i].key,
			     rows[i].value);
		CHECK_STR_HAS(envol_error_message(ev), rows[i].why);
		CHECK_STR_HAS(envol_error_message(ev), "[https]");
	}
	tidy();
}

/* Over http:// the transport keeps to this machine, whatever is set. */
TEST(no_far_host_is_asked_for_an_identity)
{
	set("identity", "managed");
	set("identity_endpoint", "http://192.0.2.1");
	CHECK_OK(envol_identity_new(ev, VAULT, NULL, &identity));
	CHECK_ERR(ask(), -EINVAL);
	envol_identity_free(identity);
	tidy();
}

static void set_own(const char *key, const char *value)
{
	CHECK_OK(envol_settings_put(&ev->settings, "https", VAULT, key, value));
}

/* A secret of one identity must not get to the other's authority, nor its id to IMDS. */
TEST(a_vault_with_an_identity_of_its_own_takes_nothing_of_the_others)
{
	const char *asked;
	char url[64];

	set("identity", "secret");
	set("tenant", TENANT);
	set("client_secret_file", "/x");
	set("authority", "https://login.example.com");
	set_client();
	/* One that changes only what it says. */
	set_own("client_id", "app");
	CHECK_ERR(envol_identity_new(ev, VAULT, NULL, &identity), -EINVAL);
	CHECK_OK(envol_identity_new(ev, "b.vault.azure.net", NULL, &identity));
	envol_identity_free(identity);
	identity = NULL;

	set_own("identity", "secret");
	set_client();
	set_own("client_id", client_id);
	CHECK_ERR(envol_identity_new(ev, VAULT, NULL, &identity), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "client_secret_file");
	set_own("client_secret_file", "/y");
	CHECK_ERR(envol_identity_new(ev, VAULT, NULL, &identity), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "tenant");

	say(0, ANSWER("200 OK", "{\"access_token\":\"ey.vm\",\"token_type\":\"Bearer\"}"));
	CHECK_OK(envol_settings_put(&ev->settings, "https", "c.vault.azure.net",
				    "identity", "managed"));
	peer_start(&peer, NULL, answers, 1);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer.port);
	CHECK_OK(envol_settings_put(&ev->settings, "https", "c.vault.azure.net",
				    "identity_endpoint", url));
	CHECK_OK(envol_identity_new(ev, "c.vault.azure.net", NULL, &identity));
	CHECK_OK(ask());
	asked = finish();
	CHECK_STR_HAS(asked, "vault.azure.net HTTP/1.1");
	CHECK(!strstr(asked, "client_id"));
}

TEST(a_challenge_is_held_against_what_is_configured)
{
	static const struct {
		const char *challenge, *why;
	} rows[] = {
		{ NULL, NULL },
		{ "Bearer error=\"invalid_token\"", NULL },
		{ "Bearer authorization=\"https://login.microsoftonline.com/" TENANT "\", resource=\"https://vault.azure.net\"", NULL },
		{ "Bearer authorization=\"https://login.windows.net/72F988BF-86F1-41AF-91AB-2D7CD011DB47/x\", resource=\"https://vault.azure.net/\"", NULL },
		{ "Bearer authorization=\"https://login.microsoftonline.com/contoso.com\"", NULL },
		{ "Bearer authorization=\"https://login.microsoftonline.com/99999999-86f1-41af-91ab-2d7cd011db47\"",
		  "belongs to tenant 99999999-86f1" },
		{ "Bearer authorization_uri=\"https://login.microsoftonline.com/99999999-86f1-41af-91ab-2d7cd011db47\"",
		  "belongs to tenant 99999999-86f1" },
		{ "Bearer resource=\"https://evil.example\"", "another resource" },
	};
	size_t i;

	set("identity", "secret");
	set("client_secret_file", "/x");
	set("tenant", TENANT);
	set_client();
	CHECK_OK(envol_identity_new(ev, VAULT, NULL, &identity));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		int err = envol_identity_check_challenge(
			identity, rows[i].challenge, RESOURCE);

		if (err != (rows[i].why ? -EACCES : 0))
			FAIL("%s", rows[i].challenge);
		if (err)
			CHECK_STR_HAS(envol_error_message(ev), rows[i].why);
	}
	envol_identity_free(identity);
	tidy();
}
