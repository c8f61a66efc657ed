/* SPDX-License-Identifier: GPL-3.0-or-later */
/* response - from the bytes of the origin, and from what is blocked, to what the client gets
 *
 * Moves marks in side[ORIGIN].in and writes answers of our own into conn.out.  An answer of
 * our own is written only when everything before it has left, so the order is never in doubt.
 */
#include <stdio.h>
#include <time.h>

#include "change.h"
#include "conn.h"
#include "counters.h"
#include "facts.h"
#include "flowlog.h"
#include "http1_edit.h"
#include "image_size.h"
#include "log.h"
#include "reached.h"
#include "resource.h"
#include "stand_in.h"

/* one thread, never re-entered */
static struct http1_head response_head;
static char response_edited[LIMIT_HEAD_BYTES + LIMIT_HEAD_FIELDS * COOKIE_CAP_MORE];
static char response_capped[LIMIT_HEAD_BYTES + COOKIE_CAP_MORE];
static char response_image[LIMIT_IMAGE_HELD_BYTES];

static struct span response_rest(const struct conn *c)
{
	return span_skip(buf_span(&c->side[ORIGIN].in), c->side[ORIGIN].pass);
}

static void response_drop(struct conn *c, size_t n)
{
	struct side *s = &c->side[ORIGIN];

	if (s->pass == 0)
		buf_take(&s->in, n);
	else
		buf_replace(&s->in, s->pass, n, (struct span){ "", 0 });
}

/* --- answers of our own ---------------------------------------------------- */

/* "rules.yaml:17: block: requests ..." in @text */
static struct span response_rule(const struct conn *c, const struct exchange *x, char *text, size_t text_len)
{
	struct rules_origin o;
	struct span rule;
	char line[512];
	int n;

	if (!c->rules || !rules_origin(c->rules, x->verdict.origin, &o, line, sizeof(line)))
		return (struct span){ "", 0 };
	rule = rules_origin_text(c->rules, &x->verdict, line, sizeof(line));
	n = snprintf(text, text_len, "%.*s:%u: %.*s", SPAN_FMT(o.file), o.line, SPAN_FMT(rule));
	if (n < 0)
		n = 0;
	return (struct span){ text, (size_t)n < text_len ? (size_t)n : text_len - 1 };
}

/* the first exchange is ours to answer, and all before it has left */
static enum step response_answer(struct conn *c, struct exchange *x)
{
	char text[600], answer[STAND_IN_BYTES];
	struct stand_in s = {
		.status = x->status,
		.type = x->facts.type,
		.resource = x->verdict.resource,
		.extension = facts_extension(&x->facts),
		.width = x->width,
		.height = x->height,
		.url = x->facts.url,
		.detail = span_of(x->detail ? x->detail : ""),
		.head_only = x->method == METHOD_HEAD,
		.close = x->close,
		.http10 = x->http10,
		.now = time(NULL),
	};
	size_t len;
	bool last = x->close;

	if (buf_len(&c->out) > LIMIT_BUFFER_BYTES)
		return STEP_IDLE;	/* who asks much and reads nothing waits */
	if (x->status == 403)
		s.rule = response_rule(c, x, text, sizeof(text));
	len = stand_in_write(&s, answer, sizeof(answer), NULL);
	if (len == 0 || !buf_append(&c->out, (struct span){ answer, len }))
		return STEP_CUT;
	if (x->status == 502 || x->status == 504)
		count(COUNTER_BAD_GATEWAY);
	conn_pop(c);
	return last ? STEP_FINISH : STEP_MOVED;
}

bool response_fail(struct conn *c, unsigned status, const char *detail)
{
	struct exchange *x = c->queue.first;

	while (x && x->status)
		x = x->next;
	if (!x)
		return false;
	x->status = (uint16_t)status;
	x->detail = detail;
	x->close = true;
	return true;
}

/* --- images ---------------------------------------------------------------- */

