/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http1_frame - how long is the body?  And a scanner that follows it as it passes
 *
 * A request is refused for every doubt (two readings are two requests).  A response gets
 * the reading that browsers give it where they agree, and is refused where they do not.
 */
#include "http1_frame.h"

#include "container.h"

_Static_assert(LIMIT_CHUNK_LINE_BYTES < UINT16_MAX && LIMIT_TRAILER_BYTES < UINT16_MAX, "http1_body.line holds both");

static enum parse bad(struct http1_frame *out, enum http1_fault fault)
{
	out->fault = fault;
	return PARSE_BAD;
}

/* length_parse - 1*DIGIT, RFC 9110 s.8.6; at most INT64_MAX */
static bool length_parse(struct span s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.p[i] - '0';

		if (digit > 9 || n > ((uint64_t)INT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

/* length_of - all Content-Length fields as one number.  A list of equal numbers in one field is
 * understood in responses only.  DONE or BAD */
static enum parse length_of(const struct http1_head *h, bool response, struct http1_frame *out)
{
	bool first = true;
	uint64_t n;

	for (const struct http1_field *f = http1_first(h, HTTP1_CONTENT_LENGTH); f; f = http1_next(h, f)) {
		struct span rest = f->value, item = f->value;

		for (bool more = response ? http1_list_next(&rest, &item) : true; more;
		     more = response && http1_list_next(&rest, &item)) {
			if (!length_parse(item, &n))
				return bad(out, HTTP1_FAULT_LENGTH);
			if (!first && n != out->length)
				return bad(out, HTTP1_FAULT_LENGTH_DIFFERS);
			out->length = n;
			first = false;
		}
	}
	out->kind = out->length ? FRAME_LENGTH : FRAME_NONE;
	return PARSE_DONE;
}

/* what the Transfer-Encoding fields say, taken as one list */
struct codings {
	unsigned count, chunked, unknown, empty, identity;
	bool chunked_last;
};

static struct codings codings_of(const struct http1_head *h)
{
	static const struct span known[] = {
		{ "gzip", 4 }, { "x-gzip", 6 }, { "deflate", 7 }, { "compress", 8 }, { "x-compress", 10 },
	};
	struct codings c = { 0 };

	for (const struct http1_field *f = http1_first(h, HTTP1_TRANSFER_ENCODING); f; f = http1_next(h, f)) {
		struct span rest = f->value, item;

		while (http1_list_next(&rest, &item)) {
			if (item.len == 0) {
				c.empty++;
				continue;
			}
			c.count++;
			c.chunked_last = span_eq_nocase(item, SPAN_LIT("chunked"));
			if (c.chunked_last) {
				c.chunked++;
				continue;
			}
			if (span_eq_nocase(item, SPAN_LIT("identity"))) {
				c.identity++;
				continue;
			}
			size_t i = 0;

			while (i < ARRAY_LEN(known) && !span_eq_nocase(item, known[i]))
				i++;
			c.unknown += i == ARRAY_LEN(known);
		}
	}
	return c;
}

enum parse http1_frame_request(const struct http1_head *h, struct http1_frame *out)
{
	*out = (struct http1_frame){ .kind = FRAME_NONE };
	if (h->first[HTTP1_TRANSFER_ENCODING]) {
		struct codings c = codings_of(h);

		if (h->first[HTTP1_CONTENT_LENGTH])
			return bad(out, HTTP1_FAULT_LENGTH_AND_CODING);
		if (h->minor == 0)
			return bad(out, HTTP1_FAULT_CODING_VERSION);
		if (c.unknown || c.empty || c.identity)
			return bad(out, HTTP1_FAULT_CODING);
		if (!c.chunked_last || c.chunked != 1)
			return bad(out, HTTP1_FAULT_CODING_LAST);
		out->kind = FRAME_CHUNKED;
	} else if (length_of(h, false, out) != PARSE_DONE) {
		return PARSE_BAD;
	}
	if (h->method == METHOD_CONNECT && out->kind != FRAME_NONE)
		return bad(out, HTTP1_FAULT_CONNECT_BODY);
	return PARSE_DONE;
}

enum parse http1_frame_response(const struct http1_head *h, enum http1_method method, struct http1_frame *out)
{
	*out = (struct http1_frame){ .kind = FRAME_NONE };
	if (h->status == 101 || (method == METHOD_CONNECT && h->status / 100 == 2)) {
		out->kind = FRAME_TUNNEL;
		return PARSE_DONE;
	}
	if (h->status / 100 == 1 || h->status == 204 || h->status == 304 || method == METHOD_HEAD)
		return PARSE_DONE;
	if (h->first[HTTP1_TRANSFER_ENCODING]) {
		struct codings c = codings_of(h);

		if (c.chunked > 1)
			return bad(out, HTTP1_FAULT_CODING_LAST);
		if (c.chunked && !c.chunked_last && h->first[HTTP1_CONTENT_LENGTH])
			return bad(out, HTTP1_FAULT_LENGTH_AND_CODING);
		if (h->minor == 0 && c.count > c.identity) {
			/* framing of a 1.0 sender is faulty by definition, RFC 9112 s.6.1 */
			if (h->first[HTTP1_CONTENT_LENGTH])
				return bad(out, HTTP1_FAULT_LENGTH_AND_CODING);
			out->kind = FRAME_CLOSE;
			return PARSE_DONE;
		}
		if (c.count > c.identity) {
			out->kind = c.chunked_last ? FRAME_CHUNKED : FRAME_CLOSE;
			out->drop_length = h->first[HTTP1_CONTENT_LENGTH] != 0;
			return PARSE_DONE;
		}
		/* only "identity": old servers say so of a body that is not coded */
	}
	if (h->first[HTTP1_CONTENT_LENGTH])
		return length_of(h, true, out);
	out->kind = FRAME_CLOSE;
	return PARSE_DONE;
}

bool http1_persists(const struct http1_head *h)
{
	if (http1_has_token(h, HTTP1_CONNECTION, SPAN_LIT("close")))
		return false;
	return h->minor > 0 || http1_has_token(h, HTTP1_CONNECTION, SPAN_LIT("keep-alive"));
}

bool http1_expects_continue(const struct http1_head *h)
{
	return h->minor > 0 && http1_has_token(h, HTTP1_EXPECT, SPAN_LIT("100-continue"));
}

bool http1_upgrades(const struct http1_head *h)
{
	return h->minor > 0 && h->first[HTTP1_UPGRADE] &&
		http1_has_token(h, HTTP1_CONNECTION, SPAN_LIT("upgrade"));
}

/* --- the body as it passes ------------------------------------------------ */

/* where in the chunked body we are, RFC 9112 s.7.1 */
enum {
	CHUNK_SIZE,		/* the digits of a chunk's size */
	CHUNK_SIZE_BLANK,	/* blanks after the size: before an extension; in a response also before the end */
	CHUNK_EXTENSION,
	CHUNK_QUOTED,		/* a quoted value in an extension of a request */
	CHUNK_ESCAPED,		/* a backslash in it has come */
	CHUNK_SIZE_LF,		/* CR of the chunk line has come */
	CHUNK_DATA,
	CHUNK_DATA_CR,		/* the line end after the data */
	CHUNK_DATA_LF,
	CHUNK_TRAILER,		/* at the start of a trailer line or of the last line */
	CHUNK_TRAILER_NAME,
	CHUNK_TRAILER_VALUE,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,
	CHUNK_ENDED,
	CHUNK_BROKEN,
	CHUNK_HELD_COOKIE,	/* at the start of a whole trailer line of @left bytes, which is the caller's */
	CHUNK_HELD_FRAMING,
};

enum { CHUNK_DIGITS = 16 };	/* of a size, leading zeros included */

void http1_body_init(struct http1_body *b, const struct http1_frame *frame, bool response)
{
	*b = (struct http1_body){ .kind = frame->kind, .lax = response };
	if (frame->kind == FRAME_LENGTH)
		b->left = frame->length;
}

static int hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool control(unsigned char c)
{
	return (c < 0x20 && c != '\t') || c == 0x7f;
}

static bool broken(struct http1_body *b, enum http1_fault fault)
{
	b->fault = fault;
	b->state = CHUNK_BROKEN;
	return false;
}

/* size_end - what may follow the digits, the blanks or the extension of a chunk line */
static bool size_end(struct http1_body *b, unsigned char c)
{
	if (c == '\r' && (b->state != CHUNK_SIZE_BLANK || b->lax))
		b->state = CHUNK_SIZE_LF;
	else if (c == ';' && b->state != CHUNK_EXTENSION)
		b->state = CHUNK_EXTENSION;
	else if ((c == ' ' || c == '\t') && b->state != CHUNK_EXTENSION)
		b->state = CHUNK_SIZE_BLANK;
	else if (b->state != CHUNK_EXTENSION || control(c))
		return broken(b, HTTP1_FAULT_CHUNK);
	else if (c == '"' && !b->lax)
		b->state = CHUNK_QUOTED;
	return true;
}

/* quoted - in a quoted value (RFC 9112 s.7.1.1, RFC 9110 s.5.6.4).  It ends on its line: to some who look for its end first,
 * a line end within it is none */
static bool quoted(struct http1_body *b, unsigned char c)
{
	if (control(c))
		return broken(b, HTTP1_FAULT_CHUNK);
	if (b->state == CHUNK_ESCAPED)
		b->state = CHUNK_QUOTED;
	else if (c == '"')
		b->state = CHUNK_EXTENSION;
	else if (c == '\\')
		b->state = CHUNK_ESCAPED;
	return true;
}

/* chunk_line - one byte of a chunk line; false: broken */
static bool chunk_line(struct http1_body *b, unsigned char c)
{
	int digit;

	if (++b->line > LIMIT_CHUNK_LINE_BYTES)
		return broken(b, HTTP1_FAULT_CHUNK_LONG);
	switch (b->state) {
	case CHUNK_SIZE:
		digit = hex_digit(c);
		if (digit < 0)
			return b->digits ? size_end(b, c) : broken(b, HTTP1_FAULT_CHUNK);
		if (b->digits == CHUNK_DIGITS || b->left > ((uint64_t)INT64_MAX >> 4))
			return broken(b, HTTP1_FAULT_CHUNK);
		b->digits++;
		b->left = b->left << 4 | (unsigned)digit;
		return true;
	case CHUNK_SIZE_LF:
		if (c != '\n')
			return broken(b, HTTP1_FAULT_CHUNK);
		b->state = b->left ? CHUNK_DATA : CHUNK_TRAILER;
		b->line = 0;
		return true;
	case CHUNK_QUOTED:
	case CHUNK_ESCAPED:
		return quoted(b, c);
	default:
		return size_end(b, c);
	}
}

/* name_byte - may @c stand in a trailer's name?  In a request only what a token has, RFC 9110 s.5.6.2 */
static bool name_byte(const struct http1_body *b, unsigned char c)
{
	return c > ' ' && c < 0x7f && c != ':' && (b->lax || !strchr("\"(),/;<=>?@[\\]{}", c));
}

/* trailer_name - one byte of a trailer's name, or the colon after it; false: a name that is refused */
static bool trailer_name(struct http1_body *b, unsigned char c)
{
	static const struct span refused[] = {
		{ "content-length", 14 }, { "transfer-encoding", 17 }, { "host", 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (!(b->name_may >> i & 1))
			continue;
		if (c == ':' && b->digits == refused[i].len)
			return b->lax;
		if (b->digits >= refused[i].len || char_lower((char)c) != refused[i].p[b->digits])
			b->name_may &= (uint8_t)~(1u << i);
	}
	b->digits += b->digits < UINT8_MAX;
	return true;
}

/* chunk_trailer - one byte of the trailer section; false: broken */
static bool chunk_trailer(struct http1_body *b, unsigned char c)
{
	if (++b->line > LIMIT_TRAILER_BYTES)
		return broken(b, HTTP1_FAULT_CHUNK_LONG);
	switch (b->state) {
	case CHUNK_TRAILER:
		if (c == '\r') {
			b->state = CHUNK_LAST_LF;
			return true;
		}
		if (!name_byte(b, c))	/* folds too */
			return broken(b, HTTP1_FAULT_CHUNK);
		b->state = CHUNK_TRAILER_NAME;
		b->digits = 0;
		b->name_may = UINT8_MAX;
		return trailer_name(b, c);
	case CHUNK_TRAILER_NAME:
		if (c != ':' && !name_byte(b, c))
			return broken(b, HTTP1_FAULT_CHUNK);
		if (!trailer_name(b, c))
			return broken(b, HTTP1_FAULT_TRAILER);
		if (c == ':')
			b->state = CHUNK_TRAILER_VALUE;
		return true;
	case CHUNK_TRAILER_VALUE:
		if (c == '\r')
			b->state = CHUNK_TRAILER_LF;
		else if (control(c))
			return broken(b, HTTP1_FAULT_CHUNK);
		return true;
	default:	/* CHUNK_TRAILER_LF, CHUNK_LAST_LF */
		if (c != '\n')
			return broken(b, HTTP1_FAULT_CHUNK);
		b->state = b->state == CHUNK_LAST_LF ? CHUNK_ENDED : CHUNK_TRAILER;
		return true;
	}
}

/* chunk_byte - one byte outside the data; false: broken, and the byte is not taken */
static bool chunk_byte(struct http1_body *b, unsigned char c)
{
	switch (b->state) {
	case CHUNK_DATA_CR:
		if (c != '\r')
			return broken(b, HTTP1_FAULT_CHUNK);
		b->state = CHUNK_DATA_LF;
		return true;
	case CHUNK_DATA_LF:
		if (c != '\n')
			return broken(b, HTTP1_FAULT_CHUNK);
		b->state = CHUNK_SIZE;
		b->digits = 0;
		b->line = 0;
		return true;
	case CHUNK_SIZE:
	case CHUNK_SIZE_BLANK:
	case CHUNK_EXTENSION:
	case CHUNK_QUOTED:
	case CHUNK_ESCAPED:
	case CHUNK_SIZE_LF:
		return chunk_line(b, c);
	default:
		return chunk_trailer(b, c);
	}
}

/* trailer_held - the name of the trailer that begins with @in: a state HELD, CHUNK_TRAILER_NAME: which of them is not known yet,
 * or CHUNK_TRAILER: none of them */
static uint8_t trailer_held(const struct http1_body *b, struct span in)
{
	static const struct { struct span name; uint8_t state; } held[] = {
		{ { "cookie:", 7 }, CHUNK_HELD_COOKIE }, { { "set-cookie:", 11 }, CHUNK_HELD_COOKIE },
		{ { "content-length:", 15 }, CHUNK_HELD_FRAMING }, { { "transfer-encoding:", 18 }, CHUNK_HELD_FRAMING },
	};

	for (size_t i = 0; i < ARRAY_LEN(held); i++) {
		size_t n = in.len < held[i].name.len ? in.len : held[i].name.len;

		if (span_eq_nocase((struct span){ in.p, n }, (struct span){ held[i].name.p, n }) &&
		    (b->lax || held[i].state == CHUNK_HELD_COOKIE))
			return n < held[i].name.len ? CHUNK_TRAILER_NAME : held[i].state;
	}
	return CHUNK_TRAILER;
}

/* trailer_hold - at the start of a trailer line: stop here, for more bytes, for the caller, or because the line is broken? */
static bool trailer_hold(struct http1_body *b, struct span in)
{
	uint8_t held = trailer_held(b, in);
	struct http1_body line = *b;
	size_t n = 0;

	if (held <= CHUNK_TRAILER_NAME)
		return held == CHUNK_TRAILER_NAME;
	do {
		if (!chunk_trailer(&line, (unsigned char)in.p[n++])) {
			*b = line;
			return true;
		}
	} while (line.state != CHUNK_TRAILER && n < in.len);
	if (line.state == CHUNK_TRAILER) {
		b->state = held;
		b->left = n;
	}
	return true;
}

static enum parse chunked_scan(struct http1_body *b, struct span in, size_t *taken)
{
	size_t at = 0;

	while (b->state < CHUNK_ENDED && at < in.len) {
		if (b->hold && b->state == CHUNK_TRAILER && trailer_hold(b, span_skip(in, at))) {
			break;
		} else if (b->state == CHUNK_DATA) {
			size_t n = in.len - at < b->left ? in.len - at : (size_t)b->left;

			at += n;
			http1_body_passed(b, n);
		} else if (chunk_byte(b, (unsigned char)in.p[at])) {
			at++;
		}
	}
	*taken = at;
	if (b->state == CHUNK_BROKEN)
		return PARSE_BAD;
	return b->state == CHUNK_ENDED ? PARSE_DONE : PARSE_MORE;
}

enum parse http1_body_scan(struct http1_body *b, struct span in, size_t *taken)
{
	switch (b->kind) {
	case FRAME_CHUNKED:
		return chunked_scan(b, in, taken);
	case FRAME_CLOSE:
	case FRAME_TUNNEL:
		*taken = in.len;
		return PARSE_MORE;
	default:
		*taken = in.len < b->left ? in.len : (size_t)b->left;
		b->left -= *taken;
		return b->left ? PARSE_MORE : PARSE_DONE;
	}
}

void http1_body_hold(struct http1_body *b)
{
	b->hold = true;
}

enum http1_trailer http1_body_held(struct http1_body *b, size_t *len)
{
	enum http1_trailer what = b->state == CHUNK_HELD_COOKIE ? TRAILER_COOKIE :
				  b->state == CHUNK_HELD_FRAMING ? TRAILER_FRAMING : TRAILER_OTHER;

	if (what == TRAILER_OTHER)
		return what;
	*len = (size_t)b->left;
	b->line += (uint16_t)b->left;
	b->left = 0;
	b->state = CHUNK_TRAILER;
	return what;
}

uint64_t http1_body_blind(const struct http1_body *b)
{
	if (b->kind == FRAME_CLOSE || b->kind == FRAME_TUNNEL)
		return UINT64_MAX;
	if (b->kind == FRAME_CHUNKED && b->state != CHUNK_DATA)
		return 0;
	return b->left;
}

bool http1_body_passed(struct http1_body *b, uint64_t n)
{
	if (b->kind == FRAME_CLOSE || b->kind == FRAME_TUNNEL)
		return false;
	b->left -= n;
	if (b->kind == FRAME_CHUNKED && b->state == CHUNK_DATA && b->left == 0)
		b->state = CHUNK_DATA_CR;
	return http1_body_ended(b);
}

bool http1_body_ended(const struct http1_body *b)
{
	switch (b->kind) {
	case FRAME_CHUNKED:
		return b->state == CHUNK_ENDED;
	case FRAME_CLOSE:
	case FRAME_TUNNEL:
		return false;
	default:
		return b->left == 0;
	}
}

bool http1_body_eof_ok(const struct http1_body *b)
{
	return b->kind == FRAME_CLOSE || b->kind == FRAME_TUNNEL || http1_body_ended(b);
}
