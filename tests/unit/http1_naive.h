/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http1_naive - a second reader of HTTP/1 messages, slow and plain, to compare http1_head and http1_frame with
 *
 * Written from RFC 9112 and for nothing but that it can be seen to be right: line by line, from the front, each time anew.
 * Where the RFC lets a recipient choose it takes more than dejunk does, for dejunk may refuse what it likes.  What dejunk
 * lets through has to be one whole message to both, with the same parts and the same end (naive_differs).
 *
 * naive_compose() makes messages of the words that matter, so that random bytes become nearly good messages.
 */
#ifndef DEJUNK_TESTS_HTTP1_NAIVE_H
#define DEJUNK_TESTS_HTTP1_NAIVE_H

#include <stdio.h>
#include <string.h>

#include "http1_frame.h"

enum { NAIVE_FIELDS = 2 * LIMIT_HEAD_FIELDS, NAIVE_UNTIL_CLOSE = 1, NAIVE_TUNNEL };

struct naive {
	struct span in;
	size_t at;		/* bytes read */
	struct span first, second;	/* method and target, or status */
	int minor;
	unsigned count;
	struct span name[NAIVE_FIELDS], value[NAIVE_FIELDS];
	bool headed;		/* the head is good, and says how the body is framed */
	int open;		/* NAIVE_UNTIL_CLOSE, NAIVE_TUNNEL: the message has no end of its own */
};

static inline bool naive_token(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!s.p[i] || !strchr("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", s.p[i]))
			return false;
	return s.len > 0;
}

/* no controls; tabs only in a value */
static inline bool naive_printable(struct span s, bool tab)
{
	for (size_t i = 0; i < s.len; i++)
		if (((unsigned char)s.p[i] < 0x20 && !(tab && s.p[i] == '\t')) || s.p[i] == 0x7f)
			return false;
	return true;
}

static inline struct span naive_trim(struct span s)
{
	while (s.len && (*s.p == ' ' || *s.p == '\t'))
		s = span_skip(s, 1);
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* the next line, up to LF; with @crlf only CRLF ends it, and without it LF alone does too */
static inline enum parse naive_line(struct naive *n, bool crlf, struct span *line)
{
	for (size_t i = n->at; i < n->in.len; i++) {
		if (n->in.p[i] != '\n')
			continue;
		bool cr = i > n->at && n->in.p[i - 1] == '\r';

		if (crlf && !cr)
			return PARSE_BAD;
		*line = (struct span){ n->in.p + n->at, i - n->at - cr };
		n->at = i + 1;
		return PARSE_DONE;
	}
	return PARSE_MORE;
}

/* "HTTP/1.1" */
static inline bool naive_version(struct naive *n, struct span s)
{
	if (s.len != 8 || memcmp(s.p, "HTTP/1.", 7) != 0 || s.p[7] < '0' || s.p[7] > '9')
		return false;
	n->minor = s.p[7] - '0';
	return true;
}

static inline enum parse naive_request_line(struct naive *n, struct span line)
{
	const char *one = line.len ? memchr(line.p, ' ', line.len) : NULL, *end = line.p + line.len, *two;

	if (!one || !(two = memchr(one + 1, ' ', (size_t)(end - one - 1))))
		return PARSE_BAD;
	n->first = (struct span){ line.p, (size_t)(one - line.p) };
	n->second = (struct span){ one + 1, (size_t)(two - one - 1) };
	return naive_token(n->first) && n->second.len && naive_printable(n->second, false) &&
		naive_version(n, (struct span){ two + 1, (size_t)(end - two - 1) }) ? PARSE_DONE : PARSE_BAD;
}

static inline enum parse naive_status_line(struct naive *n, struct span line)
{
	if (line.len < 12 || !naive_version(n, (struct span){ line.p, 8 }) || line.p[8] != ' ' || line.p[9] < '1' || line.p[9] > '9' ||
	    line.p[10] < '0' || line.p[10] > '9' || line.p[11] < '0' || line.p[11] > '9' || (line.len > 12 && line.p[12] != ' '))
		return PARSE_BAD;
	n->first = (struct span){ line.p + 9, 3 };
	return PARSE_DONE;
}

/* the fields of a head or of trailers; a response's lines that are no fields are passed over */
static inline enum parse naive_fields(struct naive *n, bool response, bool crlf)
{
	for (;;) {
		struct span line;
		enum parse got = naive_line(n, crlf, &line);

		if (got != PARSE_DONE || line.len == 0)
			return got;
		if (*line.p == ' ' || *line.p == '\t') {
			if (!response || crlf || n->count == 0)
				return PARSE_BAD;
			continue;
		}
		const char *colon = memchr(line.p, ':', line.len);
		struct span name = { line.p, colon ? (size_t)(colon - line.p) : line.len };

		if (response && !crlf)
			name = naive_trim(name);
		if (!colon || !naive_token(name)) {
			if (!response || (crlf && (!colon || name.len == 0 || !naive_printable(name, false) || memchr(name.p, ' ', name.len))))
				return PARSE_BAD;
			name = (struct span){ "", 0 };
		}
		struct span value = colon ? naive_trim((struct span){ colon + 1, (size_t)(line.p + line.len - colon - 1) }) : name;

		if (!response && !naive_printable(value, true))
			return PARSE_BAD;
		if (crlf)
			continue;	/* a trailer: nobody asks for it */
		if (n->count == NAIVE_FIELDS)
			return PARSE_BAD;
		n->name[n->count] = name;
		n->value[n->count++] = value;
	}
}

/* the elements of all fields with this name, one by one: the @i-th */
static inline bool naive_item(const struct naive *n, const char *name, unsigned i, struct span *item)
{
	for (unsigned f = 0; f < n->count; f++) {
		struct span rest = n->value[f];

		if (!span_eq_nocase(n->name[f], span_of(name)))
			continue;
		for (;;) {
			struct span part = span_until(rest, ',');

			if (i-- == 0) {
				*item = naive_trim(part);
				return true;
			}
			if (part.len == rest.len)
				break;
			rest = span_skip(rest, part.len + 1);
		}
	}
	return false;
}

static inline bool naive_has(const struct naive *n, const char *name)
{
	struct span item;

	return naive_item(n, name, 0, &item);
}

/* digits of this base as a number below 2^63 */
static inline bool naive_number(struct span s, int base, uint64_t *out)
{
	*out = 0;
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		const char *digits = "0123456789abcdef", *at = s.p[i] ? strchr(digits, char_lower(s.p[i])) : NULL;
		unsigned __int128 next;

		if (!at || at - digits >= base)
			return false;
		next = (unsigned __int128)*out * (unsigned)base + (unsigned)(at - digits);
		if (next > INT64_MAX)
			return false;
		*out = (uint64_t)next;
	}
	return true;
}

