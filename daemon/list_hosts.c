/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_hosts - hosts files: an address that leads nowhere, then names; comments from "#" */
#include "host.h"
#include "limits.h"
#include "list.h"

static struct span next_word(struct span *rest)
{
	struct span word;

	while (rest->len && (*rest->p == ' ' || *rest->p == '\t'))
		rest->p++, rest->len--;
	word = (struct span){ rest->p, 0 };
	while (word.len < rest->len && rest->p[word.len] != ' ' && rest->p[word.len] != '\t')
		word.len++;
	*rest = span_skip(*rest, word.len);
	return word;
}

enum line_kind { LINE_COMMENT, LINE_USED, LINE_SKIPPED, LINE_INVALID };

static enum line_kind read_line(struct span line, uint32_t number, const struct list_sink *sink,
				struct list_stats *stats)
{
	struct span rest = span_trim(span_until(line, '#')), word;
	enum line_kind kind = LINE_INVALID;
	char name[HOST_MAX + 1];

	if (line.len > LIMIT_LIST_LINE_BYTES)
		return LINE_INVALID;
	if (rest.len == 0)
		return LINE_COMMENT;
	word = next_word(&rest);
	if (!list_is_nowhere(word)) {
		struct span zone = span_until(word, '%');	/* fe80::1%lo0 localhost */

		/* "192.0.2.7 nas.lan" sends somewhere else: that is not ours to do */
		return host_normalise(zone, name) && host_is_address(span_of(name)) && rest.len ?
		       LINE_SKIPPED : LINE_INVALID;
	}
	while ((word = next_word(&rest)).len) {
		size_t len;

		if (list_is_local(word)) {
			if (kind == LINE_INVALID)
				kind = LINE_SKIPPED;
			continue;
		}
		len = host_normalise(word, name);
		if (len == 0 || !memchr(name, '.', len))
			continue;
		sink->name(sink->ctx, (struct span){ name, len }, number);
		stats->names++;
		kind = LINE_USED;
	}
	return kind;
}

void list_hosts_read(struct span text, const struct list_sink *sink, struct list_stats *stats)
{
	struct span line;

	*stats = (struct list_stats){ 0 };
	text = list_skip_bom(text);
	while (list_line(&text, &line)) {
		stats->lines++;
		switch (read_line(line, stats->lines, sink, stats)) {
		case LINE_COMMENT:
			stats->comments++;
			break;
		case LINE_USED:
			stats->used++;
			break;
		case LINE_SKIPPED:
			stats->skipped++;
			break;
		case LINE_INVALID:
			stats->invalid++;
			break;
		}
	}
}
