/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conn - one client connection: states, one step, one close
 *
 * See the theory of operation in conn.h.  Does not parse, decide, or copy a byte: request.c,
 * response.c and relay.c do.  Only this file dials, shuts and closes sockets and changes the state.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "closing.h"
#include "conn_parts.h"
#include "counters.h"
#include "log.h"
#include "messages.h"
#include "reached.h"

enum { CONN_QUIET_MS = 10000 };	/* between warnings of one kind */

static struct {
	struct ev_loop *loop;
	const struct conn_hooks *hooks;
	struct conn *alive;		/* ring-less list, newest first */
	struct conn *graveyard;
	ev_prepare undertaker;
	unsigned count;			/* alive */
	unsigned origins;		/* sockets to origins */
	uint32_t last_id;
} all;

static const char *reason_text(enum reason why)
{
	static const char *const text[] = {
#define REASON(name, fault, words) words,
#include "tbl/reason.h"
#undef REASON
	};

	return text[why];
}

static bool reason_is_fault(enum reason why)
{
	static const bool is[] = {
#define REASON(name, fault, words) fault,
#include "tbl/reason.h"
#undef REASON
	};

	return is[why];
}

void conn_enter(struct conn *c, enum conn_state state)
{
	static const char *const name[] = { "SILENT", "HTTP", "TUNNEL", "ANSWER", "LINGER", "CLOSED" };

	assert(c->state != CONN_CLOSED);	/* nobody comes back from there */
	if (log_level() >= LOG_LEVEL_DEBUG)
		log_debug("#%u %s -> %s", c->id, name[c->state], name[state]);
	c->state = (uint8_t)state;
}

/* --- the end ---------------------------------------------------------------- */

void conn_side_close(struct ev_loop *loop, struct conn *c, int which)
{
	struct side *s = &c->side[which];

	if (s->link == SIDE_OPEN || s->link == SIDE_DIAL) {
		ev_io_stop(loop, &s->io);
		closing_add(s->io.fd);
		all.origins -= which == ORIGIN;
	}
	s->link = SIDE_NONE;
	s->shut = true;
}

static void conn_log_close(const struct conn *c, enum reason why)
{
	static unsigned long long quiet[REASON_COUNT];
	char client[ADDR_TEXT], server[ADDR_TEXT];
	bool fault = reason_is_fault(why) && log_once(&quiet[why], CONN_QUIET_MS);

	if (!fault && log_level() < LOG_LEVEL_DEBUG)
		return;
	(fault ? log_warn : log_debug)("#%u %s -> %s: closed after %u requests: %s", c->id,
				       addr_format_port(&c->client, client), addr_format_port(&c->server, server),
				       c->requests, reason_text(why));
}

void conn_close(struct ev_loop *loop, struct conn *c, enum reason why)
{
	if (c->state == CONN_CLOSED)
		return;
	conn_log_close(c, why);
	conn_enter(c, CONN_CLOSED);
	for (int i = CLIENT; i <= ORIGIN; i++) {
		conn_side_close(loop, c, i);
		relay_clear(&c->side[i]);
	}
	buf_clear(&c->out);
	deadline_set(&c->deadline, DEADLINE_NONE);
	exchanges_clear(&c->queue);
	exchange_free(c->tunnel);
	rules_put(c->rules);
	c->sending = c->tunnel = NULL;
	c->rules = NULL;
	if (c->prev)
		c->prev->next = c->next;
	else
		all.alive = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->prev = NULL;
	c->next = all.graveyard;
	all.graveyard = c;
	all.count--;
	all.hooks->closed(c);
}

void conn_reset(struct ev_loop *loop, struct conn *c, enum reason why)
{
	if (c->state == CONN_CLOSED)
		return;
	relay_reset_on_close(&c->side[CLIENT]);
	relay_reset_on_close(&c->side[ORIGIN]);
	conn_close(loop, c, why);
}

/* A caller up the stack may still hold what was closed; nobody does when the loop sleeps.  The event loop looks at changed
 * watchers after this. */
static void conn_on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
	(void)loop, (void)w, (void)revents;
	closing_run();
	while (all.graveyard) {
		struct conn *c = all.graveyard;

		all.graveyard = c->next;
		free(c);
	}
}

/* what was for the client is written: end.  A client that may still be sending must not
 * be met by a reset before it has read our answer. */
