/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_stream - the first bytes of one direction of a TCP connection
 *
 * A stream has a buffer that grows as bytes come, at first enough for an ordinary ClientHello, and a bit for each
 * byte that is there.  All streams are in a hash table and in one list by age.
 */
#include "tcp_stream.h"

#include <stdlib.h>
#include <xxhash.h>

#include "container.h"
#include "limits.h"

enum { ROOM_FIRST = 2048, WORD = 64 };	/* bytes of the smallest buffer; bits */

struct tcp_streams {
	struct hash_table table;
	struct tcp_streams_bounds bounds;
	uint64_t seed;
	uint32_t count;
	uint64_t bytes;
	struct tcp_stream *oldest, *newest;
	void (*on_gone)(void *ctx, struct tcp_stream *s, bool evicted);
	void *ctx;
};

/* --- which bytes are there ----------------------------------------------------- */

static uint64_t *bits(const struct tcp_stream *s)
{
	return (uint64_t *)(void *)(s->bytes + s->room);
}

static bool there(const struct tcp_stream *s, uint32_t i)
{
	return bits(s)[i / WORD] >> (i % WORD) & 1;
}

/* mark - the bytes from..to are there */
static void mark(struct tcp_stream *s, uint32_t from, uint32_t to)
{
	uint64_t *b = bits(s);

	while (from < to) {
		uint32_t n = WORD - from % WORD < to - from ? WORD - from % WORD : to - from;

		b[from / WORD] |= (n == WORD ? UINT64_MAX : ((uint64_t)1 << n) - 1) << from % WORD;
		from += n;
	}
}

/* grow_whole - on to the first byte that is missing; true: it moved */
static bool grow_whole(struct tcp_stream *s)
{
	uint32_t was = s->whole;

	while (s->whole < s->end) {
		uint64_t rest = bits(s)[s->whole / WORD] >> s->whole % WORD;
		uint32_t n = rest == UINT64_MAX ? WORD : (uint32_t)__builtin_ctzll(~rest);

		s->whole += n;
		if (n == 0 || s->whole % WORD)
			break;
	}
	return s->whole > was;
}

static void put_bit(struct tcp_stream *s, uint32_t i, bool set)
{
	uint64_t bit = (uint64_t)1 << i % WORD;

	bits(s)[i / WORD] = set ? bits(s)[i / WORD] | bit : bits(s)[i / WORD] & ~bit;
}

/* move_down - without the first @n bytes; @n <= whole */
static void move_down(struct tcp_stream *s, uint32_t n)
{
	memmove(s->bytes, s->bytes + n, s->end - n);
	if (s->whole < s->end) {
		for (uint32_t i = n; i < s->end; i++)
			put_bit(s, i - n, there(s, i));
		for (uint32_t i = s->end - n; i < s->end; i++)
			put_bit(s, i, false);
	} else {
		memset(bits(s), 0, s->room / 8);
		mark(s, 0, s->end - n);
	}
	s->end -= n;
	s->whole -= n;
}

/* move_up - with @n missing bytes in front; there is room */
static void move_up(struct tcp_stream *s, uint32_t n)
{
	memmove(s->bytes + n, s->bytes, s->end);
	for (uint32_t i = s->end; i-- > 0; )
		put_bit(s, i + n, there(s, i));
	for (uint32_t i = 0; i < n; i++)
		put_bit(s, i, false);
	s->end += n;
	s->whole = 0;
}

/* --- the table ------------------------------------------------------------------- */

static uint64_t key_hash(const struct tcp_streams *t, const struct addr *src, const struct addr *dst)
{
	struct addr key[2] = { *src, *dst };

	key[0]._pad = key[1]._pad = 0;
	return XXH3_64bits_withSeed(key, sizeof(key), t->seed);
}

static bool same_end(const struct addr *a, const struct addr *b)
{
	return a->port_be == b->port_be && addr_eq_ip(a, b);
}

