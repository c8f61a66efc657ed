/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http1_head - find and split the head of one HTTP/1.x message
 *
 * Pure: reads bytes the caller owns, keeps nothing, allocates nothing, logs
 * nothing.  Spans in the result point into the caller's buffer and die with it
 * (or when it moves).  Does not decide how long the body is (http1_frame), what
 * the target means (url) nor what to do about the message (rules).
 * Grammar: RFC 9112, section 2 to 5.
 *
 * Requests are read strictly, because two readings of one request are how requests
 * are smuggled.  Responses are read as browsers read them, except in the fields that
 * frame the body.  In both directions in[0 .. head.len) is the whole head, byte for byte.
 */
#ifndef DEJUNK_HTTP1_HEAD_H
#define DEJUNK_HTTP1_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "parse.h"
#include "span.h"

/* fields that dejunk itself reads; every other field is HTTP1_OTHER */
enum http1_name {
	HTTP1_OTHER,
#define FIELD(name, text) HTTP1_##name,
#include "tbl/http1_field.h"
#undef FIELD
	HTTP1_NAMES
};

/* why a message is refused */
enum http1_fault {
#define FAULT(name, text) HTTP1_FAULT_##name,
#include "tbl/http1_fault.h"
#undef FAULT
};

enum http1_method {
	METHOD_OTHER, METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_DELETE,
	METHOD_CONNECT, METHOD_OPTIONS, METHOD_TRACE, METHOD_PATCH,
};

struct http1_field {
	struct span name;	/* as sent; name.p is where the field's line begins */
	struct span value;	/* without blanks around it; a folded value (responses only) keeps its folds */
	uint32_t line_len;	/* bytes from name.p to the next line, line end and folds included */
	uint16_t same;		/* index + 1 of the next field of the same enum http1_name; 0: none, or HTTP1_OTHER */
	uint8_t id;		/* enum http1_name */
};

struct http1_head {
	enum http1_fault fault;	/* filled when the answer is BAD; HTTP1_FAULT_LARGE: 414 or 431, or pass unread */
	size_t len;		/* bytes of the whole head, leading empty lines and last empty line included */
	size_t lead;		/* bytes of empty lines before the start line (tolerated, RFC 9112 s.2.2) */
	uint8_t minor;		/* of HTTP/1.minor: 0 or 1 (1 for anything above) */
	enum http1_method method;
	struct span method_text;	/* requests */
	struct span target;		/* requests; not empty, no blanks, no controls; bytes above 0x7f possible */
	uint16_t status;		/* responses: 100 to 999 */
	struct span reason;		/* responses; may be empty */
	uint16_t count;			/* fields */
	uint16_t first[HTTP1_NAMES];	/* index + 1 of the first field of that name; 0: absent */
	struct http1_field fields[LIMIT_HEAD_FIELDS];	/* only [0 .. count) is filled */
};

/* http1_request_parse - split the request head at the start of @in
 * @in:   all bytes received so far (borrowed; must outlive @out)
 * @seen: bytes of @in that an earlier call already answered MORE for, else 0.  Bytes seen are
 *        not read again until the head is whole, so a head that trickles in costs linear time
 * @out:  filled when the answer is DONE; when it is BAD only out->fault is
 *
 * DONE   the head is in[0 .. out->len)
 * MORE   a valid beginning, or nothing yet
 * BAD    a request that is malformed or has two readings: refuse with 400; 431 for fault LARGE
 *        (414 when the start line has not ended; over LIMIT_HEAD_BYTES or LIMIT_HEAD_FIELDS)
 * ALIEN  the first line cannot be HTTP/1 (TLS, SSH, binary, HTTP/2 preface...).  Found at the
 *        earliest byte that tells.  Means "not HTTP" only at the start of a connection; after a
 *        request the caller takes it as BAD.
 *
 * Also refused: no Host (1.1) or several.  RFC 9112, section 2, 3 and 5. */
enum parse http1_request_parse(struct span in, size_t seen, struct http1_head *out);

/* http1_request_doubtful - could this beginning, for which http1_request_parse() said MORE, be another protocol as well?
 * True while its first line is not complete and is neither the beginning of a method of RFC 9110 (in any case) or of
 * PATCH, nor a word followed by what a request target begins with.  Who waits for an answer to "PING" alone would wait
 * for ever; a request cut into segments is not doubtful. */
bool http1_request_doubtful(struct span in);

/* http1_response_parse - split the response head at the start of @in
 * Arguments and answers as above.  BAD: 502, or cut when something was passed already; BAD with
 * fault LARGE: pass unread until the close.  ALIEN: does not begin with "HTTP/" (HTTP/0.9, ICY):
 * pass unread until the close.  RFC 9112, section 4 and 5. */
enum parse http1_response_parse(struct span in, size_t seen, struct http1_head *out);

/* http1_fault_text - for the log; never NULL */
const char *http1_fault_text(enum http1_fault fault);

/* http1_first - the first field called @id, NULL: absent */
static inline const struct http1_field *http1_first(const struct http1_head *h, enum http1_name id)
{
	return h->first[id] ? &h->fields[h->first[id] - 1] : NULL;
}

/* http1_next - the next field with the same enum http1_name as @f, NULL: no more */
static inline const struct http1_field *http1_next(const struct http1_head *h, const struct http1_field *f)
{
	return f->same ? &h->fields[f->same - 1] : NULL;
}

/* http1_value - value of the first field called @id; empty span when absent or empty */
static inline struct span http1_value(const struct http1_head *h, enum http1_name id)
{
	const struct http1_field *f = http1_first(h, id);

	return f ? f->value : (struct span){ "", 0 };
}

/* http1_find - the first field with this name, any case; for names not in enum http1_name.  NULL: absent */
const struct http1_field *http1_find(const struct http1_head *h, struct span name);

/* http1_list_next - next element of a comma-separated list, RFC 9110 s.5.6.1
 * @rest: what is left of the list; moved on
 * @item: filled, without blanks around it; may be empty
 * Returns false at the end.  Quoted strings are not understood. */
bool http1_list_next(struct span *rest, struct span *item);

/* http1_has_token - is @token (any case) an element of one of the fields called @id? */
bool http1_has_token(const struct http1_head *h, enum http1_name id, struct span token);

#endif
