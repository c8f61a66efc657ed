/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names_table - very many host names in little memory: is this host, or a parent of it, listed, and where?
 *
 * A name is kept as a keyed 64-bit fingerprint (XXH3) and 32 bits that say list and
 * line: 12 bytes, and half a byte of directory.  Fingerprints are sorted; the
 * directory, indexed by their leading bits, leads to about eight of them, in one or
 * two cache lines.  The key is drawn at each build, so nobody can write a list with
 * names that collide with yours; by chance a lookup in a million names is wrong once
 * in 10^13.
 *
 * Names without a dot are never listed, so the last label of a host is never looked up.
 */
#ifndef DEJUNK_NAMES_TABLE_H
#define DEJUNK_NAMES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

enum { NAMES_LINE_MAX = 0xffffff };	/* line numbers from here on are kept as this one */

/* --- building ------------------------------------------------------------- */

struct names_builder {		/* all zero but seed: empty */
	uint64_t seed;
	uint64_t *fp;
	uint32_t *where;
	size_t count, room;
	bool failed;		/* out of memory */
};

/* names_where - list (0 to 255) and line in 32 bits */
static inline uint32_t names_where(unsigned list, uint32_t line)
{
	return (uint32_t)list << 24 | (line < NAMES_LINE_MAX ? line : NAMES_LINE_MAX);
}
/* names_add - one normalised name; of equal names the one added first stays */
void names_add(struct names_builder *b, struct span name, uint32_t where);
/* names_fold - sort, and drop duplicates; call once, after the last names_add
 * @directory: filled: malloc'd, the caller frees; @directory_count entries
 * @dropped: for each list (256 of them), how many of its names were duplicates
 * No names: no directory.  Returns false: out of memory. */
bool names_fold(struct names_builder *b, uint32_t **directory, size_t *directory_count, uint32_t dropped[256]);
void names_builder_fini(struct names_builder *b);

/* --- looking up ----------------------------------------------------------- */

struct names_table {		/* points into the image */
	uint64_t seed;
	const uint32_t *directory;
	unsigned shift;		/* of a fingerprint to its place in the directory */
	const uint64_t *fp;
	const uint32_t *where;
	size_t count;
};

/* names_table_open - check the three arrays and fill @t; false: they do not belong together */
bool names_table_open(struct names_table *t, uint64_t seed, const uint32_t *directory, size_t directory_count,
		      const uint64_t *fp, const uint32_t *where, size_t count);
/* names_find - the longest listed name that is @host or a parent of it
 * @host: normalised; @name: filled with the part of @host that is listed
 * Returns its index in the table, or -1. */
int64_t names_find(const struct names_table *t, struct span host, struct span *name);

#endif
