/* SPDX-License-Identifier: GPL-3.0-or-later */
/* buf - a bounded run of received bytes, its memory borrowed from a pool only while it holds some
 *
 * An empty buf owns nothing: an idle connection costs no buffer.  Memory comes in a few
 * sizes, each with a free list (last in, first out: the warm one is handed out again).
 * The pool of the process is bounded by LIMIT_POOL_BYTES; past half of it no buffer larger
 * than BUF_MODEST is handed out, so that a few greedy connections do not starve the others.
 * One thread; not for use from two.
 */
#ifndef DEJUNK_BUF_H
#define DEJUNK_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

enum buf_size {			/* bytes; the sizes that exist are BUF_LEAST times a power of 4 */
	BUF_LEAST = 1024,
	BUF_MODEST = 16384,
	BUF_BODY = 65536,
	BUF_MOST = 262144,
};

struct buf {			/* all zero: empty */
	char *mem;		/* NULL when empty */
	uint32_t at, end;	/* the bytes are mem[at..end) */
	uint32_t size;		/* of mem */
};

/* buf_span - the bytes held (borrowed until the next call that takes a struct buf *) */
static inline struct span buf_span(const struct buf *b)
{
	return (struct span){ b->mem + b->at, b->end - b->at };
}

/* buf_len - how many bytes are held */
static inline size_t buf_len(const struct buf *b) { return b->end - b->at; }

/* buf_room - make room to write behind the bytes held
 * @first: size to borrow when the buffer is empty (rounded up to one that exists)
 * @least: bytes of room wanted; the bytes are moved or the memory is exchanged for larger to get them
 *
 * Returns the room there is then, at least @least, writable at buf_end(); 0: past BUF_MOST or the
 * pool is exhausted (nothing changed). */
size_t buf_room(struct buf *b, size_t first, size_t least);
/* buf_end - where to write; valid after buf_room() */
static inline char *buf_end(const struct buf *b) { return b->mem + b->end; }
/* buf_added - @n bytes were written at buf_end() */
static inline void buf_added(struct buf *b, size_t n) { b->end += (uint32_t)n; }
/* buf_append - copy @s behind the bytes held; false: no room (nothing changed) */
bool buf_append(struct buf *b, struct span s);
/* buf_take - the first @n bytes are done with; memory goes back when none is left */
void buf_take(struct buf *b, size_t n);
/* buf_replace - the @old bytes at offset @at become @with; what follows moves
 * Returns false when @with is longer and there is no room (nothing changed). */
bool buf_replace(struct buf *b, size_t at, size_t old, struct span with);
/* buf_fit - about to wait: exchange memory far larger than what it holds for smaller */
void buf_fit(struct buf *b);
/* buf_clear - forget all bytes, give the memory back */
void buf_clear(struct buf *b);

/* buf_pool_bytes - memory handed out at the moment (not what is kept free) */
size_t buf_pool_bytes(void);
/* buf_pool_trim - free what is kept beyond a few of each size; call now and then */
void buf_pool_trim(void);

#endif
