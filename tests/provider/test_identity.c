// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every kind of identity against the double of Entra ID and of the machine's endpoints, which
 * checks forms and assertions with code that is not ours; the token is then shown to the
 * double's vault. Every test has a double of its own.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/keyvault/identity.h"
#include "userspace/lib/provider/settings.h"

#define RESOURCE "https://vault.azure.net"
#define MANY	 8

static char directory[] = "/tmp/envol-double-XXXXXX";
static char facts[32][256];
static size_t n_facts;
static pid_t pid;
static struct envol *ev;
static struct envol_http *http;
static struct envol_identity *identity;
static struct envol_secret token = ENVOL_SECRET_INIT;

static const char *fact(const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < n_facts; i++)
		if (strncmp(facts[i], name, len) == 0 && facts[i][len] == '=')
			return facts[i] + len + 1;
	FAIL("the double says nothing of %s", name);
}

static void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *fmt, ...)
{
	char command[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	if (system(command))
		FAIL("%s", command);
}

/* The double ends with this process. */
static void start_double(const char *arc_directory)
{
	int ends[2];
	FILE *said;

	CHECK(mkdtemp(directory));
	CHECK(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl("tests/keyvault/start", "start", "--arc-directory",
		      arc_directory, directory, NULL);
		_exit(127);
	}
	close(ends[1]);
	said = fdopen(ends[0], "r");
	CHECK(said);
	for (n_facts = 0; n_facts < TEST_ARRAY_SIZE(facts); n_facts++) {
		char *line = facts[n_facts];

		if (!fgets(line, sizeof(facts[0]), said))
			FAIL("the double does not start: tests/keyvault/start %s",
			     directory);
		line[strcspn(line, "\n")] = 0;
		if (strcmp(line, "ready") == 0)
			break;
	}
	fclose(said);
}

static void set(const char *key, const char *value)
{
	CHECK_OK(envol_settings_put(&ev->settings, "https", "", key, value));
}

/* The file that a test makes in place of the double's. */
static void set_other(const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/other", directory);
	set(key, path);
}

static void setup_in(const char *kind, const char *arc_directory)
{
	struct envol_http_options options = { 0 };

	start_double(arc_directory);
	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_set_state(ev, directory));
	set("identity", kind);
	set("tenant", fact("TENANT"));
	set("authority", fact("AUTHORITY"));
	set("client_id", fact("CLIENT_ID"));
	set("client_secret_file", fact("SECRET_FILE"));
	set("certificate_file", fact("CERTIFICATE_FILE"));
	set("federated_token_file", fact("FEDERATED_TOKEN_FILE"));
	options.ca_file = fact("CA");
	CHECK_OK(envol_http_new(ev, &options, &http));
}

static void setup(const char *kind)
{
	setup_in(kind, "/tmp");
}

static void finish(void)
{
	envol_identity_free(identity);
	envol_http_free(http);
	envol_secret_wipe(&token);
	envol_free(ev);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	run("rm -r %s", directory);
}

static int ask_as_is(void)
{
	envol_identity_free(identity);
	identity = NULL;
	CHECK_OK(envol_identity_new(ev, "localhost", http, &identity));
	envol_secret_wipe(&token);
	return envol_identity_token(identity, RESOURCE,
				    envol_deadline_in(20000), &token);
}

/* A token of no other moment: what is kept is forgotten. */
static int ask(void)
{
	int err;

	envol_identity_free(identity);
	identity = NULL;
	CHECK_OK(envol_identity_new(ev, "localhost", http, &identity));
	envol_identity_forget(identity, RESOURCE);
	err = ask_as_is();
	envol_identity_forget(identity, RESOURCE);
	return err;
}

static void check_refused(int err, const char *why)
{
	int got = ask();

	if (got != err)
		FAIL("%d, not for \"%s\": %s", got, why,
		     got ? envol_error_message(ev) : "a token");
	CHECK_STR_HAS(envol_error_message(ev), why);
	CHECK(!token.data);
}

/* The vault lists its keys for who has this token. */
static void check_granted(void)
{
	_cleanup_http_answer_ struct envol_http_answer answer =
		ENVOL_HTTP_ANSWER_INIT;
	char url[256];
	struct envol_http_request request = { .method = "GET", .url = url,
					      .bearer = &token };

	if (ask())
		FAIL("%s", envol_error_message(ev));
	snprintf(url, sizeof(url), "%s/keys?api-version=7.4", fact("VAULT"));
	CHECK_OK(envol_http_do(http, &request, envol_deadline_in(20000),
			       &answer));
	CHECK_EQ(answer.status, 200);
}