static void conn_end(struct ev_loop *loop, struct conn *c)
{
	if (c->side[CLIENT].eof || c->up == UP_HEAD || c->up == UP_LAST) {
		conn_close(loop, c, c->reason);
		return;
	}
	relay_shut(&c->side[CLIENT]);
	conn_enter(c, CONN_LINGER);
}

/* nothing more is to be said to the client than what waits for it already */
static void conn_finish(struct ev_loop *loop, struct conn *c)
{
	conn_side_close(loop, c, ORIGIN);
	if (c->up == UP_HEAD && (c->queue.first || buf_len(&c->side[CLIENT].in)))
		c->up = UP_END;		/* it sends on: closed at once, a reset would eat the answer before */
	relay_clear(&c->side[CLIENT]);
	exchanges_clear(&c->queue);
	c->sending = NULL;
	if (buf_len(&c->out) || relay_pending(&c->side[ORIGIN]))
		conn_enter(c, CONN_ANSWER);
	else
		conn_end(loop, c);
}

/* --- the origin ------------------------------------------------------------- */

void conn_dial_failed(struct ev_loop *loop, struct conn *c, int err)
{
	bool late = err == ETIMEDOUT, ours = err == EMFILE || err == ENFILE || err == ENOMEM || err == ENOBUFS;

	count(COUNTER_DIAL_FAILURES);
	log_debug("#%u dial: %s", c->id, strerror(err));
	if (!ours)
		all.hooks->unreachable(&c->server);
	conn_side_close(loop, c, ORIGIN);
	relay_clear(&c->side[CLIENT]);
	c->want_origin = false;
	c->reason = late ? REASON_DIAL_TIMEOUT : ours ? REASON_SYSTEM : REASON_CONNECT_FAIL;
	c->up = UP_END;
	c->sending = NULL;
	if (c->state != CONN_HTTP || !response_fail(c, late ? 504 : ours ? 503 : 502, strerror(err)))
		conn_reset(loop, c, c->reason);
}

static void conn_dial(struct ev_loop *loop, struct conn *c)
{
	struct side *s = &c->side[ORIGIN];
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&c->server, &ss);
	int fd;

	switch (all.hooks->forward(c)) {
	case FORWARD_DROPPED:
		count(COUNTER_FORWARD_DROPS);
		conn_reset(loop, c, REASON_FORWARD_DROPPED);
		return;
	case FORWARD_UNKNOWN:
		s->link = SIDE_ASK;
		return;
	}
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		conn_dial_failed(loop, c, errno);
		return;
	}
	ev_io_init(&s->io, conn_on_origin, fd, EV_WRITE);
	ev_set_priority(&s->io, 1);	/* what came before a request is no answer to it: it is read first */
	s->link = SIDE_DIAL;
	all.origins++;
	if (connect(fd, (struct sockaddr *)&ss, len) < 0 && errno != EINPROGRESS)
		conn_dial_failed(loop, c, errno);
}

