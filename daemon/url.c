/* SPDX-License-Identifier: GPL-3.0-or-later */
/* url - what a request asks for: host, port, path; and hosts inside other fields */
#include "url.h"

#include <stdio.h>

#include "container.h"

enum { EXTENSION_BYTES = 8, HOST_BYTES = 1024 };

static const struct { struct span name; uint16_t port; } schemes[] = {
	{ { "http", 4 }, 80 }, { { "https", 5 }, 443 }, { { "ws", 2 }, 80 }, { { "wss", 3 }, 443 }, { { "ftp", 3 }, 21 },
};

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (char_lower(c) >= 'a' && char_lower(c) <= 'z');
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (char_lower(c) >= 'a' && char_lower(c) <= 'f');
}

/* name_ok - could be a host name: no delimiter of RFC 3986, no blank, no control.  UTF-8 may be
 * (host_normalise turns it into ASCII) */
static bool name_ok(struct span s)
{
	if (s.len > HOST_BYTES)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!is_alnum(c) && c != '-' && c != '.' && c != '_' && !((unsigned char)c & 0x80))
			return false;
	}
	return true;
}

/* literal_ok - "[2001:db8::1]"; a zone is not for the wire */
static bool literal_ok(struct span s)
{
	if (s.len < 4)
		return false;
	for (size_t i = 1; i + 1 < s.len; i++)
		if (!is_hex(s.p[i]) && s.p[i] != ':' && s.p[i] != '.')
			return false;
	return memchr(s.p, ':', s.len) != NULL;
}

bool url_split_authority(struct span text, struct span *host, uint16_t *port)
{
	struct span rest;

	if (text.len && *text.p == '[') {
		const char *close = memchr(text.p, ']', text.len);

		if (!close)
			return false;
		*host = (struct span){ text.p, (size_t)(close + 1 - text.p) };
		if (!literal_ok(*host))
			return false;
	} else {
		*host = span_until(text, ':');
		if (!name_ok(*host))
			return false;
	}
	rest = span_skip(text, host->len);
	if (rest.len == 0)
		return true;
	if (*rest.p != ':' || host->len == 0)
		return false;
	rest = span_skip(rest, 1);
	uint32_t n = 0;

	for (size_t i = 0; i < rest.len; i++) {
		if (rest.p[i] < '0' || rest.p[i] > '9' || (n = n * 10 + (uint32_t)(rest.p[i] - '0')) > 65535)
			return false;
	}
	if (rest.len)
		*port = (uint16_t)n;
	return true;
}

/* scheme_split - "http://rest": the scheme, and where the authority begins; false: no such start */
static bool scheme_split(struct span s, struct span *scheme, struct span *rest)
{
	size_t n = 0;

	while (n < s.len && n < 32 && (is_alnum(s.p[n]) || (n && (s.p[n] == '+' || s.p[n] == '-' || s.p[n] == '.'))))
		n++;
	if (n == 0 || s.len - n < 3 || memcmp(s.p + n, "://", 3) != 0)
		return false;
	*scheme = (struct span){ s.p, n };
	*rest = span_skip(s, n + 3);
	return true;
}

/* authority_of - the part of "authority/path?query#fragment" before the path */
static struct span authority_of(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#')
		n++;
	return (struct span){ s.p, n };
}

static enum parse bad(struct url *out, enum http1_fault fault)
{
	out->fault = fault;
	return PARSE_BAD;
}

static void set_path(struct url *out, struct span path)
{
	const struct span fragmentless = span_until(path, '#');

	out->path = fragmentless.len ? fragmentless : SPAN_LIT("/");
	struct span before = span_until(out->path, '?');

	out->query = span_skip(out->path, before.len + 1);
}

static enum parse absolute(struct span target, bool has_host, struct span host, uint16_t port, struct url *out)
{
	struct span scheme, rest, authority;
	uint16_t of_scheme = 0;

