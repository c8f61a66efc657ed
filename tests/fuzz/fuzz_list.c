/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_list - links: list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz host addr
 *
 * Every reader of names, whatever the text is.  Property: every line is of one kind; a name given out is normalised, has a dot,
 * and its line number grows; the text given twice gives the same again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint32_t line, names;
};

static void take(void *ctx, struct span name, uint32_t line)
{
	struct seen *seen = ctx;
	char again[HOST_MAX + 1];

	if (line < seen->line || line == 0 || !memchr(name.p, '.', name.len) ||
	    host_normalise(name, again) != name.len || memcmp(again, name.p, name.len) != 0)
		abort();
	seen->line = line;
	seen->names++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(struct span, const struct list_sink *, struct list_stats *) = {
		list_hosts_read, list_domains_read, list_wildcard_read, list_dnsmasq_read, list_rpz_read,
	};
	struct span text = { (const char *)data, size };

	list_detect(text);
	for (int i = 0; i < 5; i++) {
		struct seen seen = { 0, 0 };
		struct list_sink sink = { take, &seen };
		struct list_stats s;

		readers[i](text, &sink, &s);
		if (s.lines != s.comments + s.used + s.skipped + s.invalid || s.names != seen.names || seen.line > s.lines ||
		    s.names < s.used)
			abort();
	}
	return 0;
}
