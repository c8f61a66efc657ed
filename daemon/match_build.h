/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_build - filters in, the sections of match_image.h out
 *
 * Equal filters are folded (the first stays), and a badfilter removes its twins, whichever list and order they come in,
 * also those of other builders that are told to listen to it.
 */
#ifndef DEJUNK_MATCH_BUILD_H
#define DEJUNK_MATCH_BUILD_H

#include <stdint.h>

#include "filter.h"
#include "image.h"

struct match_builder;

enum { MATCH_LISTS = 256, MATCH_PARTS = 64,	/* lists; room for match_build_finish() */
       MATCH_BADS = 16 };			/* builders whose badfilters one may listen to */

struct match_builder *match_build_new(uint64_t seed);	/* NULL: out of memory */
void match_build_free(struct match_builder *b);

/* match_build_exceptions - from now on whatever is added counts as an exception of its kind, as if written with "@@" */
void match_build_exceptions(struct match_builder *b);

/* match_build_add - one filter of kind FILTER_NETWORK
 * @line: the filter as written (borrowed, as @f is), which may hold no line feed
 * @list: below MATCH_LISTS; @number: of the line
 * Returns false: memory or the limits of the format are exhausted; what was added before stays. */
bool match_build_add(struct match_builder *b, const struct filter *f, struct span line, unsigned list, uint32_t number);

/* match_build_bads_of - the badfilters of @other act on the filters of @b, too
 * @other: made with the same seed, and complete but for its end; borrowed until @b is finished.  At most MATCH_BADS - 1 of them. */
void match_build_bads_of(struct match_builder *b, const struct match_builder *other);

/* match_build_finish - make the sections; call once
 * @instance: of the sections
 * @part: room for MATCH_PARTS, filled; the bytes are the builder's
 * @folded: for each list, how many of its filters were duplicates of an earlier one, or removed by a badfilter; may be NULL
 * Returns the number of parts; 0: out of memory. */
size_t match_build_finish(struct match_builder *b, uint32_t instance, struct image_part part[MATCH_PARTS],
			  uint32_t folded[MATCH_LISTS]);

#endif
