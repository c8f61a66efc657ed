/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_stream - the first bytes of one direction of a TCP connection, put together from its segments
 *
 * Segments may come in any order, again, and overlapping; sequence numbers may wrap around.
 *
 * Of bytes that come twice the first ones stay, and segments that disagree about a byte are a CONFLICT, after which
 * the stream gets no more bytes.  Receivers differ in which of two they take, and who sends both may know which
 * the server takes: no reading of such a stream is certain, so there is none, and the caller lets it pass and counts it.
 *
 * The table is bounded in streams, in bytes of each, in bytes of all together and in time; at a bound the
 * oldest stream goes, and the caller is told (on_gone).  IP fragments do not come here: behind conntrack's
 * defragmentation (priority -400, so every chain of ours) and in captures behind ip_frag packets are whole.
 *
 * Pure: no clock, no input or output.
 */
#ifndef DEJUNK_TCP_STREAM_H
#define DEJUNK_TCP_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "hash.h"
#include "span.h"

struct tcp_stream {
	/* for the caller */
	struct addr src, dst;	/* with ports: the direction from src to dst */
	uint32_t base;		/* sequence number of the first byte of tcp_stream_bytes() */
	bool certain;		/* base is where the stream begins; else it is the earliest segment seen so far */
	bool conflict;		/* segments contradicted each other */
	void *user;		/* what the caller likes; NULL at first */
	/* for tcp_stream.c */
	struct hash_node node;
	struct tcp_stream *older, *newer;
	uint64_t since_ms;
	uint32_t whole;		/* bytes without a gap from base on */
	uint32_t end;		/* behind the last byte there is */
	uint32_t room;		/* bytes allocated, a multiple of 64 */
	char *bytes;		/* room of them, then a bit for each */
};

enum tcp_stream_result {
	TCP_STREAM_GREW,	/* tcp_stream_bytes() has more than before */
	TCP_STREAM_SAME,	/* nothing new there: out of order, sent again, or empty */
	TCP_STREAM_OVER,	/* SAME, and the segment lies wholly beyond the bound of one stream: says nothing about the stream */
	TCP_STREAM_CONFLICT,	/* other bytes than before in the same place, now or earlier */
	TCP_STREAM_NO_MEMORY,	/* the segment was not taken */
};

struct tcp_streams_bounds {
	uint32_t streams;
	uint32_t bytes_each;	/* < 2^30 */
	uint64_t bytes_all;	/* of buffers; at least that of one stream */
	uint32_t ms;		/* a stream lives from its making, or its last tcp_stream_skip() */
};

struct tcp_streams;

/* tcp_streams_bounds_default - those of tbl/limit.h */
struct tcp_streams_bounds tcp_streams_bounds_default(void);
/* tcp_streams_new - an empty table; NULL without memory
 * @seed:    random, so that nobody can choose what collides
 * @on_gone: called before a stream goes by eviction or age, not by tcp_stream_drop(); may be NULL.  Must not change the table */
struct tcp_streams *tcp_streams_new(const struct tcp_streams_bounds *bounds, uint64_t seed,
				    void (*on_gone)(void *ctx, struct tcp_stream *s, bool evicted), void *ctx);
/* tcp_streams_free - with all streams, without on_gone */
void tcp_streams_free(struct tcp_streams *t);
/* tcp_streams_age - what is too old goes; tcp_streams_oldest - the next to go, or NULL */
void tcp_streams_age(struct tcp_streams *t, uint64_t now_ms);
struct tcp_stream *tcp_streams_oldest(const struct tcp_streams *t);
/* tcp_streams_count, tcp_streams_bytes - streams there are; bytes of their buffers */
uint32_t tcp_streams_count(const struct tcp_streams *t);
uint64_t tcp_streams_bytes(const struct tcp_streams *t);

/* tcp_stream_find - the stream from @src to @dst, both with ports; NULL: none */
struct tcp_stream *tcp_stream_find(const struct tcp_streams *t, const struct addr *src, const struct addr *dst);
/* tcp_stream_new - a stream, which must not be there yet
 * @seq:     sequence number of its first byte: that of the SYN plus one (@certain), or that of the first segment seen
 * @certain: no byte before @seq belongs to it; else earlier ones move its beginning
 * Returns it, valid until it is dropped or goes; NULL: no memory.  May evict others. */
struct tcp_stream *tcp_stream_new(struct tcp_streams *t, const struct addr *src, const struct addr *dst, uint32_t seq, bool certain,
				  uint64_t now_ms);
/* tcp_stream_add - the payload of one segment (borrowed) at sequence number @seq
 * What lies beyond the bound is not kept.  May evict others, never @s. */
enum tcp_stream_result tcp_stream_add(struct tcp_streams *t, struct tcp_stream *s, uint32_t seq, struct span payload);
/* tcp_stream_bytes - what there is from the beginning on, up to the first gap; valid until the stream is next changed */
static inline struct span tcp_stream_bytes(const struct tcp_stream *s)
{
	return (struct span){ s->bytes, s->whole };
}
/* tcp_stream_skip - the first @n bytes of tcp_stream_bytes() are not needed any more: base moves on, and the stream is young
 * again.  Its beginning is certain from now on */
void tcp_stream_skip(struct tcp_streams *t, struct tcp_stream *s, uint32_t n, uint64_t now_ms);
/* tcp_stream_drop - it is decided: forget it */
void tcp_stream_drop(struct tcp_streams *t, struct tcp_stream *s);

#endif
