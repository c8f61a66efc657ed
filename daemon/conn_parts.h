/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conn_parts - what the files of the connection's state machine know of each other
 *
 *	conn.c		states, one step, one close; dials
 *	conn_arm.c	which events and which deadline a connection waits for
 *	conn_wake.c	what is done when one of them comes
 *
 * Only these include this header.
 */
#ifndef DEJUNK_CONN_PARTS_H
#define DEJUNK_CONN_PARTS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "conn.h"

/* conn.c */
/* conn_enter - the only writer of c->state; CONN_CLOSED is never left */
void conn_enter(struct conn *c, enum conn_state state);
/* conn_step - do all that can be done now, then conn_arm(); may close @c */
void conn_step(struct ev_loop *loop, struct conn *c);
/* conn_flush - write what may be written; returns whether anything was.  May close @c. */
bool conn_flush(struct ev_loop *loop, struct conn *c);
/* conn_side_close - close the socket of one side (CLIENT, ORIGIN), if there is one; what it sent stays */
void conn_side_close(struct ev_loop *loop, struct conn *c, int which);
/* conn_dialled - the socket to the origin became writable, or failed: a write tells which, as well as asking would */
void conn_dialled(struct ev_loop *loop, struct conn *c);
/* conn_tunnel - from here on nothing is parsed; may close @c
 * @x: the request that led here, taken; NULL: it never was HTTP */
void conn_tunnel(struct ev_loop *loop, struct conn *c, struct exchange *x);
/* conn_dial_failed - the origin cannot be reached (@err: an errno): an answer of ours, or a reset of @c */
void conn_dial_failed(struct ev_loop *loop, struct conn *c, int err);

/* conn_arm.c */
/* conn_arm - what each socket is watched for, and which deadline runs */
void conn_arm(struct ev_loop *loop, struct conn *c);
/* conn_most - how many bytes of a side may lie in its buffer */
size_t conn_most(const struct conn *c, int which);
/* conn_wants - is a side to be read from? */
bool conn_wants(const struct conn *c, int which);

/* conn_wake.c */
/* conn_on_readable - read from a side and step, a few times while there is much to read; may close @c */
void conn_on_readable(struct ev_loop *loop, struct conn *c, int which);
/* conn_on_client, conn_on_origin - events of the sockets; side[].io */
void conn_on_client(struct ev_loop *loop, ev_io *w, int revents);
void conn_on_origin(struct ev_loop *loop, ev_io *w, int revents);
/* conn_on_deadline - the deadline of a connection passed */
void conn_on_deadline(struct ev_loop *loop, struct deadline *d, enum deadline_kind kind);

#endif