static void tell(const char *what)
{
	run("tests/keyvault/tell %s %s >%s/told", fact("CONTROL"), what,
	    directory);
}

TEST(a_client_secret)
{
	setup("secret");
	check_granted();
	run("echo not-it >%s/other; chmod 600 %s/other", directory, directory);
	set_other("client_secret_file");
	check_refused(-EACCES,
		      "client_secret_file does not hold the application's secret");
	set("client_secret_file", fact("SECRET_FILE"));
	set("client_id", "c1150000-aaaa-4bbb-8ccc-000000000000");
	check_refused(-EACCES, "check client_id and tenant");
	set("client_id", fact("CLIENT_ID"));
	set("tenant", "72f98800-1111-4222-8333-000000000000");
	check_refused(-EACCES, "there is no such tenant");
	finish();
}

TEST(a_client_certificate)
{
	setup("certificate");
	check_granted();
	run("cd %s && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other -days 2 -keyout k -out c 2>errors && cat k c >other && chmod 600 other",
	    directory);
	set_other("certificate_file");
	check_refused(-EACCES, "is not registered with the application");
	finish();
}

TEST(an_assertion_by_a_clock_that_is_wrong)
{
	setup("certificate");
	tell("clock forward=7200");
	check_granted();
	tell("clock offset=-7200");
	check_granted();
	/* The authority's Date is wrong as well: nothing to go by. */
	tell("fault do=clock_skew by=7200 path=oauth2");
	check_refused(-EAGAIN, "set this machine's clock");
	finish();
}

/* By their own names: the proxy leads them to the double, which checks the assertion's audience. */
TEST(the_authorities_of_the_clouds)
{
	static const char *const clouds[] = { "public", "china", "usgov" };
	struct envol_http_options options = { 0 };
	size_t i;

	setup("certificate");
	set("authority", "");
	options.ca_file = fact("CA");
	options.proxy = fact("PROXY");
	envol_http_free(http);
	CHECK_OK(envol_http_new(ev, &options, &http));
	for (i = 0; i < TEST_ARRAY_SIZE(clouds); i++) {
		set("cloud", clouds[i]);
		if (ask())
			FAIL("%s: %s", clouds[i], envol_error_message(ev));
	}
	envol_http_free(http);
	CHECK_OK(envol_http_new(ev, &options, &http));
	tell("fault do=status status=407 place=proxy times=1");
	check_refused(-EHOSTUNREACH, "407");
	finish();
}

/* What kubelet projects is behind two links, and renewed by a third. */
static void project(const char *version)
{
	run("cd %s && mkdir %s && chmod 755 %s && cp federated-token %s/token && chmod 644 %s/token && ln -s %s ..new && mv -T ..new ..data",
	    directory, version, version, version, version, version);
}

TEST(a_workload_whose_token_is_projected)
{
	char path[64];

	setup("workload");
	project("..1");
	run("ln -s ..data/token %s/token", directory);
	snprintf(path, sizeof(path), "%s/token", directory);
	set("federated_token_file", path);
	check_granted();
	project("..2");
	check_granted();
	finish();
}

TEST(a_workload)
{
	setup("workload");
	check_granted();
	tell("federated sub=system:serviceaccount:other:other");
	run("python3 -c 'import json; print(json.load(open(\"%s/told\"))[\"token\"])' >%s/other",
	    directory, directory);
	set_other("federated_token_file");
	check_refused(-EACCES, "federated_token_file");
	finish();
}

TEST(an_authority_that_fails_for_a_while)
{
	setup("secret");
	tell("fault do=throttle retry_after=7 path=oauth2 times=1");
	check_refused(-EAGAIN, "try again in 7 s");
	tell("fault do=status status=503 path=oauth2 times=1");
	check_refused(-EAGAIN, "status 503");
	tell("fault do=garbage path=oauth2 times=1");
	check_refused(-EPROTO, "no access token");
	tell("fault do=half_json path=oauth2 times=1");
	check_refused(-EPROTO, "no access token");
	tell("fault do=deep_json path=oauth2 times=1");
	check_refused(-EMSGSIZE, "65536 bytes");
	tell("fault do=endless path=oauth2 times=1");
	check_refused(-EMSGSIZE, "65536 bytes");
	tell("fault do=redirect to=https://localhost/ path=oauth2 times=1");
	check_refused(-EPROTO, "status 30");
	tell("fault do=cut path=oauth2 times=1");
	check_refused(-EHOSTUNREACH, "localhost");
	check_granted();
	finish();
}

