/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conn - one client connection: states, deadlines, one step, one arm, one close (files: conn_parts.h)
 *
 * Theory of operation.  Requests go up: request.c takes them from side[CLIENT].in one by one
 * and either marks their bytes to be passed to the origin or drops them; each leaves an
 * exchange in the queue.  Responses come down: response.c takes the exchanges from the queue
 * in order, marks the origin's bytes to be passed to the client, or writes an answer of our own
 * into @out.  Nothing is copied on the way but edited heads, in place.  Both only move marks;
 * relay.c moves bytes; conn.c alone dials, shuts and closes, conn_arm.c alone arms.
 *
 * The origin is dialled when the first request is to be sent on (or a silent client may have a
 * server that speaks first), always at the original destination, and serves this client
 * connection alone.
 */
#ifndef DEJUNK_CONN_H
#define DEJUNK_CONN_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "deadline.h"
#include "exchange.h"
#include "http1_frame.h"
#include "reason.h"
#include "relay.h"
#include "rules.h"

enum { CLIENT, ORIGIN };	/* index of conn.side */

enum conn_state {
	CONN_SILENT,	/* accepted, the client said nothing yet.  Its first byte or end leads to HTTP; so does
			 * DEADLINE_FIRST_BYTE, with the origin dialled in case it speaks first */
	CONN_HTTP,	/* requests up, responses down, see enum up and enum down.  Left for TUNNEL (not HTTP, or
			 * an upgrade), ANSWER or LINGER (nothing more is to be said) */
	CONN_TUNNEL,	/* bytes both ways, each way ended on its own; nothing is parsed */
	CONN_ANSWER,	/* the last bytes for the client are being written; the origin's socket is closed, what
			 * the client still sends is thrown away.  Left for LINGER */
	CONN_LINGER,	/* our FIN is sent; what comes is thrown away until the client's, or DEADLINE_LINGER:
			 * closed with unread bytes, a reset would eat our answer (RFC 9112 s.9.6) */
	CONN_CLOSED,	/* in the graveyard: sockets closed, memory lives until the loop sleeps */
};

enum up {			/* what the next byte of the client is */
	UP_HEAD,	/* of a request head */
	UP_BODY,	/* of a body that is passed on */
	UP_DROP,	/* of a blocked request's body, thrown away */
	UP_HOLD,	/* unknown: an upgrade or CONNECT waits for its response */
	UP_LAST,	/* nothing should come: the client said that its last request was the last */
	UP_END,		/* thrown away: what was sent before was refused, and this may be more of it */
};

enum down {			/* what the next byte of the origin is */
	DOWN_HEAD,	/* of a response head */
	DOWN_BODY,	/* of a body that is passed on */
	DOWN_IMAGE,	/* of an image whose size is not known yet; its head is held too */
	DOWN_SWAP,	/* of an image that is replaced: the empty one goes first */
	DOWN_DROP,	/* of a replaced image, thrown away; the next in the queue waits */
	DOWN_RAW,	/* of something that is not HTTP: passed as it is until the end */
};

struct conn {
	struct side side[2];
	struct buf out;			/* our own answers, written before anything else to the client */
	struct conn *prev, *next;	/* all connections; or the graveyard */
	struct deadline deadline;
	struct rules *rules;		/* one reference; swapped for newer ones when no exchange is open */
	struct exchanges queue;		/* requests read and not answered yet */
	struct exchange *sending;	/* whose body comes next in UP_BODY and UP_DROP; NULL: answered already */
	struct exchange *tunnel;	/* the request that made it a tunnel; NULL: none did */
	struct http1_body up_body;
	struct http1_body down_body;
	uint64_t dropped;		/* bytes of bodies thrown away, of the present one */
	uint32_t up_seen, down_seen;	/* bytes of a head that were answered MORE */
	uint32_t held;			/* DOWN_IMAGE: bytes of the held head */
	uint32_t id;
	uint32_t requests;
	uint32_t responses;		/* finished ones that came from the origin */
	uint32_t progress;		/* bytes of messages that passed, or were thrown away, since the deadline was set */
	struct addr client, server;
	struct station station;		/* the client, as groups know it */
	uint8_t state;			/* enum conn_state; written by conn_enter() only */
	uint8_t up, down;		/* enum up, enum down */
	uint8_t up_next;		/* enum up: what follows the body */
	uint8_t reason;			/* enum reason: why ANSWER and LINGER will close */
	bool want_origin;		/* something is to be sent to it, or heard */
	bool moved;			/* since the deadline was set bytes moved that will not be thrown away */
	bool begun;			/* since it was set a head was read or an exchange ended */
	bool turn;			/* since it was set, DEADLINE_RESPONSE begins anew: another answer is due, or its request goes up */
	bool image_begun;		/* DOWN_IMAGE was entered since the deadline was set */
	bool body_begun;		/* a byte of the response to the first exchange has come */
	bool down_last;			/* the origin said that it closes after this response */
};

