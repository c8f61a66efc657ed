/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_lists - lists and real requests for the tests and benchmarks of match */
#ifndef DEJUNK_TESTS_MATCH_LISTS_H
#define DEJUNK_TESTS_MATCH_LISTS_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "filter.h"
#include "list_adblock.h"
#include "match.h"
#include "match_build.h"

/* what a program needs to ask questions, made from the text of lists */
struct match_made {
	struct image image;
	struct match *match;
	uint32_t filters;		/* of kind FILTER_NETWORK in the texts */
	uint32_t folded[MATCH_LISTS];
};

struct match_adding {
	struct match_builder *b;
	unsigned list;
	uint32_t filters;
};

static inline void match_add_one(void *ctx, const struct filter *f, struct span line, uint32_t number)
{
	struct match_adding *a = ctx;

	a->filters++;
	if (!match_build_add(a->b, f, line, a->list, number))
		abort();
}

static inline void match_add_list(struct match_builder *b, struct span text, unsigned list, uint32_t *filters)
{
	struct match_adding a = { b, list, 0 };
	struct adblock_sink sink = { .filter = match_add_one, .ctx = &a };
	struct adblock_stats stats;

	list_adblock_read(text, &sink, &stats);
	*filters += a.filters;
}

/* match_make - build, write and map; aborts on failure */
static inline void match_make(struct match_made *made, const struct span *list, unsigned lists, uint64_t seed,
			      const psl_ctx_t *psl)
{
	struct match_builder *b = match_build_new(seed);
	struct image_part part[MATCH_PARTS];
	const char *why = "?";
	size_t parts;
	int fd;

	memset(made, 0, sizeof(*made));
	for (unsigned i = 0; i < lists; i++)
		match_add_list(b, list[i], i, &made->filters);
	parts = match_build_finish(b, 0, part, made->folded);
	fd = parts ? image_write(part, parts, 1, seed) : -1;
	match_build_free(b);
	if (fd >= 0)
		why = image_map(fd, &made->image);
	if (!why)
		made->match = match_open(&made->image, 0, psl, &why);
	if (!made->match) {
		fprintf(stderr, "cannot make an image: %s\n", why ? why : "no filters");
		abort();
	}
	close(fd);
}

static inline void match_unmake(struct match_made *made)
{
	match_close(made->match);
	image_unmap(&made->image);
}

static inline uint32_t match_type_of(struct span word)
{
	static const struct { const char *word; uint32_t type; } known[] = {
		{ "main_frame", FILTER_TYPE_DOCUMENT }, { "sub_frame", FILTER_TYPE_SUBDOCUMENT },
		{ "script", FILTER_TYPE_SCRIPT }, { "image", FILTER_TYPE_IMAGE }, { "stylesheet", FILTER_TYPE_STYLESHEET },
		{ "xhr", FILTER_TYPE_XHR }, { "font", FILTER_TYPE_FONT }, { "media", FILTER_TYPE_MEDIA },
		{ "websocket", FILTER_TYPE_WEBSOCKET }, { "ping", FILTER_TYPE_PING },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (span_eq(word, span_of(known[i].word)))
			return known[i].type;
	return FILTER_TYPE_OTHER;
}

static inline uint32_t match_method_of(struct span word)
{
	static const char *const known[] = { "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (span_eq(word, span_of(known[i])))
			return 1u << i;
	return FILTER_METHOD_OTHER;
}

/* match_columns - the first @n tab-separated columns of the next line of @rest; false: none left */
static inline bool match_columns(struct span *rest, struct span *column, size_t n)
{
	struct span line;

	do {
		if (!rest->len)
			return false;
		line = span_until(*rest, '\n');
		*rest = span_skip(*rest, line.len + 1);
	} while (!line.len || *line.p == '#');
	for (size_t i = 0; i < n; i++) {
		column[i] = span_until(line, '\t');
		line = span_skip(line, column[i].len + 1);
	}
	return true;
}

/* match_next_request - the next line of requests.tsv as a question, type and URL as given */
static inline bool match_next_request(struct span *rest, struct match_question *q)
{
	struct span column[6];

	if (!match_columns(rest, column, 6))
		return false;
	*q = (struct match_question){
		.url = column[5], .unknown_is_third = true,
		.source = span_eq(column[4], SPAN_LIT("-")) ? (struct span){ "", 0 } : column[4],
		.type = match_type_of(column[2]), .method = match_method_of(column[1]),
	};
	return true;
}

#endif