static inline enum parse naive_take(struct naive *n, uint64_t bytes)
{
	if (n->in.len - n->at < bytes) {
		n->at = n->in.len;
		return PARSE_MORE;
	}
	n->at += bytes;
	return PARSE_DONE;
}

/* RFC 9112, section 7.1; @response: blanks behind the size */
static inline enum parse naive_chunks(struct naive *n, bool response)
{
	for (;;) {
		struct span line, size, data;
		enum parse got = naive_line(n, true, &line);
		bool quoted = false;
		uint64_t bytes;

		if (got != PARSE_DONE)
			return got;
		size = span_until(line, ';');
		if (!naive_printable(line, true) || !naive_number(size.len < line.len || response ? naive_trim(size) : size, 16, &bytes))
			return PARSE_BAD;
		for (size_t i = size.len; i < line.len && !response; i++) {
			if (line.p[i] == '"')
				quoted = !quoted;
			else if (line.p[i] == '\\' && quoted)
				i++;
		}
		if (quoted)
			return PARSE_BAD;
		if (bytes == 0)
			return naive_fields(n, response, true);
		got = naive_take(n, bytes);
		if (got != PARSE_DONE)
			return got;
		got = naive_line(n, true, &data);
		if (got != PARSE_DONE || data.len)
			return got == PARSE_MORE && n->in.len - n->at < 2 ? PARSE_MORE : PARSE_BAD;
	}
}

