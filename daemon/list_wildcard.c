/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_wildcard - lists of names and all below them, "*.name" a line; comments from "#" */
#include "host.h"
#include "limits.h"
#include "list.h"

void list_wildcard_read(struct span text, const struct list_sink *sink, struct list_stats *stats)
{
	char name[HOST_MAX + 1];
	struct span line;

	*stats = (struct list_stats){ 0 };
	text = list_skip_bom(text);
	while (list_line(&text, &line)) {
		struct span word = span_trim(span_until(line, '#'));
		size_t len;

		stats->lines++;
		if (line.len > LIMIT_LIST_LINE_BYTES) {
			stats->invalid++;
			continue;
		}
		if (word.len == 0) {
			stats->comments++;
			continue;
		}
		if (word.len > 2 && word.p[0] == '*' && word.p[1] == '.')
			word = span_skip(word, 2);
		if (list_is_local(word)) {
			stats->skipped++;
			continue;
		}
		len = host_normalise(word, name);
		if (len == 0 || !memchr(name, '.', len)) {
			stats->invalid++;
			continue;
		}
		sink->name(sink->ctx, (struct span){ name, len }, stats->lines);
		stats->names++;
		stats->used++;
	}
}