/* The token is to be renewed after 2 s and good for 5 minutes; then the authority is away. */
TEST(an_authority_that_is_away_when_a_token_should_be_renewed)
{
	_cleanup_secret_ struct envol_secret first = ENVOL_SECRET_INIT;

	setup("secret");
	tell("fault do=set path=oauth2 times=1 'members={\"expires_in\":302}'");
	CHECK_OK(ask_as_is());
	CHECK_OK(envol_secret_copy(ev, &first, token.data, token.len));
	sleep(3);
	tell("fault do=reset path=oauth2");
	CHECK_OK(ask_as_is());
	CHECK(envol_secret_equal(&token, &first));
	tell("heal");
	CHECK_OK(ask_as_is());
	CHECK(!envol_secret_equal(&token, &first));
	/* What the vault refused is not used again. */
	envol_identity_forget(identity, RESOURCE);
	tell("fault do=reset path=oauth2");
	CHECK_ERR(ask_as_is(), -EHOSTUNREACH);
	CHECK(!token.data);
	tell("heal");
	/* Nor is it where the authority answers, whatever it says. */
	tell("fault do=set path=oauth2 times=1 'members={\"expires_in\":302}'");
	CHECK_OK(ask_as_is());
	sleep(3);
	tell("fault do=status status=401 path=oauth2");
	CHECK_ERR(ask_as_is(), -EPROTO);
	CHECK(!token.data);
	envol_identity_forget(identity, RESOURCE);
	finish();
}

TEST(an_authority_with_a_certificate_of_nobody)
{
	setup("secret");
	set("authority", fact("STRANGER"));
	check_refused(-EPROTO, "certificate");
	set("authority", fact("EXPIRED"));
	check_refused(-EPROTO, "certificate");
	set("authority", fact("MISNAMED"));
	check_refused(-EPROTO, "certificate");
	finish();
}

TEST(the_identity_of_a_virtual_machine)
{
	setup("managed");
	set("identity_endpoint", fact("IMDS"));
	set("client_id", "");
	check_granted();
	set("client_id", fact("IDENTITY_ID"));
	check_granted();
	set("client_id", "");
	set("object_id", fact("IDENTITY_OID"));
	check_granted();
	set("object_id", fact("IDENTITY_ID"));
	check_refused(-EACCES, "az vm identity assign");
	set("object_id", "");
	tell("fault do=throttle path=metadata times=1");
	check_refused(-EAGAIN, "throttled");
	tell("fault do=status status=410 path=metadata times=1");
	check_refused(-EAGAIN, "70 s");
	finish();
}

TEST(the_identity_of_an_app)
{
	setup("app-service");
	set("identity_endpoint", fact("APP_SERVICE"));
	set("identity_header_file", fact("IDENTITY_HEADER_FILE"));
	set("client_id", "");
	check_granted();
	set("identity_header_file", fact("SECRET_FILE"));
	check_refused(-EACCES, "identity_header_file");
	finish();
}

/* The agent's directory is where it is on every server, so it is made for the while. */
TEST(the_identity_of_a_server_with_arc)
{
	static const char tokens[] = "/var/opt/azcmagent/tokens";

	if (geteuid() != 0)
		test_skip("not root");
	run("mkdir -p %s", tokens);
	setup_in("arc", tokens);
	set("identity_endpoint", fact("ARC"));
	check_granted();
	check_granted();
	finish();
	run("rmdir -p --ignore-fail-on-non-empty %s", tokens);
}

TEST(an_agent_that_points_elsewhere)
{
	setup_in("arc", directory);
	set("identity_endpoint", fact("ARC"));
	check_refused(-EPROTO, "outside /var/opt/azcmagent/tokens");
	finish();
}

/* As when a machine boots with many volumes: a slow authority is asked once. */
TEST(many_processes_ask_for_one_token)
{
	unsigned int i, good = 0;
	int status;

	setup("secret");
	tell("requests clear=true");
	tell("fault do=slow seconds=1 path=oauth2");
	for (i = 0; i < MANY; i++)
		if (fork() == 0)
			_exit(ask_as_is() ? 1 : 0);
	for (i = 0; i < MANY; i++)
		good += wait(&status) > 0 && status == 0;
	CHECK_EQ(good, MANY);
	tell("requests");
	run("test $(grep -o oauth2 %s/told | wc -l) = 1", directory);
	CHECK_OK(ask_as_is());
	envol_identity_forget(identity, RESOURCE);
	finish();
}
