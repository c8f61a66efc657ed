/* SPDX-License-Identifier: GPL-3.0-or-later */
/* request - from the bytes of the client to exchanges: passed on, edited, or blocked
 *
 * Moves marks in side[CLIENT].in only.  Whatever follows what may be passed is not
 * decided yet; whatever must not be passed leaves the buffer.
 */
#include <time.h>

#include "change.h"
#include "conn.h"
#include "counters.h"
#include "facts.h"
#include "flowlog.h"
#include "http1_edit.h"
#include "log.h"
#include "reached.h"
#include "stand_in.h"

/* one thread, never re-entered: the head being read and what is made of it live here */
static struct http1_head request_head;
static struct facts_room request_room;
static char request_edited[LIMIT_HEAD_BYTES];
static char request_target[LIMIT_HEAD_BYTES];

/* what was not decided yet */
static struct span request_rest(const struct conn *c)
{
	return span_skip(buf_span(&c->side[CLIENT].in), c->side[CLIENT].pass);
}

/* @n bytes of the rest leave the buffer */
static void request_drop(struct conn *c, size_t n)
{
	struct side *s = &c->side[CLIENT];

	if (s->pass == 0)
		buf_take(&s->in, n);
	else
		buf_replace(&s->in, s->pass, n, (struct span){ "", 0 });
}

static bool request_room_left(const struct conn *c)
{
	return c->queue.count < LIMIT_PIPELINE_REQUESTS && c->queue.bytes < LIMIT_HEAD_BYTES;
}

bool request_waits(const struct conn *c)
{
	return c->up == UP_HEAD && request_rest(c).len && !request_room_left(c);
}

bool request_fail(struct conn *c, unsigned status, const char *detail)
{
	const struct facts none = { .client = &c->station, .server = &c->server };
	struct exchange *x = exchange_new(&none);

	if (!x)
		return false;
	x->status = (uint16_t)status;
	x->detail = detail;
	x->close = true;
	exchanges_push(&c->queue, x);
	c->up = UP_END;
	c->sending = NULL;
	return true;
}

/* which limit a fault means */
static enum limit_id request_limit(enum http1_fault fault, const struct http1_body *b)
{
	if (fault == HTTP1_FAULT_LARGE)
		return request_head.count == LIMIT_HEAD_FIELDS ? LIMIT_ID_HEAD_FIELDS : LIMIT_ID_HEAD_BYTES;
	return b->line > LIMIT_CHUNK_LINE_BYTES + 1 ? LIMIT_ID_TRAILER_BYTES : LIMIT_ID_CHUNK_LINE_BYTES;
}

/* the status for a head that is refused; RFC 9112 s.3 wants 414 for a target that is too long */
static unsigned request_status(const struct conn *c, enum http1_fault fault)
{
	struct span rest = request_rest(c);

	if (fault != HTTP1_FAULT_LARGE)
		return 400;
	if (rest.len > LIMIT_HEAD_BYTES)	/* whatever came with it */
		rest.len = LIMIT_HEAD_BYTES;
	while (rest.len && (*rest.p == '\r' || *rest.p == '\n'))
		rest = span_skip(rest, 1);
	return memchr(rest.p, '\n', rest.len) ? 431 : 414;
}

static enum step request_bad(struct conn *c, enum http1_fault fault)
{
	count(COUNTER_BAD_REQUESTS);
	c->reason = REASON_BAD_REQUEST;
	if (fault == HTTP1_FAULT_LARGE)
		reached(request_limit(fault, NULL), &c->client);
	log_debug("#%u bad request: %s", c->id, http1_fault_text(fault));
	return request_fail(c, request_status(c, fault), http1_fault_text(fault)) ? STEP_MOVED : STEP_CUT;
}

/* filters were asked: for all there was? */
static void request_limits(const struct conn *c)
{
	int limit = change_limit();

	if (limit >= 0)
		reached((enum limit_id)limit, &c->client);
}

static bool request_keep_cookie(const struct cookie *cookie, void *arg)
{
	const struct conn *c = arg;
	const struct exchange *x = c->queue.last;
	struct change_cookie change;

	change_cookie(cookie->name, &change);
	if (change.observed)
		flowlog_rule(c, "would change cookie", cookie->name, x->facts.url, change.observed);
	if (change.what != CHANGE_REMOVE)
		return true;
	count_add(COUNTER_COOKIES_LISTED, change.listed);
	flowlog_rule(c, "removed cookie", cookie->name, x->facts.url, change.origin);
	return false;
}

/* another target, and without the cookies that the rules take; returns the length of the head as it is now */
static size_t request_edit(struct conn *c, struct span in, const struct http1_head *h, struct span target, bool cookies)
{
	struct http1_edit e;
	unsigned removed = 0;
	size_t len;

	http1_edit_begin(&e, in, h, request_edited, sizeof(request_edited));
	if (target.p != h->target.p)
		http1_edit_target(&e, target);
	for (const struct http1_field *f = cookies ? http1_first(h, HTTP1_COOKIE) : NULL; f; f = http1_next(h, f))
		removed += http1_edit_cookies(&e, f, request_keep_cookie, c);
	len = http1_edit_end(&e);
	if (cookies)
		request_limits(c);
	if (!e.changed || len == 0)
		return h->len;
	count_add(COUNTER_COOKIES, removed);
	buf_replace(&c->side[CLIENT].in, c->side[CLIENT].pass, h->len, (struct span){ request_edited, len });
	return len;
}

