/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conn_wake - what wakes a connection: a socket can be read or written, a deadline passed
 *
 * Reads, notes what happened, and lets conn_step() do what follows from it.
 */
#include <errno.h>

#include "conn_parts.h"
#include "container.h"
#include "limits.h"
#include "reached.h"

enum {
	CONN_READS = 4,		/* reads from one side before others get their turn */
	CONN_SPLICE = 65536,	/* bytes to come at least, to use a pipe */
};

/* bytes of this side that need not be looked at */
static uint64_t conn_blind(const struct conn *c, int which)
{
	if (c->state == CONN_TUNNEL)
		return UINT64_MAX;
	if (c->state != CONN_HTTP)
		return 0;
	if (which == CLIENT)
		return c->up == UP_BODY ? http1_body_blind(&c->up_body) : 0;
	return c->down == DOWN_BODY ? http1_body_blind(&c->down_body) : 0;
}

/* is what the client still sends thrown away? */
static bool conn_discards(const struct conn *c)
{
	return c->state == CONN_ANSWER || c->state == CONN_LINGER ||
	       (c->state == CONN_HTTP && (c->up == UP_LAST || c->up == UP_END));
}

/* does the next read go from socket to socket? */
static bool conn_splices(const struct conn *c, int which)
{
	const struct side *s = &c->side[which];

	return s->bulk && buf_len(&s->in) == 0 && c->side[!which].link == SIDE_OPEN && conn_blind(c, which) >= CONN_SPLICE;
}

static ssize_t conn_read(struct conn *c, int which, bool splices)
{
	struct side *s = &c->side[which];
	ssize_t n = -ENOBUFS;

	if (splices) {
		n = relay_splice(s, conn_blind(c, which));
		if (n > 0 && c->state == CONN_HTTP)
			http1_body_passed(which == CLIENT ? &c->up_body : &c->down_body, (uint64_t)n);
	}
	if (n == -ENOBUFS)
		n = relay_read(s, s->bulk ? BUF_BODY : which == CLIENT ? 4 * BUF_LEAST : BUF_MODEST,
			       conn_most(c, which));
	c->moved |= n > 0 && !(which == CLIENT && conn_discards(c));
	if (n > 0 && (which == CLIENT ? c->up == UP_DROP : c->down == DOWN_DROP))
		c->progress += (uint32_t)n;	/* thrown away */
	return n;
}

/* no memory to read into: does it help to wait, or to let a held image go?  False: nothing does */
static bool conn_starve(struct conn *c, int which)
{
	if (relay_pending(&c->side[which]) == 0 && which == ORIGIN)
		response_release(c);
	c->side[which].starved = relay_pending(&c->side[which]) != 0;
	return c->side[which].starved;
}

void conn_on_readable(struct ev_loop *loop, struct conn *c, int which)
{
	for (int i = 0; i < CONN_READS && conn_wants(c, which); i++) {
		bool splices = conn_splices(c, which);
		ssize_t n = conn_read(c, which, splices);

		if (n == -EAGAIN && i > 0)
			return;
		if (n == -ENOBUFS)
			reached(LIMIT_ID_POOL_BYTES, &c->client);
		if (n == -ENOBUFS && !conn_starve(c, which)) {
			conn_reset(loop, c, REASON_NO_MEMORY);
			return;
		}
		if (n == -ECONNRESET && which == ORIGIN && c->state == CONN_HTTP && !c->queue.first) {
			c->side[ORIGIN].eof = true;	/* all was said: the client gets the rest, and a good end */
			n = 0;
		}
		if (n < 0 && n != -EAGAIN && n != -ENOBUFS) {
			conn_flush(loop, c);
			conn_reset(loop, c, which == CLIENT ? REASON_CLIENT_RESET : REASON_SERVER_RESET);
			return;
		}
		conn_step(loop, c);
		if (c->state == CONN_CLOSED || n <= 0 || !c->side[which].bulk || splices)
			return;	/* after a splice others have their turn: relay.c says why */
	}
}

void conn_on_client(struct ev_loop *loop, ev_io *w, int revents)
{
	struct conn *c = CONTAINER_OF(w, struct conn, side[CLIENT].io);

	if (revents & EV_WRITE) {
		c->side[CLIENT].full = false;
		conn_step(loop, c);
	}
	if (c->state != CONN_CLOSED && revents & EV_READ)
		conn_on_readable(loop, c, CLIENT);
}

void conn_on_origin(struct ev_loop *loop, ev_io *w, int revents)
{
	struct conn *c = CONTAINER_OF(w, struct conn, side[ORIGIN].io);

	if (c->side[ORIGIN].link == SIDE_DIAL) {
		c->side[ORIGIN].full = false;
		conn_dialled(loop, c);
		conn_step(loop, c);
		return;
	}
	if (revents & EV_WRITE) {
		c->side[ORIGIN].full = false;
		conn_step(loop, c);
	}
	if (c->state != CONN_CLOSED && revents & EV_READ)
		conn_on_readable(loop, c, ORIGIN);
}

void conn_on_deadline(struct ev_loop *loop, struct deadline *d, enum deadline_kind kind)
{
	struct conn *c = CONTAINER_OF(d, struct conn, deadline);

	switch (kind) {
	case DEADLINE_FIRST_BYTE:	/* does the server speak first?  Or does it know what a client's word means? */
		if (c->state == CONN_HTTP) {
			conn_tunnel(loop, c, NULL);
			break;
		}
		c->want_origin = rules_gateway(c->rules)->non_http == NON_HTTP_PASS;
		conn_enter(c, CONN_HTTP);
		break;
	case DEADLINE_HEAD:
		reached(LIMIT_ID_HEAD_MS, &c->client);
		c->reason = REASON_HEAD_TIMEOUT;
		request_fail(c, 408, NULL);
		break;
	case DEADLINE_DIAL:
		reached(LIMIT_ID_DIAL_MS, &c->server);
		if (c->side[ORIGIN].link == SIDE_ASK)
			conn_reset(loop, c, REASON_FORWARD_DROPPED);
		else
			conn_dial_failed(loop, c, ETIMEDOUT);
		break;
	case DEADLINE_RESPONSE:
		reached(LIMIT_ID_RESPONSE_MS, &c->server);
		c->reason = REASON_RESPONSE_TIMEOUT;
		conn_side_close(loop, c, ORIGIN);
		response_fail(c, 504, "no answer from the server in time");
		break;
	case DEADLINE_IMAGE:
		reached(LIMIT_ID_IMAGE_HELD_MS, &c->server);
		response_release(c);
		break;
	case DEADLINE_LINGER:
		reached_quietly(LIMIT_ID_LINGER_MS);
		conn_close(loop, c, c->reason);
		break;
	case DEADLINE_TUNNEL:
		reached(LIMIT_ID_TUNNEL_IDLE_MS, &c->client);
		conn_close(loop, c, REASON_IDLE_TIMEOUT);
		break;
	default:
		if (c->queue.first)
			reached(LIMIT_ID_IDLE_MS, &c->client);
		else			/* nobody is surprised */
			reached_quietly(LIMIT_ID_IDLE_MS);
		if (c->queue.first)	/* in the middle of something: it must not look complete */
			conn_reset(loop, c, REASON_IDLE_TIMEOUT);
		else
			conn_close(loop, c, REASON_IDLE_TIMEOUT);
		break;
	}
	if (c->state != CONN_CLOSED)
		conn_step(loop, c);
}