/* the body's data so far, without chunk lines; bounded by what is held of an image */
static struct span response_data(const struct conn *c, struct span in)
{
	struct http1_body b = c->down_body;
	size_t len = 0, taken;

	if (b.kind != FRAME_CHUNKED)
		return (struct span){ in.p, in.len < sizeof(response_image) ? in.len : sizeof(response_image) };
	while (in.len && len < sizeof(response_image)) {
		uint64_t blind = http1_body_blind(&b);
		size_t n = blind < in.len ? (size_t)blind : in.len;

		if (n == 0) {		/* within a chunk line */
			if (http1_body_scan(&b, (struct span){ in.p, 1 }, &taken) != PARSE_MORE)
				break;
			in = span_skip(in, 1);
			continue;
		}
		if (n > sizeof(response_image) - len)
			n = sizeof(response_image) - len;
		memcpy(response_image + len, in.p, n);
		len += n;
		in = span_skip(in, n);
		if (http1_body_passed(&b, n))
			break;
	}
	return (struct span){ response_image, len };
}

void response_release(struct conn *c)
{
	if (c->down != DOWN_IMAGE)
		return;
	c->side[ORIGIN].pass += c->held;
	c->held = 0;
	http1_body_hold(&c->down_body);
	c->down = DOWN_BODY;
}

/* what is held of the response, or its head alone, gives way to an empty image */
static enum step response_replace(struct conn *c, struct exchange *x, uint32_t width, uint32_t height)
{
	count(COUNTER_IMAGES);
	log_debug("#%u image %ux%u replaced: %.*s", c->id, width, height, SPAN_FMT(x->facts.url));
	response_drop(c, c->held);
	c->held = 0;
	c->dropped = 0;
	c->down = DOWN_SWAP;
	x->status = 200;
	x->facts.type = RES_IMAGE;
	x->width = width;
	x->height = height;
	/* what is too long to throw away ends the connection */
	if (c->down_last || c->down_body.kind == FRAME_CLOSE || c->down_body.left > LIMIT_DISCARD_BYTES)
		x->close = true;
	if (c->down_body.left > LIMIT_DISCARD_BYTES)
		reached(LIMIT_ID_DISCARD_BYTES, &c->server);
	if (width > LIMIT_STAND_IN_PIXELS || height > LIMIT_STAND_IN_PIXELS)
		reached(LIMIT_ID_STAND_IN_PIXELS, &c->server);
	return STEP_MOVED;
}

static enum step response_read_image(struct conn *c)
{
	struct exchange *x = c->queue.first;
	struct span in = span_skip(response_rest(c), c->held), data = response_data(c, in);
	struct image_size size;
	struct http1_body b = c->down_body;
	size_t taken;

	switch (image_size(data, &size)) {
	case PARSE_DONE:
		x->verdict = rules_image_size(c->rules, &x->facts, size.width, size.height);
		if (x->verdict.action == ACT_BLOCK)
			return response_replace(c, x, size.width, size.height);
		break;
	case PARSE_MORE:
		if (data.len < LIMIT_IMAGE_HELD_BYTES && !c->side[ORIGIN].eof &&
		    http1_body_scan(&b, in, &taken) == PARSE_MORE)
			return STEP_IDLE;
		if (data.len >= LIMIT_IMAGE_HELD_BYTES)
			reached(LIMIT_ID_IMAGE_HELD_BYTES, &c->server);
		break;
	default:
		break;
	}
	response_release(c);
	return STEP_MOVED;
}

static bool response_is_image(struct span type)
{
	static const struct span known[] = {
		SPAN_LIT("image/png"), SPAN_LIT("image/gif"), SPAN_LIT("image/jpeg"),
		SPAN_LIT("image/jpg"), SPAN_LIT("image/webp"),
	};

	type = span_trim(span_until(type, ';'));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_eq_nocase(type, known[i]))
			return true;
	return false;
}

