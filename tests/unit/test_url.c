/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_url - what is asked for, in all four forms, and what is refused
 *
 * links: url http1_head
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "container.h"
#include "guard.h"
#include "seed.h"
#include "url.h"

static struct http1_head head;

static const struct {
	const char *why;
	const char *method, *target, *host;	/* host NULL: HTTP/1.0 without */
	enum parse want;
	enum http1_fault fault;
	const char *url_host;
	unsigned port;
	const char *path;
	const char *written;		/* url_write() with the host as it is; NULL: nothing */
} rows[] = {
	{ "origin-form",	"GET", "/a?b", "a.example", PARSE_DONE, 0, "a.example", 80, "/a?b", "a.example/a?b" },
	{ "with port",		"GET", "/", "a:8080", PARSE_DONE, 0, "a", 8080, "/", "a:8080/" },
	{ "with default port",	"GET", "/", "a:80", PARSE_DONE, 0, "a", 80, "/", "a/" },
	{ "empty port",		"GET", "/", "a:", PARSE_DONE, 0, "a", 80, "/", "a/" },
	{ "leading zeros",	"GET", "/", "a:0080", PARSE_DONE, 0, "a", 80, "/", "a/" },
	{ "empty host",		"GET", "/", "", PARSE_DONE, 0, "", 80, "/", "/" },
	{ "no host",		"GET", "/", NULL, PARSE_DONE, 0, "", 80, "/", "/" },
	{ "final dot",		"GET", "/", "a.example.", PARSE_DONE, 0, "a.example.", 80, "/", "a.example./" },
	{ "underscore",		"GET", "/", "a_b.example", PARSE_DONE, 0, "a_b.example", 80, "/", "a_b.example/" },
	{ "IPv4",		"GET", "/", "192.0.2.1", PARSE_DONE, 0, "192.0.2.1", 80, "/", "192.0.2.1/" },
	{ "IPv6",		"GET", "/", "[2001:db8::1]", PARSE_DONE, 0, "[2001:db8::1]", 80, "/", "[2001:db8::1]/" },
	{ "IPv6 with port",	"GET", "/", "[::1]:81", PARSE_DONE, 0, "[::1]", 81, "/", "[::1]:81/" },
	{ "two slashes",	"GET", "//x/y", "a", PARSE_DONE, 0, "a", 80, "//x/y", "a//x/y" },
	{ "fragment",		"GET", "/a#b?c", "a", PARSE_DONE, 0, "a", 80, "/a", "a/a" },
	{ "absolute-form",	"GET", "http://a/x", "a", PARSE_DONE, 0, "a", 80, "/x", "a/x" },
	{ "no path",		"GET", "http://a", "a", PARSE_DONE, 0, "a", 80, "/", "a/" },
	{ "query only",		"GET", "http://a?x", "a", PARSE_DONE, 0, "a", 80, "?x", "a/?x" },
	{ "default port",	"GET", "HTTP://A:80/", "a", PARSE_DONE, 0, "A", 80, "/", "A/" },
	{ "another scheme",	"GET", "https://a/", "a", PARSE_DONE, 0, "a", 443, "/", "a:443/" },
	{ "unknown scheme",	"GET", "x://a/", "a", PARSE_DONE, 0, "a", 0, "/", "a:0/" },
	{ "absolute in 1.0",	"GET", "http://a/x", NULL, PARSE_DONE, 0, "a", 80, "/x", "a/x" },
	{ "asterisk-form",	"OPTIONS", "*", "a", PARSE_DONE, 0, "a", 80, "*", "a*" },
	{ "authority-form",	"CONNECT", "a:443", "a", PARSE_DONE, 0, "a", 443, "/", NULL },
	{ "CONNECT, same Host",	"CONNECT", "a:443", "A:443", PARSE_DONE, 0, "a", 443, "/", NULL },
	{ "CONNECT, other host", "CONNECT", "a:443", "b:443", PARSE_BAD, HTTP1_FAULT_HOST_DIFFERS, 0, 0, 0, 0 },
	{ "CONNECT, other port", "CONNECT", "a:443", "a:80", PARSE_BAD, HTTP1_FAULT_HOST_DIFFERS, 0, 0, 0, 0 },

	{ "two hosts",		"GET", "/", "a, b", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "user information",	"GET", "/", "u@a", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "a path in the host",	"GET", "/", "a/b", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "port is no number",	"GET", "/", "a:x", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "port too large",	"GET", "/", "a:65536", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "port wraps",		"GET", "/", "a:4294967376", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "two ports",		"GET", "/", "a:80:80", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "port without host",	"GET", "/", ":80", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "open bracket",	"GET", "/", "[::1", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "text after bracket",	"GET", "/", "[::1]x", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "a name in brackets",	"GET", "/", "[a]", PARSE_BAD, HTTP1_FAULT_HOST_BAD, 0, 0, 0, 0 },
	{ "hosts differ",	"GET", "http://a/", "b", PARSE_BAD, HTTP1_FAULT_HOST_DIFFERS, 0, 0, 0, 0 },
	{ "ports differ",	"GET", "http://a/", "a:81", PARSE_BAD, HTTP1_FAULT_HOST_DIFFERS, 0, 0, 0, 0 },
	{ "user in the target",	"GET", "http://u@a/", "a", PARSE_BAD, HTTP1_FAULT_TARGET, 0, 0, 0, 0 },
	{ "no host in target",	"GET", "http:///x", "", PARSE_BAD, HTTP1_FAULT_TARGET, 0, 0, 0, 0 },
	{ "none of the forms",	"GET", "x", "a", PARSE_BAD, HTTP1_FAULT_TARGET, 0, 0, 0, 0 },
	{ "authority for GET",	"GET", "a:80", "a", PARSE_BAD, HTTP1_FAULT_TARGET, 0, 0, 0, 0 },
	{ "asterisk for GET",	"GET", "*", "a", PARSE_BAD, HTTP1_FAULT_TARGET, 0, 0, 0, 0 },
	{ "path for CONNECT",	"CONNECT", "/", "a", PARSE_BAD, HTTP1_FAULT_TARGET, 0, 0, 0, 0 },
	{ "CONNECT, no port",	"CONNECT", "a", "a", PARSE_BAD, HTTP1_FAULT_TARGET, 0, 0, 0, 0 },
};