/* buffer_bytes - of a buffer with its bits */
static size_t buffer_bytes(uint32_t room)
{
	return (size_t)room + room / 8;
}

static void list_remove(struct tcp_streams *t, struct tcp_stream *s)
{
	*(s->older ? &s->older->newer : &t->oldest) = s->newer;
	*(s->newer ? &s->newer->older : &t->newest) = s->older;
}

static void list_append(struct tcp_streams *t, struct tcp_stream *s, uint64_t now_ms)
{
	s->since_ms = now_ms;
	s->newer = NULL;
	s->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = s;
	t->newest = s;
}

static void gone(struct tcp_streams *t, struct tcp_stream *s, bool evicted)
{
	if (t->on_gone)
		t->on_gone(t->ctx, s, evicted);
	tcp_stream_drop(t, s);
}

/* make_room - for @add more bytes of buffers, not at the cost of @keep; false: the bound does not allow it */
static bool make_room(struct tcp_streams *t, size_t add, struct tcp_stream *keep)
{
	while (t->bytes + add > t->bounds.bytes_all) {
		struct tcp_stream *s = t->oldest == keep ? keep->newer : t->oldest;

		if (!s)
			return false;
		gone(t, s, true);
	}
	return true;
}

/* buffer_grow - room for @need bytes; false: no memory */
static bool buffer_grow(struct tcp_streams *t, struct tcp_stream *s, uint32_t need)
{
	uint32_t room = s->room ? s->room : ROOM_FIRST, most = (t->bounds.bytes_each + WORD - 1) / WORD * WORD;
	struct tcp_stream old = *s;

	if (need <= s->room)
		return true;
	while (room < need)
		room *= 2;
	if (room > most)
		room = most;
	if (!make_room(t, buffer_bytes(room) - (s->room ? buffer_bytes(s->room) : 0), s))
		return false;
	s->bytes = malloc(buffer_bytes(room));
	if (!s->bytes) {
		s->bytes = old.bytes;
		return false;
	}
	s->room = room;
	memset(bits(s), 0, room / 8);
	if (old.room) {
		memcpy(s->bytes, old.bytes, s->end);
		memcpy(bits(s), bits(&old), old.room / 8);
		t->bytes -= buffer_bytes(old.room);
	}
	t->bytes += buffer_bytes(room);
	free(old.bytes);
	return true;
}

struct tcp_streams_bounds tcp_streams_bounds_default(void)
{
	return (struct tcp_streams_bounds){
		.streams = LIMIT_STREAMS, .bytes_each = LIMIT_HELLO_BYTES, .bytes_all = LIMIT_STREAMS_BYTES, .ms = LIMIT_STREAM_MS,
	};
}

struct tcp_streams *tcp_streams_new(const struct tcp_streams_bounds *bounds, uint64_t seed,
				    void (*on_gone)(void *ctx, struct tcp_stream *s, bool evicted), void *ctx)
{
	struct tcp_streams *t = calloc(1, sizeof(*t));

	if (t && !hash_init(&t->table, bounds->streams)) {
		free(t);
		return NULL;
	}
	if (t) {
		t->bounds = *bounds;
		t->seed = seed;
		t->on_gone = on_gone;
		t->ctx = ctx;
	}
	return t;
}

void tcp_streams_free(struct tcp_streams *t)
{
	if (!t)
		return;
	while (t->oldest)
		tcp_stream_drop(t, t->oldest);
	hash_fini(&t->table);
	free(t);
}

void tcp_streams_age(struct tcp_streams *t, uint64_t now_ms)
{
	while (t->oldest && now_ms >= t->oldest->since_ms && now_ms - t->oldest->since_ms >= t->bounds.ms)
		gone(t, t->oldest, false);
}

struct tcp_stream *tcp_streams_oldest(const struct tcp_streams *t) { return t->oldest; }
uint32_t tcp_streams_count(const struct tcp_streams *t) { return t->count; }
uint64_t tcp_streams_bytes(const struct tcp_streams *t) { return t->bytes; }