/* may the size of what comes decide?  Compressed, partial and HEAD answers pass */
static bool response_measures(struct conn *c, const struct exchange *x, const struct http1_head *h)
{
	return h->status == 200 && c->down_body.kind != FRAME_NONE && x->method != METHOD_HEAD &&
	       !http1_first(h, HTTP1_CONTENT_ENCODING) && !http1_first(h, HTTP1_CONTENT_RANGE) &&
	       response_is_image(http1_value(h, HTTP1_CONTENT_TYPE)) &&
	       rules_may_touch_sizes(c->rules, &x->facts);
}

/* --- heads ----------------------------------------------------------------- */

/* filters of lists cap lifetime or SameSite */
static bool response_cap(const struct conn *c, const struct exchange *x, struct http1_edit *e,
			 const struct http1_field *f, struct span name, const struct change_cookie *change)
{
	size_t len = cookie_cap_write(f->value, &change->cap, time(NULL), response_capped);

	if (len == 0)
		return false;
	http1_edit_replace(e, f, (struct span){ response_capped, len });
	count(COUNTER_COOKIES_CAPPED);
	flowlog_rule(c, "capped cookie", name, x->facts.url, change->origin);
	return true;
}

static bool response_cookie(struct conn *c, const struct exchange *x, struct http1_edit *e, const struct http1_field *f)
{
	struct change_cookie change;
	struct set_cookie cookie;

	if (!cookie_set_parse(f->value, &cookie))
		return false;
	change_cookie(cookie.name, &change);
	if (change.observed)
		flowlog_rule(c, "would change cookie", cookie.name, x->facts.url, change.observed);
	switch (change.what) {
	case CHANGE_REMOVE:
		/* what lists do not want to be set may well be deleted */
		if (change.listed && cookie_is_deletion(&cookie, time(NULL)))
			return false;
		http1_edit_drop(e, f);
		count_add(COUNTER_COOKIES_LISTED, change.listed);
		flowlog_rule(c, "removed cookie", cookie.name, x->facts.url, change.origin);
		return true;
	case CHANGE_LIMIT:
		return !cookie_is_deletion(&cookie, time(NULL)) && http1_edit_limit(e, f);
	case CHANGE_CAP:
		return response_cap(c, x, e, f, cookie.name, &change);
	default:
		return false;
	}
}

/* the head without what must not be passed; returns its length now, 0: no room */
static size_t response_edit(struct conn *c, const struct exchange *x, struct span in, const struct http1_head *h,
			    bool drop_length)
{
	bool cookies = http1_first(h, HTTP1_SET_COOKIE) && change_cookies(c->rules, &x->facts);
	struct http1_edit e;
	unsigned changed = 0;
	size_t len;

	if (!cookies && !drop_length)
		return h->len;
	http1_edit_begin(&e, in, h, response_edited, sizeof(response_edited));
	for (unsigned i = 0; i < h->count; i++) {
		const struct http1_field *f = &h->fields[i];

		if (f->id == HTTP1_SET_COOKIE && cookies)
			changed += response_cookie(c, x, &e, f);
		else if (f->id == HTTP1_CONTENT_LENGTH && drop_length)
			http1_edit_drop(&e, f);
	}
	len = http1_edit_end(&e);
	if (cookies && change_limit() >= 0)
		reached((enum limit_id)change_limit(), &c->server);
	if (len == 0 || !e.changed)
		return h->len;
	count_add(COUNTER_COOKIES, changed);
	if (!buf_replace(&c->side[ORIGIN].in, c->side[ORIGIN].pass, h->len, (struct span){ response_edited, len }))
		return 0;
	return len;
}

static enum step response_bad(struct conn *c, enum http1_fault fault)
{
	static unsigned long long last;
	char server[ADDR_TEXT];

	if (log_once(&last, 10000))
		log_warn("#%u bad response from %s: %s", c->id, addr_format_port(&c->server, server),
			 http1_fault_text(fault));
	c->reason = REASON_BAD_RESPONSE;
	response_drop(c, response_rest(c).len);
	response_fail(c, 502, http1_fault_text(fault));
	return STEP_MOVED;
}