/* the body; RFC 9112, section 6.3 */
static inline enum parse naive_body(struct naive *n, bool response)
{
	uint64_t length = 0, other;
	struct span item;
	bool chunked = false, coded = false;

	for (unsigned i = 0; naive_item(n, "Transfer-Encoding", i, &item); i++) {
		if (item.len == 0)		/* an empty element is none, RFC 9110 s.5.6.1 */
			continue;
		chunked = span_eq_nocase(item, SPAN_LIT("chunked"));
		coded |= !span_eq_nocase(item, SPAN_LIT("identity"));
	}
	if (coded) {
		if (!response && (!chunked || n->minor == 0 || naive_has(n, "Content-Length")))
			return PARSE_BAD;
		n->headed = true;
		if (chunked && n->minor)
			return naive_chunks(n, response);
		n->open = NAIVE_UNTIL_CLOSE;
		return PARSE_MORE;
	}
	if (naive_has(n, "Transfer-Encoding") && !response)
		return PARSE_BAD;
	for (unsigned i = 0; naive_item(n, "Content-Length", i, &item); i++) {
		if (!naive_number(item, 10, &other) || (i && other != length))
			return PARSE_BAD;
		length = other;
	}
	n->headed = true;
	if (response && !naive_has(n, "Content-Length")) {
		n->open = NAIVE_UNTIL_CLOSE;
		return PARSE_MORE;
	}
	return naive_take(n, length);
}

static inline enum parse naive_request(struct naive *n, struct span in)
{
	struct span line, item;
	enum parse got;

	*n = (struct naive){ .in = in };
	do
		got = naive_line(n, false, &line);
	while (got == PARSE_DONE && line.len == 0);
	if (got == PARSE_DONE)
		got = naive_request_line(n, line);
	if (got == PARSE_DONE)
		got = naive_fields(n, false, false);
	if (got != PARSE_DONE)
		return got;
	unsigned hosts = 0;
	uint64_t length;

	for (unsigned i = 0; i < n->count; i++)
		hosts += span_eq_nocase(n->name[i], SPAN_LIT("Host"));
	if (hosts > 1 || (hosts == 0 && n->minor > 0))
		return PARSE_BAD;
	if (span_eq(n->first, SPAN_LIT("CONNECT")) && (naive_has(n, "Transfer-Encoding") ||
	    (naive_item(n, "Content-Length", 0, &item) && (!naive_number(item, 10, &length) || length))))
		return PARSE_BAD;
	return naive_body(n, false);
}

static inline enum parse naive_response(struct naive *n, struct span in, enum http1_method method)
{
	struct span line;
	enum parse got;
	int status;

	*n = (struct naive){ .in = in };
	do
		got = naive_line(n, false, &line);
	while (got == PARSE_DONE && line.len == 0);
	if (got == PARSE_DONE)
		got = naive_status_line(n, line);
	if (got == PARSE_DONE)
		got = naive_fields(n, true, false);
	if (got != PARSE_DONE)
		return got;
	status = (n->first.p[0] - '0') * 100 + (n->first.p[1] - '0') * 10 + n->first.p[2] - '0';
	if (status == 101 || (method == METHOD_CONNECT && status / 100 == 2)) {
		n->headed = true;
		n->open = NAIVE_TUNNEL;
		return PARSE_MORE;
	}
	if (status / 100 == 1 || status == 204 || status == 304 || method == METHOD_HEAD) {
		n->headed = true;
		return PARSE_DONE;
	}
	return naive_body(n, true);
}

/* --- what dejunk makes of it, and whether that is the same ------------------- */

struct naive_other {
	enum parse answer;
	struct http1_head *head;	/* good when @headed */
	struct http1_frame frame;
	bool headed;
	size_t len;			/* of the whole message, when DONE */
};

static inline struct naive_other naive_dejunk(struct span in, bool response, enum http1_method method, struct http1_head *head)
{
	struct naive_other o = { .head = head };
	struct http1_body b;
	size_t taken;

	o.answer = response ? http1_response_parse(in, 0, head) : http1_request_parse(in, 0, head);
	if (o.answer != PARSE_DONE)
		return o;
	o.answer = response ? http1_frame_response(head, method, &o.frame) : http1_frame_request(head, &o.frame);
	if (o.answer != PARSE_DONE)
		return o;
	o.headed = true;
	http1_body_init(&b, &o.frame, response);
	o.answer = http1_body_scan(&b, span_skip(in, head->len), &taken);
	o.len = head->len + taken;
	return o;
}

static inline bool naive_same_span(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || a.p == b.p);
}

