// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tests/unit/net/peer.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/net/http.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"

static const struct peer_certificate good;
static struct envol *ev;
static struct peer peer;
static struct envol_http *http;
static struct envol_http_answer answer;

static void open_http(bool plain)
{
	struct envol_http_options options = { .ca_file = plain ? NULL : peer.ca,
					      .plain = plain };

	if (!ev)
		CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_http_new(ev, &options, &http));
}

/* A peer with a certificate of ours that gives @answers. */
#define START(...)                                                            \
	do {                                                                  \
		static const struct peer_answer answers_[] = { __VA_ARGS__ }; \
		peer_start(&peer, &good, answers_,                            \
			   TEST_ARRAY_SIZE(answers_));                        \
		open_http(false);                                             \
	} while (0)

static int ask(const struct envol_http_request *request, unsigned int ms)
{
	envol_http_free_answer(&answer);
	return envol_http_do(http, request, envol_deadline_in(ms), &answer);
}

static int get(const char *path, unsigned int ms)
{
	char url[256];
	struct envol_http_request request = { .method = "GET", .url = url };

	snprintf(url, sizeof(url), "%s%s", peer.url, path);
	return ask(&request, ms);
}

static const char *finish(void)
{
	envol_http_free_answer(&answer);
	envol_http_free(http);
	envol_free(ev);
	return peer_stop(&peer);
}