/* the type was unknown and now is an image: the rules for images by URL are asked after all */
static bool response_is_blocked_image(struct conn *c, struct exchange *x, const struct http1_head *h)
{
	if (x->facts.type != RES_UNKNOWN || h->status != 200)
		return false;
	x->facts.type = resource_of_answer(RES_UNKNOWN, http1_value(h, HTTP1_CONTENT_TYPE));
	if (x->facts.type != RES_IMAGE || x->method == METHOD_HEAD)
		return false;
	x->verdict = rules_request(c->rules, &x->facts);
	return x->verdict.action == ACT_BLOCK && x->verdict.kind == KIND_IMAGES;
}

static enum step response_decide(struct conn *c, struct exchange *x, struct span in, const struct http1_head *h)
{
	struct http1_frame frame;
	bool blocked, measured;
	size_t len;

	if (http1_frame_response(h, (enum http1_method)x->method, &frame) != PARSE_DONE)
		return response_bad(c, frame.fault);
	if (h->status == 101 && !x->upgrade)
		return response_bad(c, HTTP1_FAULT_START);
	http1_body_init(&c->down_body, &frame, true);
	c->begun = true;
	c->down_last = frame.kind == FRAME_CLOSE || !http1_persists(h);
	blocked = frame.kind != FRAME_TUNNEL && response_is_blocked_image(c, x, h);
	measured = !blocked && response_measures(c, x, h);
	len = response_edit(c, x, in, h, frame.drop_length);	/* what @h points to moves */
	if (len == 0)
		return STEP_CUT;
	if (h->status < 200 && h->status != 101) {	/* the final response is still to come */
		c->side[ORIGIN].pass += (uint32_t)len;
		return STEP_MOVED;
	}
	if (frame.kind == FRAME_TUNNEL) {
		c->side[ORIGIN].pass += (uint32_t)len;
		return STEP_TUNNEL;
	}
	c->held = (uint32_t)len;
	c->down = DOWN_IMAGE;
	c->image_begun = true;
	if (blocked)
		return response_replace(c, x, 0, 0);
	if (!measured)
		response_release(c);
	return STEP_MOVED;
}

static enum step response_read_head(struct conn *c)
{
	struct exchange *x = c->queue.first;
	struct span in = response_rest(c);

	if (x && x->status)
		return relay_pending(&c->side[ORIGIN]) ? STEP_IDLE : response_answer(c, x);
	if (in.len == 0)
		return STEP_IDLE;
	if (!x && c->requests) {	/* the client's next request, under way, would find its answer in these bytes */
		count(COUNTER_UNASKED);
		c->reason = REASON_UNASKED;
		response_drop(c, in.len);
		return STEP_FINISH;
	}
	if (!x) {		/* a server that speaks first */
		c->side[ORIGIN].pass += (uint32_t)in.len;
		return STEP_MOVED;
	}
	if (in.len == c->down_seen && !c->side[ORIGIN].eof)
		return STEP_IDLE;
	c->body_begun = true;
	switch (http1_response_parse(in, c->down_seen, &response_head)) {
	case PARSE_DONE:
		c->down_seen = 0;
		return response_decide(c, x, in, &response_head);
	case PARSE_MORE:
		c->down_seen = (uint32_t)in.len;
		if (!c->side[ORIGIN].eof)
			return STEP_IDLE;
		break;		/* cut short: as it is */
	case PARSE_BAD:
		if (response_head.fault != HTTP1_FAULT_LARGE)
			return response_bad(c, response_head.fault);
		reached(response_head.count == LIMIT_HEAD_FIELDS ? LIMIT_ID_HEAD_FIELDS : LIMIT_ID_HEAD_BYTES,
			&c->server);
		break;
	case PARSE_ALIEN:
		if (c->responses)	/* it spoke HTTP before: the end of an answer longer than it said, not the next one */
			return response_bad(c, HTTP1_FAULT_START);
		break;
	}
	c->down = DOWN_RAW;
	return STEP_MOVED;
}

/* --- bodies ---------------------------------------------------------------- */

