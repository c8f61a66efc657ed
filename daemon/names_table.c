/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names_table - sorted fingerprints under a directory of their leading bits */
#include "names_table.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "host.h"

enum { NAMES_PER_SLOT = 8,	/* fingerprints a directory entry leads to, about */
       NAMES_LABELS = 127 };	/* labels a name can have */

static uint64_t name_fingerprint(struct span name, uint64_t seed)
{
	return XXH3_64bits_withSeed(name.p, name.len, seed);
}

void names_add(struct names_builder *b, struct span name, uint32_t where)
{
	if (b->failed)
		return;
	if (b->count == b->room) {
		size_t room = b->room ? b->room * 2 : 4096;
		uint64_t *fp = realloc(b->fp, room * sizeof(*fp));
		uint32_t *at;

		if (fp)
			b->fp = fp;
		at = realloc(b->where, room * sizeof(*at));
		if (at)
			b->where = at;
		if (!fp || !at) {
			b->failed = true;
			return;
		}
		b->room = room;
	}
	b->fp[b->count] = name_fingerprint(name, b->seed);
	b->where[b->count++] = where;
}

void names_builder_fini(struct names_builder *b)
{
	free(b->fp);
	free(b->where);
	b->fp = NULL;
	b->where = NULL;
	b->count = b->room = 0;
}

/* the directory has 2^bits entries and one more, the end */
static unsigned directory_bits(size_t count)
{
	unsigned bits = 1;

	while (((size_t)NAMES_PER_SLOT << bits) < count)
		bits++;
	return bits;
}

/* sort the @n fingerprints of one slot and drop duplicates, the first added stays; returns how many are left.
 * Dropping at once keeps this cheap when one name was added a million times. */
static size_t slot_fold(uint64_t *fp, uint32_t *where, size_t n, uint32_t dropped[256])
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t f = fp[i];
		uint32_t w = where[i];
		size_t j = kept;

		while (j && fp[j - 1] > f)
			j--;
		if (j && fp[j - 1] == f) {
			dropped[w >> 24]++;
			continue;
		}
		memmove(fp + j + 1, fp + j, (kept - j) * sizeof(*fp));
		memmove(where + j + 1, where + j, (kept - j) * sizeof(*where));
		fp[j] = f;
		where[j] = w;
		kept++;
	}
	return kept;
}

bool names_fold(struct names_builder *b, uint32_t **directory, size_t *directory_count, uint32_t dropped[256])
{
	unsigned bits = directory_bits(b->count), shift = 64 - bits;
	size_t slots = (size_t)1 << bits, kept = 0, n = b->count;
	uint32_t *dir, *where;
	uint64_t *fp;

	*directory = NULL;
	*directory_count = 0;
	memset(dropped, 0, 256 * sizeof(dropped[0]));
	if (n == 0)
		return !b->failed;
	dir = calloc(slots + 1, sizeof(*dir));
	where = malloc(n * sizeof(*where));
	fp = malloc(n * sizeof(*fp));
	if (!dir || !where || !fp || b->failed) {
		free(dir);
		free(where);
		free(fp);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		dir[(b->fp[i] >> shift) + 1]++;
	for (size_t i = 0; i < slots; i++)
		dir[i + 1] += dir[i];
	for (size_t i = 0; i < n; i++) {	/* dir[s] moves to the end of slot s, which is where s + 1 began */
		uint32_t at = dir[b->fp[i] >> shift]++;

		fp[at] = b->fp[i];
		where[at] = b->where[i];
	}
	for (size_t s = 0, from = 0; s < slots; s++) {
		size_t to = dir[s];

		n = slot_fold(fp + from, where + from, to - from, dropped);
		dir[s] = (uint32_t)kept;
		memcpy(b->fp + kept, fp + from, n * sizeof(*fp));	/* b's own order is no longer needed */
		memcpy(b->where + kept, where + from, n * sizeof(*where));
		kept += n;
		from = to;
	}
	dir[slots] = (uint32_t)kept;
	b->count = kept;
	free(where);
	free(fp);
	*directory = dir;
	*directory_count = slots + 1;
	return true;
}

bool names_table_open(struct names_table *t, uint64_t seed, const uint32_t *directory, size_t directory_count,
		      const uint64_t *fp, const uint32_t *where, size_t count)
{
	unsigned bits = 0;

	*t = (struct names_table){ .seed = seed, .directory = directory, .fp = fp, .where = where, .count = count };
	if (count == 0)
		return true;
	if (directory_count < 3)
		return false;
	while (((size_t)1 << bits) < directory_count - 1)
		bits++;
	if (((size_t)1 << bits) != directory_count - 1 || bits > 32)
		return false;
	t->shift = 64 - bits;
	for (size_t i = 0; i + 1 < directory_count; i++)
		if (directory[i] > directory[i + 1])
			return false;
	return directory[directory_count - 1] == count;
}

int64_t names_find(const struct names_table *t, struct span host, struct span *name)
{
	uint64_t fp[NAMES_LABELS];
	uint16_t skip[NAMES_LABELS];
	unsigned n = 0;

	if (t->count == 0 || host.len == 0 || host.len > HOST_MAX)
		return -1;
	if (host_is_address(host)) {
		fp[n++] = name_fingerprint(host, t->seed);
		skip[0] = 0;
	} else {
		/* all of them first: the cache misses then overlap */
		for (struct span rest = host; n < NAMES_LABELS; ) {
			struct span label = span_until(rest, '.');

			if (label.len == rest.len)
				break;
			fp[n] = name_fingerprint(rest, t->seed);
			__builtin_prefetch(&t->fp[t->directory[fp[n] >> t->shift]]);
			skip[n++] = (uint16_t)(host.len - rest.len);
			rest = span_skip(rest, label.len + 1);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		const uint32_t *d = &t->directory[fp[i] >> t->shift];

		for (uint32_t at = d[0]; at < d[1]; at++)
			if (t->fp[at] == fp[i]) {
				*name = span_skip(host, skip[i]);
				return at;
			}
	}
	return -1;
}
