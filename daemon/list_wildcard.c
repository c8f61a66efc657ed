/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_wildcard - lists of names and all below them, "*.name" a line; comments from "#" */
#include "list.h"

static enum list_kind read_line(void *ctx, struct span line, const struct list_sink *sink, struct list_stats *stats)
{
	struct span word = span_trim(span_until(line, '#'));

	(void)ctx;
	if (word.len > 2 && word.p[0] == '*' && word.p[1] == '.')
		word = span_skip(word, 2);
	return word.len ? list_give(word, sink, stats) : LIST_LINE_COMMENT;
}

void list_wildcard_read(struct span text, const struct list_sink *sink, struct list_stats *stats)
{
	list_read(text, read_line, NULL, sink, stats);
}