TEST(an_answer_comes_back_with_what_is_in_its_head)
{
	START({ .text = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nx-ms-request-id: r1\r\nRetry-After: 3\r\nContent-Length: 5\r\n\r\nno-no" });
	CHECK_OK(get("/keys/a?x=1", 5000));
	CHECK_EQ(answer.status, 403);
	CHECK_EQ(answer.body.len, 5);
	CHECK_MEM_EQ(answer.body.data, "no-no", 5);
	CHECK_STR_EQ(answer.request_id, "r1");
	CHECK_STR_EQ(answer.content_type, "application/json");
	CHECK_EQ(answer.retry_after_s, 3);
	CHECK_STR_HAS(finish(), "GET /keys/a?x=1 HTTP/1.1\r\n");
}

TEST(a_request_is_sent_as_it_stands)
{
	_cleanup_secret_ struct envol_secret token = ENVOL_SECRET_INIT;
	static const char *const headers[] = { "Accept: application/json",
					       "X-One: 1", NULL };
	struct envol_http_request request = {
		.method = "PATCH", .headers = headers, .bearer = &token,
		.content_type = "application/json", .body = "{\"a\":1}",
		.body_len = 7,
	};
	const char *sent;

	START({ .text = OK_HEAD "\r\n{}" });
	request.url = peer.url;
	CHECK_OK(envol_secret_copy(ev, &token, (const uint8_t *)"t0ken", 5));
	CHECK_OK(ask(&request, 5000));
	sent = finish();
	CHECK_STR_HAS(sent, "PATCH / HTTP/1.1\r\n");
	CHECK_STR_HAS(sent, "\r\nAuthorization: Bearer t0ken\r\n");
	CHECK_STR_HAS(sent, "\r\nContent-Type: application/json\r\n");
	CHECK_STR_HAS(sent, "\r\nContent-Length: 7\r\n");
	CHECK_STR_HAS(sent, "\r\nX-One: 1\r\n");
	CHECK_STR_HAS(sent, "\r\nUser-Agent: envol/");
	CHECK_STR_HAS(sent, "\r\n\r\n{\"a\":1}");
	CHECK(!strcasestr(sent, "\r\nExpect:"));
}

TEST(a_post_without_a_body_says_so)
{
	struct envol_http_request request = { .method = "POST" };
	const char *sent;

	START({ .text = OK_HEAD "\r\n{}" });
	request.url = peer.url;
	CHECK_OK(ask(&request, 5000));
	sent = finish();
	CHECK_STR_HAS(sent, "POST / HTTP/1.1\r\n");
	CHECK_STR_HAS(sent, "\r\nContent-Length: 0\r\n");
	CHECK(!strcasestr(sent, "\r\nContent-Type:"));
}

TEST(nothing_of_a_request_is_in_the_next_and_the_connection_is_kept)
{
	_cleanup_secret_ struct envol_secret token = ENVOL_SECRET_INIT;
	struct envol_http_request request = { .method = "DELETE",
					      .bearer = &token };
	const char *sent, *second;

	START({ .text = OK_HEAD "\r\n{}" }, { .text = OK_HEAD "\r\n[]" });
	request.url = peer.url;
	CHECK_OK(envol_secret_copy(ev, &token, (const uint8_t *)"t0ken", 5));
	CHECK_OK(ask(&request, 5000));
	CHECK_OK(get("/", 5000));
	CHECK_MEM_EQ(answer.body.data, "[]", 2);
	sent = finish();
	CHECK_STR_HAS(sent, "DELETE / HTTP/1.1\r\n");
	second = strstr(sent, "GET / HTTP/1.1");
	CHECK(second && !strstr(second, "t0ken") && !strstr(second, "Content-Length"));
	CHECK(!strstr(sent + 1, "(connection)"));
}

TEST(a_connection_that_was_closed_is_made_again)
{
	START({ .text = OK_HEAD "\r\n{}", .close = true }, { .text = OK_HEAD "\r\n[]" });
	CHECK_OK(get("/", 5000));
	CHECK_OK(get("/", 5000));
	CHECK_MEM_EQ(answer.body.data, "[]", 2);
	finish();
}

TEST(a_redirect_is_an_answer_and_not_followed)
{
	START({ .text = "HTTP/1.1 302 Found\r\nLocation: https://localhost:1/\r\nContent-Length: 0\r\n\r\n" });
	CHECK_OK(get("/", 5000));
	CHECK_EQ(answer.status, 302);
	CHECK_STR_EQ(answer.location, "https://localhost:1/");
	CHECK(!answer.body.data);
	finish();
}

TEST(an_answer_larger_than_allowed_is_refused)
{
	struct envol_http_request request = { .method = "GET", .answer_max = 9 };

	START({ .text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789" },
	      { .text = "HTTP/1.1 200 OK\r\n\r\n", .more = "0123456789", .times = 100000, .close = true });
	request.url = peer.url;
	CHECK_ERR(ask(&request, 5000), -EMSGSIZE);
	CHECK_STR_HAS(envol_error_message(ev), "more than 9 bytes");
	CHECK_ERR(get("/", 5000), -EMSGSIZE);
	CHECK_STR_HAS(envol_error_message(ev), "more than 65536 bytes");
	CHECK(!answer.body.data);
	finish();
}

TEST(a_large_answer_goes_into_a_blob)
{
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	struct envol_http_request request = { .method = "GET", .answer = &blob,
					      .answer_max = 200000 };

	START({ .text = "HTTP/1.1 200 OK\r\n\r\n", .more = "0123456789", .times = 10000, .close = true },
	      { .text = "HTTP/1.1 200 OK\r\n\r\n", .more = "0123456789", .times = 70000, .close = true });
	request.url = peer.url;
	CHECK_OK(ask(&request, 5000));
	CHECK_EQ(blob.len, 100000);
	CHECK(!answer.body.data);
	envol_blob_free(&blob);
	CHECK_ERR(ask(&request, 5000), -EMSGSIZE);
	request.answer = NULL;
	CHECK_ERR(ask(&request, 5000), -EINVAL);
	finish();
}

TEST(endless_headers_are_refused)
{
	START({ .text = "HTTP/1.1 200 OK\r\n", .more = "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", .times = 10000, .close = true });
	CHECK_ERR(get("/", 5000), -EMSGSIZE);
	CHECK_STR_HAS(envol_error_message(ev), "headers");
	finish();
}

TEST(an_answer_that_ends_too_early_is_none)
{
	START({ .text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234", .close = true },
	      { .text = "", .close = true });
	CHECK_ERR(get("/", 5000), -EHOSTUNREACH);
	CHECK(!answer.body.data);
	CHECK_ERR(get("/", 5000), -EHOSTUNREACH);
	finish();
}

TEST(what_is_not_http_is_refused)
{
	START({ .text = "220 mail ready\r\n\r\n", .close = true },
	      { .text = "\x16\x03\x01", .close = true });
	CHECK_ERR(get("/", 5000), -EPROTO);
	CHECK_ERR(get("/", 5000), -EPROTO);
	finish();
}

TEST(the_deadline_holds_for_a_slow_answer)
{
	int64_t began;

	START({ .text = OK_HEAD "\r\n{}", .pause_ms = 5000 });
	began = envol_deadline_now_ms();
	CHECK_ERR(get("/", 300), -ETIMEDOUT);
	CHECK(envol_deadline_now_ms() - began < 2000);
	CHECK_ERR(get("/", 0), -ETIMEDOUT);
	finish();
}

TEST(a_port_that_nobody_listens_on_is_unreachable)
{
	START({ .text = "" });
	peer_stop(&peer);
	CHECK_ERR(get("/", 5000), -EHOSTUNREACH);
	CHECK_STR_HAS(envol_error_message(ev), "localhost:");
	envol_http_free(http);
	envol_free(ev);
}

TEST(a_name_that_is_none_is_unreachable)
{
	struct envol_http_request request = {
		.method = "GET", .url = "https://no-such-host.invalid/" };
	int err;

	open_http(true);
	err = ask(&request, 3000);
	CHECK(err == -EHOSTUNREACH || err == -ETIMEDOUT);
	CHECK_STR_HAS(envol_error_message(ev), "no-such-host.invalid");
	envol_http_free(http);
	envol_free(ev);
}

static void check_certificate(const struct peer_certificate *certificate,
			      bool trusted, const char *says)
{
	static const struct peer_answer answers[] = { { .text = OK_HEAD "\r\n{}" } };

	peer_start(&peer, certificate, answers, 1);
	open_http(!trusted);
	CHECK_ERR(get("/", 5000), -EPROTO);
	CHECK_STR_HAS(envol_error_message(ev), says);
	CHECK_STR_HAS(envol_error_message(ev), "certificate of localhost");
	CHECK(!strstr(finish(), "GET"));
	ev = NULL;
}

TEST(a_certificate_that_is_not_right_gets_no_request)
{
	check_certificate(&(struct peer_certificate){ .name = "elsewhere" },
			  true, "localhost'");
	check_certificate(&(struct peer_certificate){ .days = -1 }, true,
			  "clock");
	check_certificate(&good, false, "set ca_file");
}

TEST(a_ca_file_that_is_none_is_named)
{
	struct envol_http_options options = { .ca_file = "/etc/passwd" };

	START({ .text = OK_HEAD "\r\n{}" });
	envol_http_free(http);
	CHECK_OK(envol_http_new(ev, &options, &http));
	CHECK_ERR(get("/", 5000), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "/etc/passwd");
	finish();
}

TEST(plain_http_stays_on_this_machine_and_has_no_token)
{
	_cleanup_secret_ struct envol_secret token = ENVOL_SECRET_INIT;
	static const struct peer_answer answers[] = { { .text = OK_HEAD "\r\n{}" } };
	struct envol_http_request request = { .method = "GET" };

	peer_start(&peer, NULL, answers, 1);
	open_http(true);
	request.url = "http://192.0.2.1/";
	CHECK_ERR(ask(&request, 3000), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "no further");
	request.url = peer.url;
	CHECK_OK(envol_secret_copy(ev, &token, (const uint8_t *)"t", 1));
	request.bearer = &token;
	CHECK_ERR(ask(&request, 3000), -EINVAL);
	request.bearer = NULL;
	CHECK_OK(ask(&request, 3000));
	envol_http_free(http);
	CHECK_OK(envol_http_new(ev, &(struct envol_http_options){ 0 }, &http));
	CHECK_ERR(ask(&request, 3000), -EINVAL);
	finish();
}

TEST(a_url_or_header_that_says_more_than_one_thing_is_refused)
{
	static const char *const urls[] = { "ftp://localhost/", "file:///etc/passwd",
					    "https://a@localhost/", "localhost",
					    "" };
	static const char *const two[] = { "A: b\r\nC: d", NULL };
	struct envol_http_request request = { .method = "GET" };
	size_t i;

	open_http(true);
	for (i = 0; i < TEST_ARRAY_SIZE(urls); i++) {
		request.url = urls[i];
		CHECK_ERR(ask(&request, 1000), -EINVAL);
	}
	request.url = "https://localhost:1/";
	request.headers = two;
	CHECK_ERR(ask(&request, 1000), -EINVAL);
	envol_http_free(http);
	envol_free(ev);
}

TEST(proxies_of_the_environment_are_not_asked)
{
	CHECK_OK(setenv("https_proxy", "http://127.0.0.1:1", 1));
	CHECK_OK(setenv("ALL_PROXY", "http://127.0.0.1:1", 1));
	START({ .text = OK_HEAD "\r\n{}" });
	CHECK_OK(get("/", 5000));
	finish();
}

TEST(a_proxy_that_is_set_is_asked_and_sees_no_token)
{
	static const struct peer_answer answers[] = {
		{ .text = "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", .close = true } };
	_cleanup_secret_ struct envol_secret token = ENVOL_SECRET_INIT;
	struct envol_http_request request = {
		.method = "GET", .url = "https://vault.invalid/keys",
		.bearer = &token };
	struct envol_http_options options = { .proxy = peer.url };
	const char *sent;

	CHECK_OK(envol_new(&ev));
	peer_start(&peer, NULL, answers, 1);
	CHECK_OK(envol_http_new(ev, &options, &http));
	CHECK_OK(envol_secret_copy(ev, &token, (const uint8_t *)"t0ken", 5));
	CHECK(ask(&request, 5000) < 0);
	sent = finish();
	CHECK_STR_HAS(sent, "CONNECT vault.invalid:443 HTTP/1.1\r\n");
	CHECK(!strstr(sent, "t0ken"));
}

TEST(a_proxy_with_a_password_is_refused)
{
	struct envol_http_options options = {
		.proxy = "http://me:secret@proxy.example:3128" };

	CHECK_OK(envol_new(&ev));
	CHECK_ERR(envol_http_new(ev, &options, &http), -EINVAL);
	CHECK(!strstr(envol_error_message(ev), "secret"));
	envol_free(ev);
}

/* Neither what lies in a home directory nor what a server would like to be remembered. */
TEST(nothing_is_added_to_a_request)
{
	char home[] = "/tmp/envol-home-XXXXXX", command[256];
	const char *sent;

	CHECK(mkdtemp(home));
	snprintf(command, sizeof(command),
		 "cd %s && echo 'machine localhost login me password secret' >.netrc && cp .netrc _netrc && echo 'header = \"X-Rc: yes\"' >.curlrc",
		 home);
	CHECK_EQ(system(command), 0);
	CHECK_OK(setenv("HOME", home, 1));
	CHECK_OK(setenv("CURL_HOME", home, 1));
	START({ .text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=b; Path=/\r\nStrict-Transport-Security: max-age=99999\r\nAlt-Svc: h2=\"evil.invalid:443\"\r\n\r\n" },
	      { .text = OK_HEAD "\r\n{}" });
	CHECK_OK(get("/one", 5000));
	envol_http_free_answer(&answer);
	CHECK_OK(get("/two", 5000));
	sent = finish();
	CHECK_STR_HAS(sent, "GET /two HTTP/1.1");
	CHECK(!strcasestr(sent, "Authorization:"));
	CHECK(!strcasestr(sent, "Cookie:"));
	CHECK(!strcasestr(sent, "X-Rc"));
	snprintf(command, sizeof(command), "rm -r %s", home);
	CHECK_EQ(system(command), 0);
}