	if (!scheme_split(target, &scheme, &rest))
		return bad(out, HTTP1_FAULT_TARGET);
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (span_eq_nocase(scheme, schemes[i].name))
			of_scheme = schemes[i].port;
	authority = authority_of(rest);
	out->form = URL_ABSOLUTE;
	out->port = of_scheme;
	/* an "@" fails here: user information must not be sent (RFC 9110 s.4.2.4) */
	if (!url_split_authority(authority, &out->host, &out->port) || out->host.len == 0)
		return bad(out, HTTP1_FAULT_TARGET);
	if (has_host && (!span_eq_nocase(host, out->host) || (port ? port : of_scheme) != out->port))
		return bad(out, HTTP1_FAULT_HOST_DIFFERS);
	set_path(out, span_skip(rest, authority.len));
	return PARSE_DONE;
}

enum parse url_from_request(const struct http1_head *h, struct url *out)
{
	const struct http1_field *field = http1_first(h, HTTP1_HOST);
	struct span host = { "", 0 };
	uint16_t port = 0;

	*out = (struct url){ .host = host, .path = SPAN_LIT("/"), .query = host, .port = 80 };
	if (field && !url_split_authority(field->value, &host, &port))
		return bad(out, HTTP1_FAULT_HOST_BAD);
	if (h->method == METHOD_CONNECT) {
		out->form = URL_AUTHORITY;
		out->port = 0;
		if (!url_split_authority(h->target, &out->host, &out->port) || !out->host.len || !out->port)
			return bad(out, HTTP1_FAULT_TARGET);
		if (host.len && (!span_eq_nocase(host, out->host) || (port && port != out->port)))
			return bad(out, HTTP1_FAULT_HOST_DIFFERS);
		return PARSE_DONE;
	}
	if (*h->target.p != '/' && !(h->target.len == 1 && *h->target.p == '*'))
		return absolute(h->target, field != NULL, host, port, out);
	out->host = host;
	out->port = port ? port : 80;
	if (*h->target.p == '/') {
		out->form = URL_ORIGIN;
		set_path(out, h->target);
		return PARSE_DONE;
	}
	out->form = URL_ASTERISK;
	out->path = h->target;
	return h->method == METHOD_OPTIONS ? PARSE_DONE : bad(out, HTTP1_FAULT_TARGET);
}

static char *put(char *to, struct span s)
{
	if (s.len)
		memcpy(to, s.p, s.len);
	return to + s.len;
}

/* asked for every request: printf is for the ports that few have */
size_t url_write(const struct url *u, struct span host, char *out, size_t cap)
{
	size_t bare6 = host.len && *host.p != '[' && memchr(host.p, ':', host.len);
	/* "?x" of an absolute target without path is "/?x" */
	size_t slash = u->form == URL_ABSOLUTE && *u->path.p != '/';
	char digits[sizeof(":65535")];
	struct span port = { digits, 0 };
	char *to = out;

	if (u->port != 80)
		port.len = (size_t)snprintf(digits, sizeof(digits), ":%u", (unsigned)u->port);
	if (u->form == URL_AUTHORITY || host.len > HOST_BYTES || u->path.len > cap ||
	    2 * bare6 + host.len + port.len + slash > cap - u->path.len)
		return 0;
	to = put(to, (struct span){ "[", bare6 });
	to = put(to, host);
	to = put(to, (struct span){ "]", bare6 });
	to = put(to, port);
	to = put(to, (struct span){ "/", slash });
	return (size_t)(put(to, u->path) - out);
}

struct span url_extension(struct span path)
{
	const struct span none = { "", 0 };
	size_t end = 0;

	while (end < path.len && path.p[end] != '?' && path.p[end] != '#' && path.p[end] != ';')
		end++;
	size_t at = end;

	while (at > 0 && end - at < EXTENSION_BYTES && is_alnum(path.p[at - 1]))
		at--;
	if (at == end || at == 0 || path.p[at - 1] != '.')
		return none;
	return (struct span){ path.p + at, end - at };
}

struct span url_host(struct span ref)
{
	struct span scheme, rest, host;
	uint16_t port;

	if (!scheme_split(ref, &scheme, &rest))
		return (struct span){ "", 0 };
	struct span authority = authority_of(rest);
	const char *at = authority.len ? memrchr(authority.p, '@', authority.len) : NULL;

	if (at)
		authority = span_skip(authority, (size_t)(at + 1 - authority.p));
	if (!url_split_authority(authority, &host, &port))
		return (struct span){ "", 0 };
	return host;
}