void conn_dialled(struct ev_loop *loop, struct conn *c)
{
	struct side *s = &c->side[ORIGIN];
	ssize_t n;

	if (relay_pending(&c->side[CLIENT])) {
		n = relay_flush(s, NULL, &c->side[CLIENT]);
		if (n > 0)
			count_add(COUNTER_BYTES_UP, (uint64_t)n);
		if (n == 0)
			return;
	} else {
		int err = 0;
		socklen_t len = sizeof(err);

		n = getsockopt(s->io.fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 ? -errno : -err;
	}
	if (n < 0)
		conn_dial_failed(loop, c, (int)-n);
	else
		s->link = SIDE_OPEN;
}

struct conn *conn_waiting(uint32_t id)
{
	struct conn *c = all.alive;

	while (c && (c->id != id || c->side[ORIGIN].link != SIDE_ASK))
		c = c->next;
	return c;
}

void conn_on_forward(struct ev_loop *loop, struct conn *c)
{
	c->side[ORIGIN].link = SIDE_NONE;
	conn_step(loop, c);
}

/* --- one step --------------------------------------------------------------- */

void conn_pop(struct conn *c)
{
	struct exchange *x = exchanges_pop(&c->queue);

	if (x == c->sending)
		c->sending = NULL;
	exchange_free(x);
	c->body_begun = false;
	c->begun = c->turn = true;
	if (c->up == UP_HOLD && !c->queue.first)
		c->up = UP_HEAD;	/* no tunnel then */
}

void conn_tunnel(struct ev_loop *loop, struct conn *c, struct exchange *x)
{
	const struct span none = { "", 0 };
	uint16_t minute = rules_minute(time(NULL));

	if (!x && rules_gateway(c->rules)->non_http == NON_HTTP_REFUSE) {
		conn_reset(loop, c, REASON_NOT_HTTP);
		return;
	}
	if (!x && rules_connection(c->rules, &c->station, &c->server, none, minute).action == ACT_BLOCK) {
		count(COUNTER_BLOCKED);
		conn_reset(loop, c, REASON_BLOCKED);
		return;
	}
	count(COUNTER_TUNNELS);
	c->tunnel = x;
	c->sending = NULL;
	c->want_origin = true;
	rules_put(c->rules);	/* a tunnel may outlive many images */
	c->rules = NULL;
	conn_enter(c, CONN_TUNNEL);
}

/* is this an answer that may last for ever, a few bytes now and then (an event stream, radio), to a client that reads it?
 * Its length is not known to its reader either */
static bool conn_streams(const struct conn *c)
{
	return c->state == CONN_HTTP && !c->side[CLIENT].full &&
	       (c->down == DOWN_RAW ||
		(c->down == DOWN_BODY && (c->down_body.kind == FRAME_CLOSE || c->down_body.kind == FRAME_CHUNKED)));
}

/* so many bytes have passed: enough to go on waiting for more? */
static void conn_progress(struct conn *c, size_t down, size_t up)
{
	size_t sum = c->progress + down + up;

	if ((down && conn_streams(c)) || sum > LIMIT_PROGRESS_BYTES)
		sum = LIMIT_PROGRESS_BYTES;
	c->progress = (uint32_t)sum;
	c->moved |= down || up;
}

bool conn_flush(struct ev_loop *loop, struct conn *c)
{
	struct side *client = &c->side[CLIENT], *origin = &c->side[ORIGIN];
	ssize_t down = relay_flush(client, &c->out, origin), up = 0;

	if (down < 0) {
		conn_reset(loop, c, REASON_CLIENT_RESET);
		return false;
	}
	if (origin->link == SIDE_OPEN && !origin->shut)
		up = relay_flush(origin, NULL, client);
	if (up < 0) {
		/* it reads no more; it may have said why, and that is still to be read */
		if (c->state == CONN_TUNNEL) {
			conn_reset(loop, c, REASON_SERVER_RESET);
			return false;
		}
		origin->shut = true;
		c->up = UP_END;
		c->sending = NULL;
		relay_clear(client);
		up = 0;
	}
	count_add(COUNTER_BYTES_DOWN, (uint64_t)down);
	count_add(COUNTER_BYTES_UP, (uint64_t)up);
	conn_progress(c, (size_t)down, (size_t)up);
	/* the origin still gets what it is to answer; later requests do not prolong its time */
	c->turn |= up && c->queue.first == c->queue.last;
	return down || up;
}

/* the ends of HTTP, when nothing else is to be done: who closed, and does the other hear of it? */
static enum step conn_step_ends(struct ev_loop *loop, struct conn *c)
{
	struct side *client = &c->side[CLIENT], *origin = &c->side[ORIGIN];
	bool said = !relay_pending(origin) && buf_len(&c->out) == 0;	/* the client has all we have for it */

	if (origin->eof && said && buf_len(&origin->in) == 0) {
		if (c->reason == REASON_DONE)
			c->reason = REASON_SERVER_CLOSED;
		return STEP_FINISH;
	}
	if (!client->eof || relay_pending(client) || request_waits(c))
		return STEP_IDLE;
	if (c->up != UP_HOLD)
		c->up = UP_LAST;	/* what was begun will not be ended */
	if (said && !c->queue.first && (c->requests || origin->link == SIDE_NONE)) {
		conn_close(loop, c, REASON_CLIENT_CLOSED);
		return STEP_IDLE;
	}
	if (origin->link == SIDE_OPEN)
		relay_shut(origin);
	return STEP_IDLE;
}

static enum step conn_step_http(struct ev_loop *loop, struct conn *c)
{
	enum step up = request_step(c), down;

	if (up == STEP_TUNNEL) {
		conn_tunnel(loop, c, NULL);
		return STEP_MOVED;
	}
	if (c->want_origin && c->side[ORIGIN].link == SIDE_NONE && !c->side[ORIGIN].shut)
		conn_dial(loop, c);
	if (c->state == CONN_CLOSED)
		return STEP_IDLE;
	down = response_step(c);
	if (down == STEP_TUNNEL) {
		conn_tunnel(loop, c, exchanges_pop(&c->queue));
		return STEP_MOVED;
	}
	return up > down ? up : down;
}

static enum step conn_step_tunnel(struct ev_loop *loop, struct conn *c)
{
	bool over = true;

	if (c->side[ORIGIN].link == SIDE_NONE && !c->side[ORIGIN].shut)
		conn_dial(loop, c);
	for (int i = CLIENT; i <= ORIGIN && c->state != CONN_CLOSED; i++) {
		struct side *from = &c->side[i], *to = &c->side[!i];

		from->pass = (uint32_t)buf_len(&from->in);
		if (from->eof && !relay_pending(from) && to->link == SIDE_OPEN)
			relay_shut(to);
		over &= from->eof && to->shut;
	}
	if (over)
		conn_close(loop, c, REASON_DONE);
	return STEP_IDLE;
}

void conn_step(struct ev_loop *loop, struct conn *c)
{
	enum step found;
	bool wrote;

	do {
		found = STEP_IDLE;
		switch (c->state) {
		case CONN_SILENT:
			if (buf_len(&c->side[CLIENT].in) || c->side[CLIENT].eof) {
				conn_enter(c, CONN_HTTP);
				found = STEP_MOVED;
			}
			break;
		case CONN_HTTP:
			found = conn_step_http(loop, c);
			break;
		case CONN_TUNNEL:
			found = conn_step_tunnel(loop, c);
			break;
		case CONN_ANSWER:
			buf_clear(&c->side[CLIENT].in);
			if (!buf_len(&c->out) && !relay_pending(&c->side[ORIGIN]))
				conn_end(loop, c);
			break;
		case CONN_LINGER:
			buf_clear(&c->side[CLIENT].in);
			if (c->side[CLIENT].eof)
				conn_close(loop, c, c->reason);
			break;
		case CONN_CLOSED:
			return;
		}
		if (c->state == CONN_CLOSED)
			return;
		wrote = false;
		if (found == STEP_MOVED)
			continue;	/* mark all there is first: one write for head and body */
		wrote = conn_flush(loop, c);
		if (c->state == CONN_CLOSED)
			return;
		if (c->state == CONN_HTTP && found == STEP_IDLE && !wrote)
			found = conn_step_ends(loop, c);
		if (found == STEP_FINISH)
			conn_finish(loop, c);
		if (found == STEP_CUT) {
			conn_reset(loop, c, c->reason == REASON_DONE ? REASON_NO_MEMORY : c->reason);
			return;
		}
	} while (c->state != CONN_CLOSED && (found != STEP_IDLE || wrote));
	if (c->state != CONN_CLOSED)
		conn_arm(loop, c);	/* which events do we want now?  a function of c alone */
}

/* --- all connections -------------------------------------------------------- */

void conn_identify(struct conn *c)
{
	if (!c->station.hw_known && rules_hardware(conn_current()))
		c->station.hw_known = all.hooks->hardware(&c->client, c->station.hw);
}

int conn_open(struct ev_loop *loop, int fd, const struct addr *client, const struct addr *server)
{
	struct conn *c = calloc(1, sizeof(*c));
	int err = -ENOMEM;

	if (!c)
		goto fail_fd;
	c->id = ++all.last_id;
	c->client = *client;
	c->server = *server;
	c->reason = REASON_DONE;
	c->rules = rules_get(conn_current());
	c->station.ip = *client;
	conn_identify(c);
	ev_io_init(&c->side[CLIENT].io, conn_on_client, fd, EV_READ);
	ev_io_init(&c->side[ORIGIN].io, conn_on_origin, -1, 0);
	c->side[CLIENT].link = SIDE_OPEN;
	c->side[CLIENT].nodelay = true;		/* inherited from the listening socket */
	c->next = all.alive;
	if (all.alive)
		all.alive->prev = c;
	all.alive = c;
	all.count++;
	conn_on_readable(loop, c, CLIENT);
	return 0;
fail_fd:
	close(fd);
	return err;
}

void conn_init(struct ev_loop *loop, const struct conn_hooks *hooks)
{
	all.loop = loop;
	all.hooks = hooks;
	deadline_init(loop, conn_on_deadline);
	ev_prepare_init(&all.undertaker, conn_on_prepare);
	ev_prepare_start(loop, &all.undertaker);
}

struct conn *conn_first(void)
{
	return all.alive;
}

unsigned conn_alive(void)
{
	return all.count;
}

unsigned conn_files(void)
{
	return all.count + all.origins + 2 * relay_pipes() + closing_count();
}
