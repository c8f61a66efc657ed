/* SPDX-License-Identifier: GPL-3.0-or-later */
/* relay - bytes between the two sides of a connection, by copy or by splice(2)
 *
 * Knows sockets, buffers and pipes; not HTTP, not rules, not the event loop (the watcher in a
 * struct side belongs to conn).  What a side sent lies in its own @in until it may go to the
 * other side: the first @pass bytes may.  Bulk goes through a pipe instead and is never seen.
 */
#ifndef DEJUNK_RELAY_H
#define DEJUNK_RELAY_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"

enum side_link {
	SIDE_NONE,	/* no socket (yet, or no longer) */
	SIDE_ASK,	/* waiting for the monitor's word on the FORWARD policy */
	SIDE_DIAL,	/* connect() is under way */
	SIDE_OPEN,
};

struct pipe;

struct side {
	ev_io io;		/* io.fd: the socket */
	struct buf in;		/* received, not yet passed on or thrown away */
	struct pipe *pipe;	/* received by splice, not yet passed on; NULL when there is nothing */
	uint32_t pass;		/* bytes at the start of @in that the other side gets as they are */
	uint8_t link;		/* enum side_link */
	bool eof;		/* it sent its FIN: nothing more will come */
	bool shut;		/* we sent ours, or it wants nothing more */
	bool full;		/* its socket takes no more for now, or it is the others' turn: wait until it is writable */
	bool starved;		/* no memory to read into before some of @in has left */
	bool bulk;		/* the last read filled all the room it had */
	bool wrote;		/* something was written once */
	bool nodelay;		/* TCP_NODELAY is set */
};

/* relay_read - one read(2) from @s into its buffer
 * @first: size of buffer to begin with (buf_room)
 * @most:  bytes the buffer may hold
 * Returns bytes read; 0: end (s->eof is set); -EAGAIN: nothing there; -ENOBUFS: no room; or a negative errno. */
ssize_t relay_read(struct side *s, size_t first, size_t most);
/* relay_splice - one splice(2) of at most @most bytes from @from into its pipe, which must be empty
 * Returns as relay_read(); -ENOBUFS: no pipe to be had, read instead. */
ssize_t relay_splice(struct side *from, uint64_t most);
/* relay_pending - bytes of @from that may go to the other side and have not */
size_t relay_pending(const struct side *from);
/* relay_flush - write to @to: @out first (may be NULL), then what @from has for it; one system call as a rule
 * Sets to->full when the socket takes no more, or enough was written of a pipe for one turn.  Returns bytes written, 0: nothing to write or full,
 * or a negative errno: the peer is gone. */
ssize_t relay_flush(struct side *to, struct buf *out, struct side *from);
/* relay_shut - send our FIN to @s, once */
void relay_shut(struct side *s);
/* relay_reset_on_close - let close(2) of @s send a reset instead of a FIN */
void relay_reset_on_close(struct side *s);
/* relay_clear - forget all bytes and give buffer and pipe back; the socket stays */
void relay_clear(struct side *s);
/* relay_pipes - pipes open, each of them two descriptors */
unsigned relay_pipes(void);

#endif
