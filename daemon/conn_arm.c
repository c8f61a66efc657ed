/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conn_arm - what a connection waits for: which events of its sockets, and which deadline
 *
 * All of it follows from state and buffers alone; conn_step() calls conn_arm() when nothing is left to do.
 */
#include <assert.h>

#include "conn_parts.h"
#include "limits.h"

size_t conn_most(const struct conn *c, int which)
{
	bool head = which == CLIENT ? c->up == UP_HEAD : c->down == DOWN_HEAD || c->down == DOWN_IMAGE;

	if (c->state != CONN_HTTP || !head)
		return LIMIT_BUFFER_BYTES;
	return c->side[which].pass ? (size_t)LIMIT_BUFFER_BYTES : (size_t)LIMIT_HEAD_BYTES + LIMIT_BUFFER_BYTES;
}

bool conn_wants(const struct conn *c, int which)
{
	const struct side *s = &c->side[which];

	return s->link == SIDE_OPEN && !s->eof && !s->pipe && !s->starved && buf_len(&s->in) < conn_most(c, which);
}

/* is what the client said first perhaps not HTTP, and all it will say before it is answered? */
static bool conn_doubtful(const struct conn *c)
{
	const struct side *client = &c->side[CLIENT];

	return c->requests == 0 && client->pass == 0 && http1_request_doubtful(buf_span(&client->in));
}

static enum deadline_kind conn_deadline(const struct conn *c)
{
	const struct exchange *x = c->queue.first;
	uint8_t link = c->side[ORIGIN].link;

	switch (c->state) {
	case CONN_SILENT:
		return DEADLINE_FIRST_BYTE;
	case CONN_TUNNEL:
		return link == SIDE_ASK || link == SIDE_DIAL ? DEADLINE_DIAL : DEADLINE_TUNNEL;
	case CONN_LINGER:
		return DEADLINE_LINGER;
	case CONN_HTTP:
		if (link == SIDE_ASK || link == SIDE_DIAL)
			return DEADLINE_DIAL;
		if (c->down == DOWN_IMAGE)
			return DEADLINE_IMAGE;
		if (!x && c->up == UP_HEAD && c->up_seen)
			return conn_doubtful(c) ? DEADLINE_FIRST_BYTE : DEADLINE_HEAD;
		if (x && x->status == 0 && x != c->sending && !c->body_begun)
			return DEADLINE_RESPONSE;
		return DEADLINE_IDLE;
	default:
		return DEADLINE_IDLE;
	}
}

static void side_arm(struct ev_loop *loop, struct side *s, int events)
{
	int now = ev_is_active(&s->io) ? s->io.events & (EV_READ | EV_WRITE) : 0;

	if (now == events)
		return;
	ev_io_stop(loop, &s->io);
	ev_io_modify(&s->io, events);
	if (events)
		ev_io_start(loop, &s->io);
}

/* does the deadline that runs, of kind @kind, begin anew?  A drip of bytes within a message does not keep a connection */
static bool conn_renews(const struct conn *c, enum deadline_kind kind)
{
	bool within = c->queue.first || c->state == CONN_ANSWER || c->up == UP_BODY || c->up == UP_DROP || c->down != DOWN_HEAD;

	switch (kind) {
	case DEADLINE_IDLE:
		return within ? c->begun || c->progress >= LIMIT_PROGRESS_BYTES : c->moved;
	case DEADLINE_TUNNEL:
		return c->moved;
	case DEADLINE_RESPONSE:
		return c->turn;
	case DEADLINE_IMAGE:
		return c->image_begun;
	default:
		return false;
	}
}

void conn_arm(struct ev_loop *loop, struct conn *c)
{
	struct side *client = &c->side[CLIENT], *origin = &c->side[ORIGIN];
	enum deadline_kind kind = conn_deadline(c);
	int events = 0;

	if (conn_wants(c, CLIENT))
		events |= EV_READ;
	if (client->full)
		events |= EV_WRITE;
	side_arm(loop, client, events);

	if (origin->link == SIDE_DIAL) {
		side_arm(loop, origin, EV_WRITE);
	} else if (origin->link == SIDE_OPEN) {
		events = conn_wants(c, ORIGIN) ? EV_READ : 0;
		if (origin->full && !origin->shut)
			events |= EV_WRITE;
		side_arm(loop, origin, events);
	}
	if (kind != c->deadline.kind || conn_renews(c, kind)) {
		deadline_set(&c->deadline, kind);
		c->progress = 0;
	}
	c->moved = c->turn = c->begun = c->image_begun = false;
	buf_fit(&client->in);
	buf_fit(&origin->in);
	assert(c->deadline.kind != DEADLINE_NONE);	/* nothing waits for ever */
}