/* @target: what is asked for; that of @h, or shorter */
static enum step request_pass(struct conn *c, struct exchange *x, struct span in, const struct http1_head *h,
			      struct span target)
{
	bool cookies = http1_first(h, HTTP1_COOKIE) && change_cookies(c->rules, &x->facts);
	size_t len = h->len;

	if (cookies || target.p != h->target.p)
		len = request_edit(c, in, h, target, cookies);
	c->side[CLIENT].pass += (uint32_t)len;
	c->want_origin = true;
	http1_body_hold(&c->up_body);
	c->up = UP_BODY;
	return STEP_MOVED;
}

/* what lists of mode observe would have done: counted, and said where every block is said */
static void request_observe(const struct conn *c, const struct exchange *x)
{
	struct verdict v = rules_observe(c->rules, &x->facts);

	if (v.action != ACT_BLOCK)
		return;
	count(COUNTER_WOULD_BLOCK);
	flowlog_rule(c, "would block", (struct span){ "", 0 }, x->facts.url, v.origin);
}

static enum step request_block(struct conn *c, struct exchange *x, const struct http1_head *h)
{
	bool expects;

	count(COUNTER_BLOCKED);
	if (x->verdict.kind == KIND_IMAGES) {
		count(COUNTER_IMAGES);
		x->facts.type = RES_IMAGE;
	}
	expects = http1_expects_continue(h);
	/* a 200 would tell who sent CONNECT that it has a tunnel now */
	x->status = h->method == METHOD_CONNECT ? 403 : stand_in_named(x->verdict.resource) ? 200 :
		    (uint16_t)stand_in_status(x->facts.type);
	x->upgrade = false;
	c->up_next = x->close ? UP_LAST : UP_HEAD;
	flowlog_rule(c, "blocked", (struct span){ "", 0 }, x->facts.url, x->verdict.origin);
	request_drop(c, h->len);	/* and with it what @h points to */
	c->dropped = 0;
	c->up = UP_DROP;
	/* a body that waits for our 100, or is too long to throw away: no way on */
	if (!http1_body_ended(&c->up_body) && (expects || c->up_body.left > LIMIT_DISCARD_BYTES)) {
		size_t taken;
		struct http1_body all = c->up_body;

		if (http1_body_scan(&all, request_rest(c), &taken) != PARSE_DONE) {
			if (c->up_body.left > LIMIT_DISCARD_BYTES)
				reached(LIMIT_ID_DISCARD_BYTES, &c->client);
			x->close = true;
			c->up = UP_END;
		}
	}
	return STEP_MOVED;
}

struct telling {
	const struct conn *c;
	struct span url;
};

static void request_tell_param(struct span param, uint32_t origin, bool observe, void *arg)
{
	const struct telling *t = arg;

	flowlog_rule(t->c, observe ? "would remove parameter" : "removed parameter", span_until(param, '='), t->url, origin);
}

/* filters take parameters away: then this is another request, for @target, with other facts and another verdict */
static void request_shorten(struct conn *c, struct facts *facts, struct verdict *v, struct span *target)
{
	struct telling t = { c, facts->url };
	struct span sent = request_head.target;
	size_t len;
	struct url url;
	unsigned removed = change_target(c->rules, facts, sent, request_target, &len, request_tell_param, &t);

	request_limits(c);
	if (removed == 0)
		return;
	request_head.target = (struct span){ request_target, len };
	if (url_from_request(&request_head, &url) != PARSE_DONE) {	/* the same but for its query: cannot be */
		request_head.target = sent;
		return;
	}
	count_add(COUNTER_PARAMS_REMOVED, removed);
	facts_read(facts, &request_room, c->rules, &request_head, &url, &c->station, &c->server, time(NULL));
	*v = rules_request(c->rules, facts);
	*target = request_head.target;
	request_head.target = sent;
}

static enum step request_decide(struct conn *c, struct span in, const struct http1_head *h)
{
	struct span target = h->target;
	struct http1_frame frame;
	struct exchange *x;
	struct facts facts;
	struct verdict verdict;
	struct url url;