static void targets_are_understood_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[512], out[512];
		int n = rows[i].host ?
			snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", rows[i].method, rows[i].target,
				 rows[i].host) :
			snprintf(text, sizeof(text), "%s %s HTTP/1.0\r\n\r\n", rows[i].method, rows[i].target);
		struct url u;

		seed("url", (struct span){ text, (size_t)n });
		assert_int_equal(http1_request_parse(guard_copy((struct span){ text, (size_t)n }), 0, &head), PARSE_DONE);
		enum parse got = url_from_request(&head, &u);

		if (got != rows[i].want || (got == PARSE_BAD && u.fault != rows[i].fault))
			fail_msg("%s: answer %d, %s", rows[i].why, got, http1_fault_text(u.fault));
		if (got != PARSE_DONE)
			continue;
		if (!span_eq(u.host, span_of(rows[i].url_host)) || u.port != rows[i].port ||
		    !span_eq(u.path, span_of(rows[i].path)))
			fail_msg("%s: host %.*s, port %u, path %.*s", rows[i].why, SPAN_FMT(u.host), u.port, SPAN_FMT(u.path));
		size_t len = url_write(&u, u.host, out, sizeof(out));

		if (!span_eq((struct span){ out, len }, span_of(rows[i].written ? rows[i].written : "")))
			fail_msg("%s: written as %.*s", rows[i].why, (int)len, out);
	}
}

static void urls_are_written_within_their_buffer(void **state)
{
	struct url u = { .form = URL_ORIGIN, .path = SPAN_LIT("/x?y"), .port = 8080 };
	char out[32];

	(void)state;
	assert_int_equal(url_write(&u, SPAN_LIT("2001:db8::1"), out, sizeof(out)), 22);
	assert_memory_equal(out, "[2001:db8::1]:8080/x?y", 22);
	assert_int_equal(url_write(&u, SPAN_LIT("a.example"), out, 18), 18);
	for (size_t cap = 0; cap < 18; cap++)
		assert_int_equal(url_write(&u, SPAN_LIT("a.example"), out, cap), 0);
}

static void extensions_are_found(void **state)
{
	static const struct { const char *path, *want; } ext[] = {
		{ "/a/b.min.js", "js" }, { "/a.JPG?x=/b.css", "JPG" }, { "/a.js;v=2", "js" }, { "/a.b/c", "" },
		{ "/", "" }, { "/a.", "" }, { "/a.woff2", "woff2" }, { "/a.toolongext", "" }, { "/.js", "js" },
		{ "/a.j-s", "" }, { "js", "" }, { "", "" }, { "/a.12345678", "12345678" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ext); i++)
		if (!span_eq(url_extension(guard_copy(span_of(ext[i].path))), span_of(ext[i].want)))
			fail_msg("%s", ext[i].path);
}

static void hosts_of_referers_are_found(void **state)
{
	static const struct { const char *ref, *want; } refs[] = {
		{ "http://a.example/x", "a.example" }, { "https://a.example", "a.example" }, { "http://a:81/", "a" },
		{ "http://[::1]:81/", "[::1]" }, { "http://u:p@a/", "a" }, { "http://a?x@b", "a" }, { "http://a#@b", "a" },
		{ "android-app://com.app/x", "com.app" }, { "null", "" }, { "about:blank", "" }, { "", "" },
		{ "http://", "" }, { "http://a b/", "" }, { "//a/", "" }, { "/x", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refs); i++) {
		seed("url", span_of(refs[i].ref));
		if (!span_eq(url_host(guard_copy(span_of(refs[i].ref))), span_of(refs[i].want)))
			fail_msg("%s", refs[i].ref);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_understood_or_refused),
		cmocka_unit_test(urls_are_written_within_their_buffer),
		cmocka_unit_test(extensions_are_found),
		cmocka_unit_test(hosts_of_referers_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