/* what request_step() and response_step() found */
enum step {
	STEP_IDLE,	/* nothing to do before something else happens */
	STEP_MOVED,	/* something changed; write, and call again */
	STEP_TUNNEL,	/* it is a tunnel from here on */
	STEP_FINISH,	/* nothing more is to be said to the client: write what there is and end */
	STEP_CUT,	/* broken in the middle: end so that the client notices */
};

struct conn_hooks {		/* what conn needs of the process around it; set once */
	void (*closed)(struct conn *c);				/* after the sockets were closed */
	/* may this client reach this server?  enum forward_verdict; UNKNOWN: conn_on_forward() will be called */
	int (*forward)(struct conn *c);
	void (*unreachable)(const struct addr *server);		/* could not be dialled */
	bool (*hardware)(const struct addr *client, uint8_t hw[6]);	/* its link-layer address; false: not known */
};

/* conn_init - before the first connection */
void conn_init(struct ev_loop *loop, const struct conn_hooks *hooks);
/* conn_open - take over an accepted client socket, non-blocking
 * @fd: taken always, also on failure; @client, @server: both ends as the client sees them
 * Reads at once: the connection may be answered and gone when this returns.  Returns 0 or a negative errno. */
int conn_open(struct ev_loop *loop, int fd, const struct addr *client, const struct addr *server);
/* conn_close - close both sockets and give everything back; any state, more than once
 * The struct stays readable until the loop sleeps. */
void conn_close(struct ev_loop *loop, struct conn *c, enum reason why);
/* conn_reset - the same, but both peers get a reset: they must not take the end for a good one */
void conn_reset(struct ev_loop *loop, struct conn *c, enum reason why);
/* conn_waiting - the connection with this id that waits for the word on the FORWARD policy; NULL: it is gone */
struct conn *conn_waiting(uint32_t id);
/* conn_on_forward - hooks.forward() knows more now; @c may be closed afterwards */
void conn_on_forward(struct ev_loop *loop, struct conn *c);
/* conn_first - the newest connection; the others follow by next */
struct conn *conn_first(void);
/* conn_alive, conn_files - connections, and descriptors held by them and by pipes */
unsigned conn_alive(void);
unsigned conn_files(void);

/* --- all of them: conns.c --------------------------------------------------- */

/* conn_current - the newest rules (borrowed) */
struct rules *conn_current(void);
/* conn_rules - requests from now on are judged by @r (one reference is taken); connections without an
 * open exchange change over at once; those on the oldest image end when there are more than LIMIT_IMAGES_ALIVE */
void conn_rules(struct ev_loop *loop, struct rules *r);
/* conn_recheck - a schedule began or ended: close what is blocked now */
void conn_recheck(struct ev_loop *loop);
/* conn_stop - close the connections on which nothing was under way for @quiet_ms.  Returns how many are left
 * conn_stop_now - close all; those in the middle of something are reset, so that nobody takes a part for the whole */
unsigned conn_stop(struct ev_loop *loop, uint32_t quiet_ms);
void conn_stop_now(struct ev_loop *loop);

/* --- between conn.c, request.c and response.c ------------------------------ */

/* request_step - read on in what the client sent; never does input or output */
enum step request_step(struct conn *c);
/* response_step - read on in what the origin sent, answer what is ours to answer; never does input or output */
enum step response_step(struct conn *c);
/* response_release - an image was held long enough: let it pass */
void response_release(struct conn *c);
/* response_fail - the first request that waits for the origin gets this status and the connection
 * ends; false: none waits */
bool response_fail(struct conn *c, unsigned status, const char *detail);
/* request_waits - is there a request that is not read because too many are unanswered? */
bool request_waits(const struct conn *c);
/* request_fail - the client gets this status when its turn comes, and nothing more is read; false: no memory */
bool request_fail(struct conn *c, unsigned status, const char *detail);
/* conn_identify - find the link-layer address of a client, where the newest rules have groups that need it */
void conn_identify(struct conn *c);
/* conn_refresh - no exchange is open: go over to the newest rules */
void conn_refresh(struct conn *c);
/* conn_pop - the first exchange is done with */
void conn_pop(struct conn *c);

#endif
