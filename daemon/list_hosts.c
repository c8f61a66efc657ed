/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_hosts - hosts files: an address that leads nowhere, then names; comments from "#" */
#include "host.h"
#include "list.h"

static enum list_kind read_line(void *ctx, struct span line, const struct list_sink *sink, struct list_stats *stats)
{
	struct span rest = span_trim(span_until(line, '#')), word;
	enum list_kind kind = LIST_LINE_INVALID;
	char name[HOST_MAX + 1];

	(void)ctx;
	if (rest.len == 0)
		return LIST_LINE_COMMENT;
	word = list_word(&rest);
	if (!list_is_nowhere(word)) {
		struct span zone = span_until(word, '%');	/* fe80::1%lo0 localhost */

		/* "192.0.2.7 nas.lan" sends somewhere else: that is not ours to do */
		return host_normalise(zone, name) && host_is_address(span_of(name)) && rest.len ?
		       LIST_LINE_SKIPPED : LIST_LINE_INVALID;
	}
	while ((word = list_word(&rest)).len) {
		enum list_kind one = list_give(word, sink, stats);

		if (one == LIST_LINE_USED || (one == LIST_LINE_SKIPPED && kind == LIST_LINE_INVALID))
			kind = one;
	}
	return kind;
}

void list_hosts_read(struct span text, const struct list_sink *sink, struct list_stats *stats)
{
	list_read(text, read_line, NULL, sink, stats);
}
