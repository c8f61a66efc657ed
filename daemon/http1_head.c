/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http1_head - find and split the head of one HTTP/1.x message
 *
 * The first call reads all there is, line by line.  A call with @seen looks only at
 * what is new: for the end of the start line (to tell early what is not HTTP) and for
 * the empty line that ends the head; the whole is split once, when that has come.
 * The start of the current line is found backwards from @seen, so each byte is passed
 * over a bounded number of times however the head was cut.
 */
#include "http1_head.h"

#include <strings.h>

#include "container.h"

enum {
	METHOD_BYTES = 32,	/* longest method token: IANA's longest has 17 */
	LEAD_BYTES = 16,	/* of empty lines before the start line */
	EARLY_BYTES = 128,	/* of an unfinished start line, looked at for what cannot be HTTP */
	NAME_BYTES = 31,	/* longest name in tbl/http1_field.h */
};

/* token bytes, RFC 9110 s.5.6.2 */
static const bool is_token[256] = {
	['0' ... '9'] = true, ['a' ... 'z'] = true, ['A' ... 'Z'] = true,
	['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true, ['*'] = true,
	['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true, ['`'] = true, ['|'] = true,
	['~'] = true,
};

static const struct span names[HTTP1_NAMES] = {
#define FIELD(name, text) [HTTP1_##name] = { text, sizeof(text) - 1 },
#include "tbl/http1_field.h"
#undef FIELD
};

/* one bit for each length that occurs in the table: most other fields end here */
static const uint32_t name_lengths = 0
#define FIELD(name, text) | 1u << (sizeof(text) - 1)
#include "tbl/http1_field.h"
#undef FIELD
	;

static const struct { struct span text; enum http1_method id; } methods[] = {
	{ { "GET", 3 }, METHOD_GET }, { { "HEAD", 4 }, METHOD_HEAD }, { { "POST", 4 }, METHOD_POST },
	{ { "PUT", 3 }, METHOD_PUT }, { { "DELETE", 6 }, METHOD_DELETE }, { { "CONNECT", 7 }, METHOD_CONNECT },
	{ { "OPTIONS", 7 }, METHOD_OPTIONS }, { { "TRACE", 5 }, METHOD_TRACE }, { { "PATCH", 5 }, METHOD_PATCH },
};

/* how a message is read: as a request or as a response */
struct reader {
	bool response;
	uint8_t eol;		/* bytes of the start line's end: 1 or 2 */
};

const char *http1_fault_text(enum http1_fault fault)
{
	static const char *const text[] = {
#define FAULT(name, says) says,
#include "tbl/http1_fault.h"
#undef FAULT
	};

	return (unsigned)fault < ARRAY_LEN(text) ? text[fault] : "unknown";
}

static enum parse bad(struct http1_head *h, enum http1_fault fault)
{
	h->fault = fault;
	return PARSE_BAD;
}

/* suspicious - may @s hold a byte below @low (at most 0x80) or 0x7f?  Eight bytes at a time */
static bool suspicious(struct span s, unsigned char low)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t hit = 0, w, del;
	size_t i = 0;

	for (; i + 8 <= s.len; i += 8) {
		memcpy(&w, s.p + i, 8);
		del = w ^ (ones * 0x7f);
		hit |= (((w - ones * low) & ~w) | ((del - ones) & ~del)) & high;
	}
	for (; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		hit |= (uint64_t)(c < low || c == 0x7f);
	}
	return hit != 0;
}

/* value_ok - no byte that a field value must not have.  Responses: only those that could be
 * read as an end of line or of the string */
static bool value_ok(const struct reader *r, struct span s)
{
	if (!suspicious(s, 0x20))
		return true;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\0' || c == '\r' || (!r->response && ((c < 0x20 && c != '\t') || c == 0x7f)))
			return false;
	}
	return true;
}

static size_t token_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && is_token[(unsigned char)s.p[n]])
		n++;
	return n;
}

static enum http1_method method_of(struct span text)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (span_eq(methods[i].text, text))
			return methods[i].id;
	return METHOD_OTHER;
}

static enum http1_name name_of(struct span name)
{
	if (name.len > NAME_BYTES || !(name_lengths >> name.len & 1))
		return HTTP1_OTHER;
	char first = char_lower(*name.p);

	for (int id = HTTP1_OTHER + 1; id < HTTP1_NAMES; id++)
		if (names[id].len == name.len && *names[id].p == first && span_eq_nocase(names[id], name))
			return (enum http1_name)id;
	return HTTP1_OTHER;
}

/* method_like - a method of the table in any case: what some servers take for one, RFC 9110 s.9.1 */
static bool method_like(struct span text)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (span_eq_nocase(methods[i].text, text))
			return true;
	return false;
}

/* target_like - does @s begin as a target that some server takes for one? */
static bool target_like(struct span s)
{
	return s.len && (*s.p == '/' || (s.len >= 4 && span_eq_nocase((struct span){ s.p, 4 }, SPAN_LIT("http"))));
}

/* version_parse - "HTTP/1.1" */
static bool version_parse(struct span v, struct http1_head *out)
{
	if (v.len != 8 || memcmp(v.p, "HTTP/1.", 7) != 0 || v.p[7] < '0' || v.p[7] > '9')
		return false;
	out->minor = v.p[7] == '0' ? 0 : 1;
	return true;
}

/* blanks_len - blanks of any kind and CRs that @s begins with: more than the grammar has, RFC 9112 s.3 */
static size_t blanks_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && (s.p[n] == ' ' || s.p[n] == '\t' || s.p[n] == '\r' || s.p[n] == '\v' || s.p[n] == '\f'))
		n++;
	return n;
}

/* capitals - only bytes that nginx takes for a method, however long? */
static bool capitals(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((p[i] < 'A' || p[i] > 'Z') && p[i] != '_' && p[i] != '-')
			return false;
	return true;
}

/* broken_start - a start line that begins with blanks or lone CRs: servers exist that skip them, so what
 * looks like a request behind them was HTTP, and must not pass as something that never was */
static enum parse broken_start(struct span s, struct http1_head *out)
{
	size_t n = blanks_len(s);

	if (n >= LEAD_BYTES)
		return bad(out, HTTP1_FAULT_START);
	s = span_skip(s, n);
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		struct span text = methods[i].text;

		n = s.len < text.len ? s.len : text.len;
		if (n && strncasecmp(s.p, text.p, n) != 0)
			continue;
		if (s.len <= text.len)
			return PARSE_MORE;
		if (s.p[text.len] == ' ' || s.p[text.len] == '\t')
			return bad(out, HTTP1_FAULT_START);
	}
	return PARSE_ALIEN;
}

/* request_early - can an unfinished start line still become a request line? */
static enum parse request_early(struct span line, struct http1_head *out)
{
	struct span s = { line.p, line.len < EARLY_BYTES ? line.len : EARLY_BYTES };
	size_t n = token_len(s);

	if (n > METHOD_BYTES)
		return capitals(s.p, METHOD_BYTES) ? bad(out, HTTP1_FAULT_START) : PARSE_ALIEN;
	if (blanks_len(s))
		return broken_start(s, out);
	if (n == s.len)
		return PARSE_MORE;
	bool known = method_like((struct span){ s.p, n });

	/* other blanks than the one of the grammar: some servers take them for it, RFC 9112 s.3 */
	if (known && (s.p[n] == '\t' || s.p[n] == '\v' || s.p[n] == '\f' || (s.p[n] == '\r' && n + 1 < s.len)))
		return bad(out, HTTP1_FAULT_START);
	if (known && s.p[n] == '\r')
		return PARSE_MORE;	/* perhaps one word and its line end */
	if (n == 0 || s.p[n] != ' ')
		return PARSE_ALIEN;
	known |= target_like(span_skip(s, n + 1));
	for (size_t i = n + 1; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		/* a CR that ends no line is a control, RFC 9112 s.2.2 */
		if ((c < 0x20 && (c != '\r' || i + 1 < s.len)) || c == 0x7f)
			return known ? bad(out, HTTP1_FAULT_CONTROL) : PARSE_ALIEN;
	}
	return PARSE_MORE;
}

/* request_line - RFC 9112 s.3; @line without its end.  DONE, BAD or ALIEN */
static enum parse request_line(struct span line, struct http1_head *out)
{
	enum parse early = request_early(line, out);

	if (early != PARSE_MORE)
		return early;
	size_t n = token_len(line);

	if (n == line.len && n)
		return PARSE_ALIEN;		/* one word */
	if (span_eq(line, SPAN_LIT("PRI * HTTP/2.0")))
		return PARSE_ALIEN;		/* the HTTP/2 preface, RFC 9113 s.3.4; in HTTP/1 the same is a request */
	if (n == 0)			/* blanks: an empty line to those who skip them; or a word behind them */
		return blanks_len(line) == line.len ? bad(out, HTTP1_FAULT_START) : PARSE_ALIEN;
	if (line.p[n] != ' ')		/* a CR, behind a method */
		return bad(out, HTTP1_FAULT_START);
	out->method_text = (struct span){ line.p, n };
	out->method = method_of(out->method_text);
	struct span rest = span_skip(line, n + 1);
	bool known = method_like(out->method_text);

	if (line.p[line.len - 1] == '\r')	/* before the line's end: a control, RFC 9112 s.2.2 */
		return known || target_like(rest) ? bad(out, HTTP1_FAULT_CONTROL) : PARSE_ALIEN;
	const char *blank = rest.len ? memrchr(rest.p, ' ', rest.len) : NULL;
	struct span version = blank ? span_skip(rest, (size_t)(blank - rest.p) + 1) : rest;

	if (version.len < 5 || memcmp(version.p, "HTTP/", 5) != 0) {
		/* HTTP/0.9, blanks in the target or behind the version; without these some other protocol of words */
		bool http = target_like(rest) ? known || memmem(rest.p, rest.len, "HTTP/", 5) :
			known && rest.len && *rest.p == ' ';

		return http ? bad(out, HTTP1_FAULT_START) : PARSE_ALIEN;
	}
	if (!version_parse(version, out))
		return bad(out, HTTP1_FAULT_VERSION);
	out->target = (struct span){ rest.p, blank ? (size_t)(blank - rest.p) : 0 };
	if (out->target.len == 0 || suspicious(out->target, 0x21))
		return bad(out, HTTP1_FAULT_START);
	return PARSE_DONE;
}

bool http1_request_doubtful(struct span in)
{
	size_t n = token_len(in);
	bool word = n < in.len;		/* it is complete */

	if (n == 0 || in.len > EARLY_BYTES || memchr(in.p, '\n', in.len))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		struct span text = methods[i].text;

		if ((word ? n == text.len : n <= text.len) && strncasecmp(in.p, text.p, n) == 0)
			return false;
	}
	in = span_skip(in, word ? n + 1 : n);
	if (in.len == 0)
		return true;
	return *in.p != '/' && *in.p != '*' && strncasecmp(in.p, "http", in.len < 4 ? in.len : 4) != 0;
}

/* status_early - can an unfinished start line still become a status line? */
static enum parse status_early(struct span line)
{
	size_t n = line.len < 5 ? line.len : 5;

	return memcmp(line.p, "HTTP/", n) == 0 ? PARSE_MORE : PARSE_ALIEN;
}

/* status_line - RFC 9112 s.4; servers also leave out the blank before an empty reason */
static enum parse status_line(struct span line, struct http1_head *out)
{
	if (line.len < 5 || status_early(line) != PARSE_MORE)
		return PARSE_ALIEN;
	if (line.len < 12 || !version_parse((struct span){ line.p, 8 }, out))
		return bad(out, line.len < 12 ? HTTP1_FAULT_START : HTTP1_FAULT_VERSION);
	unsigned status = 0;

	for (int i = 9; i < 12; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return bad(out, HTTP1_FAULT_START);
		status = status * 10 + (unsigned)(line.p[i] - '0');
	}
	if (line.p[8] != ' ' || status < 100 || (line.len > 12 && line.p[12] != ' '))
		return bad(out, HTTP1_FAULT_START);
	out->status = (uint16_t)status;
	out->reason = span_skip(line, 13);
	struct reader as_response = { .response = true };

	return value_ok(&as_response, out->reason) ? PARSE_DONE : bad(out, HTTP1_FAULT_CONTROL);
}

/* line_at - the line that begins at @p, without its end; false: its end has not come */
static inline bool line_at(const char *p, const char *end, struct span *line, uint8_t *eol)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	if (!lf)
		return false;
	*eol = lf > p && lf[-1] == '\r' ? 2 : 1;
	*line = (struct span){ p, (size_t)(lf + 1 - p) - *eol };
	return true;
}

static bool frames(enum http1_name id)
{
	return id == HTTP1_CONTENT_LENGTH || id == HTTP1_TRANSFER_ENCODING || id == HTTP1_CONNECTION ||
		id == HTTP1_UPGRADE;
}

/* fold_line - a line that continues the field before it (obs-fold, RFC 9112 s.5.2) */
static enum parse fold_line(const struct reader *r, struct span line, uint8_t eol, struct http1_head *out)
{
	struct http1_field *f = out->count ? &out->fields[out->count - 1] : NULL;

	if (!r->response || !f || frames(f->id))
		return bad(out, HTTP1_FAULT_FOLD);
	if (!value_ok(r, line))
		return bad(out, HTTP1_FAULT_CONTROL);
	struct span more = span_trim(line);

	f->line_len += (uint32_t)(line.len + eol);
	if (more.len && f->value.len)
		f->value.len = (size_t)(more.p + more.len - f->value.p);
	else if (more.len)
		f->value = more;
	return PARSE_DONE;
}

/* field_line - RFC 9112 s.5.1 */
static enum parse field_line(const struct reader *r, struct span line, uint8_t eol, struct http1_head *out,
			     uint16_t last[HTTP1_NAMES])
{
	struct span name = { line.p, token_len(line) };
	struct span rest = span_skip(line, name.len);

	if (r->response && rest.len && (*rest.p == ' ' || *rest.p == '\t')) {
		struct span after = span_trim(rest);

		/* a blank before the colon: ambiguous where it frames, harmless elsewhere */
		if (after.len && *after.p == ':' && !frames(name_of(name)))
			rest = (struct span){ after.p, (size_t)(line.p + line.len - after.p) };
	}
	if (name.len == 0 || rest.len == 0 || *rest.p != ':') {
		if (!r->response || frames(name_of(name)))
			return bad(out, HTTP1_FAULT_FIELD_NAME);
		/* servers do send such lines, and browsers skip them: a field of no value */
		name = line;
		rest = (struct span){ line.p + line.len, 0 };
		if (!value_ok(r, name))
			return bad(out, HTTP1_FAULT_CONTROL);
	}
	if (out->count == LIMIT_HEAD_FIELDS)
		return bad(out, HTTP1_FAULT_LARGE);
	struct http1_field *f = &out->fields[out->count++];

	f->name = name;
	f->value = span_trim(span_skip(rest, 1));
	f->line_len = (uint32_t)(line.len + eol);
	f->same = 0;
	f->id = (uint8_t)(rest.len ? name_of(name) : HTTP1_OTHER);
	if (f->id != HTTP1_OTHER) {
		if (last[f->id])
			out->fields[last[f->id] - 1].same = out->count;
		else
			out->first[f->id] = out->count;
		last[f->id] = out->count;
	}
	return value_ok(r, f->value) ? PARSE_DONE : bad(out, HTTP1_FAULT_CONTROL);
}

/* host_check - RFC 9112 s.3.2: exactly one, and in 1.0 at most one */
static enum parse host_check(struct http1_head *h)
{
	const struct http1_field *f = http1_first(h, HTTP1_HOST);

	if (f && http1_next(h, f))
		return bad(h, HTTP1_FAULT_HOST_MANY);
	if (!f && h->minor > 0)
		return bad(h, HTTP1_FAULT_HOST_MISSING);
	return PARSE_DONE;
}

/* lead_len - bytes of empty lines at the start, at most LEAD_BYTES and a line */
static size_t lead_len(struct span in)
{
	size_t n = 0;

	while (n < LEAD_BYTES) {
		if (n < in.len && in.p[n] == '\n')
			n++;
		else if (n + 1 < in.len && in.p[n] == '\r' && in.p[n + 1] == '\n')
			n += 2;
		else
			break;
	}
	return n;
}

/* start_line - of either kind, unfinished or not: DONE, MORE, BAD or ALIEN */
static enum parse start_line(struct reader *r, struct span in, struct http1_head *out)
{
	struct span line;

	if (in.len == 0)
		return PARSE_MORE;
	if (line_at(in.p, in.p + in.len, &line, &r->eol))
		return r->response ? status_line(line, out) : request_line(line, out);
	if (in.len == 1 && *in.p == '\r')
		return PARSE_MORE;		/* perhaps one more empty line */
	return r->response ? status_early(in) : request_early(in, out);
}

/* split - the whole head, from its first byte */
static enum parse split(struct reader *r, struct span in, struct http1_head *out)
{
	uint16_t last[HTTP1_NAMES] = { 0 };
	const char *end = in.p + in.len;

	out->fault = HTTP1_FAULT_NONE;
	out->method = METHOD_OTHER;
	out->method_text = out->target = out->reason = (struct span){ "", 0 };
	out->status = 0;
	out->count = 0;
	memset(out->first, 0, sizeof(out->first));
	enum parse answer = start_line(r, span_skip(in, out->lead), out);

	if (answer != PARSE_DONE)
		return answer;
	const char *p = (const char *)memchr(in.p + out->lead, '\n', in.len - out->lead) + 1;
	struct span line;
	uint8_t eol;

	for (; line_at(p, end, &line, &eol); p += line.len + eol) {
		if (!r->response && eol != r->eol)
			return bad(out, HTTP1_FAULT_LINE_END);
		if (line.len == 0) {
			out->len = (size_t)(p + eol - in.p);
			if (out->len > LIMIT_HEAD_BYTES)
				return bad(out, HTTP1_FAULT_LARGE);
			return r->response ? PARSE_DONE : host_check(out);
		}
		answer = *line.p == ' ' || *line.p == '\t' ? fold_line(r, line, eol, out) :
			field_line(r, line, eol, out, last);
		if (answer != PARSE_DONE)
			return answer;
	}
	return PARSE_MORE;
}

/* has_end - is there an empty line whose last byte is at or after @from?  Not before @from - 2 */
static bool has_end(struct span in, size_t from)
{
	const char *end = in.p + in.len;
	const char *p = in.p + from;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		if (p < end && (*p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n')))
			return true;
		if (p == end)
			break;
	}
	return false;
}

/* resume - what do the bytes after @seen tell?  DONE: the head is whole, or worth splitting */
static enum parse resume(struct reader *r, struct span in, size_t seen, struct http1_head *out)
{
	struct span body = span_skip(in, out->lead);

	seen = seen > out->lead ? seen - out->lead : 0;
	if (seen < EARLY_BYTES)
		return PARSE_DONE;		/* the beginning: look at all of it again */
	if (!memchr(body.p + seen - 2, '\n', body.len - (seen - 2)))
		return PARSE_MORE;
	if (!memrchr(body.p, '\n', seen)) {
		/* the start line ended only now */
		enum parse answer = start_line(r, body, out);

		if (answer != PARSE_DONE)
			return answer;
	}
	return has_end(body, seen - 2) ? PARSE_DONE : PARSE_MORE;
}

static enum parse head_parse(bool response, struct span in, size_t seen, struct http1_head *out)
{
	struct reader r = { .response = response };
	enum parse answer = PARSE_DONE;

	if (in.len == 0)
		return PARSE_MORE;
	if (seen > in.len)
		seen = in.len;
	out->lead = lead_len(in);
	if (out->lead >= LEAD_BYTES)
		return bad(out, HTTP1_FAULT_START);
	if (seen)
		answer = resume(&r, in, seen, out);
	if (answer == PARSE_DONE)
		answer = split(&r, in, out);
	if (answer == PARSE_MORE && in.len >= LIMIT_HEAD_BYTES)
		return bad(out, HTTP1_FAULT_LARGE);
	return answer;
}

enum parse http1_request_parse(struct span in, size_t seen, struct http1_head *out)
{
	return head_parse(false, in, seen, out);
}

enum parse http1_response_parse(struct span in, size_t seen, struct http1_head *out)
{
	return head_parse(true, in, seen, out);
}

const struct http1_field *http1_find(const struct http1_head *h, struct span name)
{
	for (unsigned i = 0; i < h->count; i++)
		if (span_eq_nocase(h->fields[i].name, name))
			return &h->fields[i];
	return NULL;
}

bool http1_list_next(struct span *rest, struct span *item)
{
	if (!rest->p)
		return false;
	*item = span_until(*rest, ',');
	/* the part after the last comma is an element too: a null pointer marks the end */
	if (item->len == rest->len)
		*rest = (struct span){ NULL, 0 };
	else
		*rest = span_skip(*rest, item->len + 1);
	*item = span_trim(*item);
	return true;
}

bool http1_has_token(const struct http1_head *h, enum http1_name id, struct span token)
{
	for (const struct http1_field *f = http1_first(h, id); f; f = http1_next(h, f)) {
		struct span rest = f->value, item;

		while (http1_list_next(&rest, &item))
			if (span_eq_nocase(item, token))
				return true;
	}
	return false;
}