/* naive_differs - read @in by both; @method: of the request, when it is a response.  NULL: they agree, or dejunk refuses */
static inline const char *naive_differs(struct span in, bool response, enum http1_method method)
{
	static struct http1_head head;
	static struct naive n;
	struct naive_other o = naive_dejunk(in, response, method, &head);
	enum parse got = response ? naive_response(&n, in, method) : naive_request(&n, in);

	if (o.answer == PARSE_BAD)
		return NULL;
	if (o.answer == PARSE_ALIEN)	/* a tunnel: passes unfiltered; a method that is no method of anybody may */
		return got != PARSE_DONE || response || n.first.len > 32 ? NULL : "a request is taken for no HTTP";
	if (o.answer == PARSE_MORE && !o.headed)
		return got == PARSE_DONE ? "a whole message is taken for a beginning" : NULL;
	if (got == PARSE_BAD && (o.answer == PARSE_DONE || !n.headed))
		return "a message that is none passes";
	if (o.answer != got)
		return got == PARSE_BAD ? NULL : "one sees the end, the other does not";
	if (got == PARSE_DONE && o.len != n.at)
		return "the ends differ";
	if ((n.open == NAIVE_TUNNEL) != (o.frame.kind == FRAME_TUNNEL) || (n.open == NAIVE_UNTIL_CLOSE) != (o.frame.kind == FRAME_CLOSE))
		return "the kinds of the end differ";
	if (response)
		return head.status == (n.first.p[0] - '0') * 100 + (n.first.p[1] - '0') * 10 + n.first.p[2] - '0' ? NULL : "the statuses differ";
	if (!naive_same_span(head.method_text, n.first) || !naive_same_span(head.target, n.second) || head.minor != (n.minor > 0))
		return "the request lines differ";
	if (head.count != n.count)
		return "the numbers of fields differ";
	for (unsigned i = 0; i < head.count; i++)
		if (!naive_same_span(head.fields[i].name, n.name[i]) || !naive_same_span(head.fields[i].value, n.value[i]))
			return "fields differ";
	return NULL;
}

/* --- messages of random bytes ------------------------------------------------- */

/* naive_compose - bytes of which the lower half stand for words, the others for themselves less 128; at most @room bytes */
static inline struct span naive_compose(struct span bytes, char *to, size_t room)
{
	static const char *const words[] = {
		"GET / HTTP/1.1\r\nHost: h\r\n", "POST / HTTP/1.1\r\nHost: h\r\n", "POST / HTTP/1.0\r\n", "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n",
		"HTTP/1.1 200 OK\r\n", "HTTP/1.1 204 No\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 101 Go\r\n", "HTTP/1.1 100 Go\r\n\r\n",
		"Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
		"\r\n\r\n", "\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "\r\n\r\nhello", "\r\n", "\n", "\r", " ", "\t", ":", ": ", ",", ", ", ";", "\"", "\\",
		"Content-Length", "content-length:", "Transfer-Encoding", "TRANSFER-ENCODING:", "Host", "Host: ", "Connection: ", "X: y\r\n",
		"chunked", "Chunked", "gzip", "identity", "x", "0", "5", "6", "05", "+5", "-1", "0x5", "5,5", "9223372036854775807",
		"9223372036854775808", "18446744073709551621", "fffffffffffffffff", "0000000000000005", "5\r\nhello\r\n", "5;a=b\r\nhello\r\n",
		"5;a=\"b\"\r\nhello\r\n", "5 \r\nhello\r\n", "5\nhello\n", "0\r\n", "0\r\n\r\n", "0\r\nX: y\r\n\r\n", "0;\r\n\r\n", "hello", "GET", "POST",
		"HEAD", "get", "PRI", "/", "*", "http://h/", " HTTP/1.1", " HTTP/1.0", " HTTP/1.2", " HTTP/2.0", "HTTP/1.1 ", "\v", "\f", "\xa0", "\x85",
		"\x7f", "GET / HTTP/1.1\nHost: h\n", "POST / HTTP/1.1\nHost: h\nContent-Length: 5\n\nhello", "Host: h\r\n", "\r\n ", "\r\n\t",
		" : ", "X:\r\n y\r\n", "Transfer-Encoding:\r\n chunked\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n",
	};
	size_t len = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.p[i];
		struct span word = c < sizeof(words) / sizeof(words[0]) ? span_of(words[c]) : (struct span){ bytes.p + i, 1 };

		if (word.len > room - len)
			break;
		memcpy(to + len, word.p, word.len);
		if (c >= sizeof(words) / sizeof(words[0]))
			to[len] &= 0x7f;
		len += word.len;
	}
	return (struct span){ to, len };
}

#endif
