/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_include - "!#include PATH" in a list of filters: which lines are to be followed, what URL they mean, the whole as one text
 *
 * As AdGuard's and uBlock Origin's own tools do it: PATH is relative to the file it stands in, and of the same origin;
 * a line that an "!#if" keeps from us is not followed; a file is taken once, so a circle ends.  Pure: who fetches is
 * fetch_include.
 */
#ifndef DEJUNK_LIST_INCLUDE_H
#define DEJUNK_LIST_INCLUDE_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"
#include "span.h"

struct list_include {		/* a line that is to be followed */
	uint32_t line;		/* of the file it stands in, from 1 */
	struct span path;	/* borrowed from its text */
	unsigned part;		/* its file; 0: that is in the list already, at another place */
};

struct list_part {		/* a file of the list */
	struct span text;	/* borrowed */
	char url[LIMIT_LIST_URL_BYTES + 1];
	unsigned depth;		/* 0: the list itself */
	unsigned first, count;	/* of struct list_tree.include */
};

struct list_tree {
	struct list_part part[LIMIT_LIST_INCLUDES + 1];
	unsigned parts;
	struct list_include include[LIMIT_LIST_INCLUDES];
	unsigned includes;
};

/* list_include_find - note the lines of @t->part[part] that are to be followed; false: with them there are more than
 * LIMIT_LIST_INCLUDES in the list */
bool list_include_find(struct list_tree *t, unsigned part);
/* list_include_url - the URL that @path means in the file at @base, which is one that can be fetched, without fragment and
 * dot segments, in @out; returns NULL, or why it may not be followed */
const char *list_include_url(struct span base, struct span path, char out[LIMIT_LIST_URL_BYTES + 1]);

/* takes the next piece; false: no more is wanted */
typedef bool list_include_sink(void *ctx, struct span piece);
/* list_include_join - the whole list: each file where its line stood, between two comments that say where it is from.  What
 * a file leaves open, or closes without having opened, of "!#if", stays its own.
 * false: @sink said so */
bool list_include_join(const struct list_tree *t, list_include_sink *sink, void *ctx);

#endif