	if (url_from_request(h, &url) != PARSE_DONE)
		return request_bad(c, url.fault);
	if (http1_frame_request(h, &frame) != PARSE_DONE)
		return request_bad(c, frame.fault);
	count(COUNTER_REQUESTS);
	c->requests++;
	c->begun = true;
	conn_refresh(c);
	facts_read(&facts, &request_room, c->rules, h, &url, &c->station, &c->server, time(NULL));
	verdict = rules_request(c->rules, &facts);
	if (verdict.action != ACT_BLOCK)
		request_shorten(c, &facts, &verdict, &target);
	x = exchange_new(&facts);
	if (!x)
		return STEP_CUT;
	x->method = (uint8_t)h->method;
	x->http10 = h->minor == 0;
	x->close = !http1_persists(h);
	x->upgrade = h->method == METHOD_CONNECT || http1_upgrades(h);
	x->verdict = verdict;	/* which lasts longer than request_room: the end of the host is named in the copy */
	x->verdict.name = span_skip(x->facts.host, x->facts.host.len - verdict.name.len);
	c->up_next = x->close ? UP_LAST : x->upgrade ? UP_HOLD : UP_HEAD;
	exchanges_push(&c->queue, x);
	c->sending = x;
	http1_body_init(&c->up_body, &frame, false);
	if (x->verdict.action == ACT_BLOCK)
		return request_block(c, x, h);
	if (rules_observes(c->rules))
		request_observe(c, x);
	return request_pass(c, x, in, h, target);
}

static enum step request_read_head(struct conn *c)
{
	struct span in = request_rest(c);

	if (in.len == 0 || !request_room_left(c))
		return STEP_IDLE;
	if (in.len == c->up_seen)
		return STEP_IDLE;
	switch (http1_request_parse(in, c->up_seen, &request_head)) {
	case PARSE_MORE:
		c->up_seen = (uint32_t)in.len;
		return STEP_IDLE;
	case PARSE_ALIEN:
		if (c->requests == 0)
			return STEP_TUNNEL;
		request_head.fault = HTTP1_FAULT_START;
		/* fall through */
	case PARSE_BAD:
		return request_bad(c, request_head.fault);
	case PARSE_DONE:
		break;
	}
	c->up_seen = 0;
	return request_decide(c, in, &request_head);
}

/* the body was read: what comes next? */
static enum step request_next(struct conn *c)
{
	c->up = c->up_next;
	if (c->up == UP_HOLD && !c->queue.first)
		c->up = UP_HEAD;	/* the answer was quicker than the body */
	c->sending = NULL;
	return STEP_MOVED;
}

/* a body broke in the middle, after its beginning was sent on: what was to be its answer is a 400 */
static enum step request_broke(struct conn *c)
{
	struct exchange *x = c->sending;

	if (!x || (x == c->queue.first && (c->body_begun || c->down != DOWN_HEAD)))
		return STEP_CUT;
	count(COUNTER_BAD_REQUESTS);
	c->reason = REASON_BAD_REQUEST;
	if (c->up_body.fault == HTTP1_FAULT_CHUNK_LONG)
		reached(request_limit(HTTP1_FAULT_CHUNK_LONG, &c->up_body), &c->client);
	x->status = 400;
	x->detail = http1_fault_text(c->up_body.fault);
	x->close = true;
	c->up = UP_END;
	c->sending = NULL;
	return STEP_MOVED;
}

/* a trailer of cookies, of which one would not pass in a head, goes; false: there is none to be looked at */
static bool request_trailer(struct conn *c)
{
	const struct exchange *x = c->sending;
	size_t len;

	if (http1_body_held(&c->up_body, &len) == TRAILER_OTHER)
		return false;
	if (x && !change_trailer(c->rules, &x->facts, (struct span){ request_rest(c).p, len })) {
		c->side[CLIENT].pass += (uint32_t)len;
		return true;
	}
	count(COUNTER_COOKIES);
	request_drop(c, len);
	return true;
}

static enum step request_read_body(struct conn *c)
{
	size_t taken = 0;
	enum parse answer = http1_body_scan(&c->up_body, request_rest(c), &taken);

	c->side[CLIENT].pass += (uint32_t)taken;
	if (answer == PARSE_BAD)
		return request_broke(c);
	if (answer == PARSE_DONE)
		return request_next(c);
	return request_trailer(c) || taken ? STEP_MOVED : STEP_IDLE;
}

static enum step request_read_dropped(struct conn *c)
{
	size_t taken = 0;
	enum parse answer = http1_body_scan(&c->up_body, request_rest(c), &taken);

	request_drop(c, taken);
	c->dropped += taken;
	if (answer == PARSE_DONE)
		return request_next(c);
	if (answer == PARSE_BAD || c->dropped > LIMIT_DISCARD_BYTES) {
		c->up = UP_END;
		if (answer != PARSE_BAD)
			reached(LIMIT_ID_DISCARD_BYTES, &c->client);
		if (!c->sending)		/* it was answered already */
			return STEP_FINISH;
		c->sending->close = true;
		return STEP_MOVED;
	}
	return STEP_IDLE;
}

enum step request_step(struct conn *c)
{
	size_t rest;

	switch (c->up) {
	case UP_HEAD:
		return request_read_head(c);
	case UP_BODY:
		return request_read_body(c);
	case UP_DROP:
		return request_read_dropped(c);
	case UP_HOLD:
		return STEP_IDLE;
	default:
		rest = request_rest(c).len;
		if (rest)
			request_drop(c, rest);
		return STEP_IDLE;
	}
}
