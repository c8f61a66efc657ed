/* SPDX-License-Identifier: GPL-3.0-or-later */
/* buf - bounded buffers and the pool their memory comes from */
#include "buf.h"

#include <assert.h>
#include <stdlib.h>

#include "limits.h"

/* memory that is not lent must not be touched: the pool hides that from the sanitizer, so it is told */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)0)
#endif

enum { BUF_SIZES = 5, BUF_KEPT = 8 };	/* sizes there are; free ones of each kept by a trim */

struct buf_free {
	struct buf_free *next;
};

static struct {
	struct buf_free *free[BUF_SIZES];
	unsigned kept[BUF_SIZES];
	size_t lent, idle;	/* bytes */
} pool;

static unsigned buf_index(size_t size)
{
	unsigned i = 0;

	while (i < BUF_SIZES && ((size_t)BUF_LEAST << 2 * i) < size)
		i++;
	return i;
}

static uint32_t buf_size_at(unsigned i)
{
	return (uint32_t)BUF_LEAST << 2 * i;
}

static char *buf_borrow(unsigned i)
{
	struct buf_free *f;
	uint32_t size;

	if (i >= BUF_SIZES)
		return NULL;
	size = buf_size_at(i);
	if (pool.lent + size > (size > BUF_MODEST ? LIMIT_POOL_BYTES / 2 : LIMIT_POOL_BYTES))
		return NULL;
	f = pool.free[i];
	if (f) {
		ASAN_UNPOISON_MEMORY_REGION(f, size);
		pool.free[i] = f->next;
		pool.kept[i]--;
		pool.idle -= size;
	} else {
		if (pool.lent + pool.idle + size > LIMIT_POOL_BYTES)
			buf_pool_trim();	/* what was once needed in another size */
		f = malloc(size);
		if (!f)
			return NULL;
	}
	pool.lent += size;
	return (char *)f;
}

static void buf_return(char *mem, uint32_t size)
{
	unsigned i = buf_index(size);
	struct buf_free *f = (void *)mem;

	pool.lent -= size;
	f->next = pool.free[i];
	pool.free[i] = f;
	pool.kept[i]++;
	ASAN_POISON_MEMORY_REGION(mem + sizeof(*f), size - sizeof(*f));
	pool.idle += size;
}

/* the bytes move to memory of index @i; false: there is none */
static bool buf_move(struct buf *b, unsigned i)
{
	char *mem = buf_borrow(i);
	size_t len = buf_len(b);

	if (!mem)
		return false;
	assert(len <= buf_size_at(i));
	if (b->mem) {
		memcpy(mem, b->mem + b->at, len);
		buf_return(b->mem, b->size);
	}
	*b = (struct buf){ .mem = mem, .end = (uint32_t)len, .size = buf_size_at(i) };
	return true;
}

size_t buf_room(struct buf *b, size_t first, size_t least)
{
	size_t len = buf_len(b);

	if (!b->mem) {
		unsigned i = buf_index(first > least ? first : least);

		/* the pool is short: be content with less, if it is enough */
		while (!buf_move(b, i))
			if (i == 0 || buf_size_at(--i) < least)
				return 0;
		return b->size;
	}
	if (b->size - b->end >= least)
		return b->size - b->end;
	if (b->size - len >= least) {
		memmove(b->mem, b->mem + b->at, len);
		b->at = 0;
		b->end = (uint32_t)len;
	} else if (!buf_move(b, buf_index(len + least))) {
		return 0;
	}
	return b->size - b->end;
}

bool buf_append(struct buf *b, struct span s)
{
	if (s.len == 0)
		return true;
	if (buf_room(b, s.len, s.len) < s.len)
		return false;
	memcpy(buf_end(b), s.p, s.len);
	buf_added(b, s.len);
	return true;
}

void buf_take(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->at += (uint32_t)n;
	if (b->at == b->end)
		buf_clear(b);
}

bool buf_replace(struct buf *b, size_t at, size_t old, struct span with)
{
	size_t len = buf_len(b);
	char *p;

	assert(at + old <= len);
	if (with.len > old && buf_room(b, len, with.len - old) == 0)
		return false;
	p = b->mem + b->at + at;
	memmove(p + with.len, p + old, len - at - old);
	memcpy(p, with.p, with.len);
	b->end = b->at + (uint32_t)(len - old + with.len);
	if (b->at == b->end)
		buf_clear(b);
	return true;
}

void buf_fit(struct buf *b)
{
	size_t len = buf_len(b);

	if (b->mem && b->size > BUF_LEAST && len <= b->size / 8)
		buf_move(b, buf_index(len));	/* none to be had: stay */
}

void buf_clear(struct buf *b)
{
	if (b->mem)
		buf_return(b->mem, b->size);
	*b = (struct buf){ 0 };
}

size_t buf_pool_bytes(void)
{
	return pool.lent;
}

void buf_pool_trim(void)
{
	for (unsigned i = 0; i < BUF_SIZES; i++)
		while (pool.kept[i] > BUF_KEPT) {
			struct buf_free *f = pool.free[i];

			ASAN_UNPOISON_MEMORY_REGION(f, buf_size_at(i));
			pool.free[i] = f->next;
			pool.kept[i]--;
			pool.idle -= buf_size_at(i);
			free(f);
		}
}
