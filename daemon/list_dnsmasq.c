/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_dnsmasq - what a configuration of dnsmasq(8) answers with nothing */
#include "host.h"
#include "list.h"

static bool takes(struct span *s, const char *key)
{
	size_t len = strlen(key);

	if (s->len < len || memcmp(s->p, key, len) != 0)
		return false;
	*s = span_skip(*s, len);
	return true;
}

/* "option", "option=value": some other line of a configuration */
static bool is_option(struct span s)
{
	size_t n = 0;

	while (n < s.len && ((s.p[n] >= 'a' && s.p[n] <= 'z') || s.p[n] == '-' || (n && s.p[n] >= '0' && s.p[n] <= '9')))
		n++;
	return n && (n == s.len || s.p[n] == '=' || s.p[n] == ' ');
}

/* "name/name/" up to the last slash; returns names given */
static uint32_t give_names(struct span names, const struct list_sink *sink, struct list_stats *stats)
{
	uint32_t given = 0;

	while (names.len) {
		struct span word = span_until(names, '/');
		char name[HOST_MAX + 1];
		size_t len;

		names = span_skip(names, word.len + 1);
		if (word.len > 2 && word.p[0] == '*' && word.p[1] == '.')	/* since 2.86: those below only */
			word = span_skip(word, 2);
		else if (word.len > 1 && word.p[0] == '.')			/* an older way to write the same */
			word = span_skip(word, 1);
		len = host_normalise(word, name);
		if (len == 0 || !memchr(name, '.', len))
			continue;
		sink->name(sink->ctx, (struct span){ name, len }, stats->lines);
		stats->names++;
		given++;
	}
	return given;
}

static enum list_kind read_line(void *ctx, struct span line, const struct list_sink *sink, struct list_stats *stats)
{
	struct span s = span_trim(line), target;
	bool address;
	size_t last;

	(void)ctx;
	if (s.len == 0 || s.p[0] == '#')
		return LIST_LINE_COMMENT;
	for (size_t i = 1; i < s.len; i++)	/* "#" begins a comment only behind a blank: "/#" is a target */
		if (s.p[i] == '#' && (s.p[i - 1] == ' ' || s.p[i - 1] == '\t')) {
			s = span_trim((struct span){ s.p, i });
			break;
		}
	address = takes(&s, "address=/");
	if (!address && !takes(&s, "server=/") && !takes(&s, "local=/"))
		return is_option(s) ? LIST_LINE_SKIPPED : LIST_LINE_INVALID;
	for (last = s.len; last && s.p[last - 1] != '/'; last--)
		;
	if (last == 0)
		return LIST_LINE_INVALID;
	target = span_trim(span_skip(s, last));
	/* "address=/name/#" answers with nowhere, "server=/name/#" asks as usual */
	if (target.len && !list_is_nowhere(target) && !(address && span_eq(target, SPAN_LIT("#"))))
		return LIST_LINE_SKIPPED;
	return give_names((struct span){ s.p, last }, sink, stats) ? LIST_LINE_USED : LIST_LINE_INVALID;
}

void list_dnsmasq_read(struct span text, const struct list_sink *sink, struct list_stats *stats)
{
	list_read(text, read_line, NULL, sink, stats);
}