static enum step response_done(struct conn *c)
{
	c->down = DOWN_HEAD;
	c->responses++;
	conn_pop(c);
	return STEP_MOVED;
}

/* a trailer of a cookie that would not pass in a head as it is goes, one that frames a message always: who merges trailers into
 * the head would read another message.  false: there is none to be looked at */
static bool response_trailer(struct conn *c)
{
	const struct exchange *x = c->queue.first;
	size_t len;

	switch (http1_body_held(&c->down_body, &len)) {
	case TRAILER_OTHER:
		len = response_rest(c).len;
		if (!len || !c->side[ORIGIN].eof)
			return false;
		break;		/* the beginning of one, and its end will not come */
	case TRAILER_COOKIE:
		if (!change_trailer(c->rules, &x->facts, (struct span){ response_rest(c).p, len })) {
			c->side[ORIGIN].pass += (uint32_t)len;
			return true;
		}
		count(COUNTER_COOKIES);
		break;
	case TRAILER_FRAMING:
		break;
	}
	response_drop(c, len);
	return true;
}

static enum step response_read_body(struct conn *c)
{
	size_t taken = 0;
	enum parse answer = http1_body_scan(&c->down_body, response_rest(c), &taken);

	c->side[ORIGIN].pass += (uint32_t)taken;
	if (answer == PARSE_DONE)
		return response_done(c);
	if (answer == PARSE_BAD) {
		if (c->down_body.fault == HTTP1_FAULT_CHUNK_LONG)
			reached(c->down_body.line > LIMIT_CHUNK_LINE_BYTES + 1 ? LIMIT_ID_TRAILER_BYTES :
				LIMIT_ID_CHUNK_LINE_BYTES, &c->server);
		c->reason = REASON_BAD_RESPONSE;
		return STEP_CUT;
	}
	return response_trailer(c) || taken ? STEP_MOVED : STEP_IDLE;
}

/* the empty image, as soon as all before it has left: a client must not wait for what it does not get */
static enum step response_swap(struct conn *c)
{
	enum step answer = relay_pending(&c->side[ORIGIN]) ? STEP_IDLE : response_answer(c, c->queue.first);

	if (answer == STEP_MOVED)
		c->down = DOWN_DROP;
	return answer;
}

/* the body of a replaced image */
static enum step response_read_dropped(struct conn *c)
{
	size_t taken = 0;
	enum parse answer = http1_body_scan(&c->down_body, response_rest(c), &taken);

	response_drop(c, taken);
	c->dropped += taken;
	if (c->dropped > LIMIT_DISCARD_BYTES)
		reached(LIMIT_ID_DISCARD_BYTES, &c->server);
	if (answer == PARSE_BAD || c->dropped > LIMIT_DISCARD_BYTES)
		return STEP_FINISH;
	if (answer == PARSE_MORE && !c->side[ORIGIN].eof)
		return STEP_IDLE;
	c->responses += answer == PARSE_DONE;
	c->down = DOWN_HEAD;
	return STEP_MOVED;
}

/* not HTTP: requests are judged all the same, but one of ours to answer finds no place in this */
static enum step response_read_raw(struct conn *c)
{
	size_t rest = response_rest(c).len;

	c->side[ORIGIN].pass += (uint32_t)rest;
	if (c->queue.first && c->queue.first->status)
		return relay_pending(&c->side[ORIGIN]) ? STEP_IDLE : STEP_FINISH;
	if (c->queue.first)
		conn_pop(c);
	else if (rest == 0)
		return STEP_IDLE;
	return STEP_MOVED;
}

enum step response_step(struct conn *c)
{
	switch (c->down) {
	case DOWN_HEAD:
		return response_read_head(c);
	case DOWN_BODY:
		return response_read_body(c);
	case DOWN_IMAGE:
		return response_read_image(c);
	case DOWN_SWAP:
		return response_swap(c);
	case DOWN_DROP:
		return response_read_dropped(c);
	default:
		return response_read_raw(c);
	}
}