/* --- one stream ---------------------------------------------------------------------- */

struct tcp_stream *tcp_stream_find(const struct tcp_streams *t, const struct addr *src, const struct addr *dst)
{
	uint64_t hash = key_hash(t, src, dst);

	for (struct hash_node *n = hash_first(&t->table, hash); n; n = hash_next(n->next, hash)) {
		struct tcp_stream *s = CONTAINER_OF(n, struct tcp_stream, node);

		if (same_end(&s->src, src) && same_end(&s->dst, dst))
			return s;
	}
	return NULL;
}

struct tcp_stream *tcp_stream_new(struct tcp_streams *t, const struct addr *src, const struct addr *dst, uint32_t seq, bool certain,
				  uint64_t now_ms)
{
	struct tcp_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	while (t->count >= t->bounds.streams)
		gone(t, t->oldest, true);
	s->src = *src;
	s->dst = *dst;
	s->base = seq;
	s->certain = certain;
	hash_put(&t->table, &s->node, key_hash(t, src, dst));
	list_append(t, s, now_ms);
	t->count++;
	return s;
}

/* agrees - are those of the bytes from @at on that are there already the same as @in? */
static bool agrees(const struct tcp_stream *s, uint32_t at, struct span in)
{
	if (at + in.len <= s->whole)
		return memcmp(s->bytes + at, in.p, in.len) == 0;
	for (uint32_t i = 0; i < in.len && at + i < s->end; i++)
		if (there(s, at + i) && s->bytes[at + i] != in.p[i])
			return false;
	return true;
}

enum tcp_stream_result tcp_stream_add(struct tcp_streams *t, struct tcp_stream *s, uint32_t seq, struct span payload)
{
	uint32_t most = t->bounds.bytes_each, at = seq - s->base;

	if (s->conflict)
		return TCP_STREAM_CONFLICT;
	if (payload.len == 0)
		return TCP_STREAM_SAME;
	if ((int32_t)at < 0 && s->certain) {		/* what lies before the beginning was skipped, or is a keep-alive's byte */
		if (payload.len <= -at)
			return TCP_STREAM_SAME;
		payload = span_skip(payload, -at);
		at = 0;
	} else if ((int32_t)at < 0) {			/* an earlier beginning than the one that was seen first */
		uint32_t up = -at;

		if (up > most || s->end + up > most)
			return TCP_STREAM_OVER;
		if (!buffer_grow(t, s, s->end + up))
			return TCP_STREAM_NO_MEMORY;
		move_up(s, up);
		s->base = seq;
		at = 0;
	}
	if (at >= most)
		return TCP_STREAM_OVER;
	if (payload.len > most - at)
		payload.len = most - at;
	if (at < s->end && !agrees(s, at, payload)) {
		s->conflict = true;
		return TCP_STREAM_CONFLICT;
	}
	if (!buffer_grow(t, s, at + (uint32_t)payload.len))
		return TCP_STREAM_NO_MEMORY;
	memcpy(s->bytes + at, payload.p, payload.len);
	mark(s, at, at + (uint32_t)payload.len);
	if (s->end < at + payload.len)
		s->end = at + (uint32_t)payload.len;
	return grow_whole(s) ? TCP_STREAM_GREW : TCP_STREAM_SAME;
}

void tcp_stream_skip(struct tcp_streams *t, struct tcp_stream *s, uint32_t n, uint64_t now_ms)
{
	if (n)
		move_down(s, n);
	s->base += n;
	s->certain = true;
	list_remove(t, s);
	list_append(t, s, now_ms);
}

void tcp_stream_drop(struct tcp_streams *t, struct tcp_stream *s)
{
	hash_remove(&t->table, &s->node);
	list_remove(t, s);
	t->count--;
	if (s->room)
		t->bytes -= buffer_bytes(s->room);
	free(s->bytes);
	free(s);
}
