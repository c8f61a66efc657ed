/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_dnsmasq - what a configuration of dnsmasq(8) answers with nothing */
#include "host.h"
#include "limits.h"
#include "list.h"

enum line_kind { LINE_COMMENT, LINE_USED, LINE_SKIPPED, LINE_INVALID };

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
static uint32_t give_names(struct span names, uint32_t number, const struct list_sink *sink)
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
		sink->name(sink->ctx, (struct span){ name, len }, number);
		given++;
	}
	return given;
}

static enum line_kind read_line(struct span line, uint32_t number, const struct list_sink *sink,
				struct list_stats *stats)
{
	struct span s = span_trim(line), target;
	bool address;
	uint32_t given;
	size_t last;

	if (line.len > LIMIT_LIST_LINE_BYTES)
		return LINE_INVALID;
	if (s.len == 0 || s.p[0] == '#')
		return LINE_COMMENT;
	for (size_t i = 1; i < s.len; i++)	/* "#" begins a comment only behind a blank: "/#" is a target */
		if (s.p[i] == '#' && (s.p[i - 1] == ' ' || s.p[i - 1] == '\t')) {
			s = span_trim((struct span){ s.p, i });
			break;
		}
	address = takes(&s, "address=/");
	if (!address && !takes(&s, "server=/") && !takes(&s, "local=/"))
		return is_option(s) ? LINE_SKIPPED : LINE_INVALID;
	for (last = s.len; last && s.p[last - 1] != '/'; last--)
		;
	if (last == 0)
		return LINE_INVALID;
	target = span_trim(span_skip(s, last));
	/* "address=/name/#" answers with nowhere, "server=/name/#" asks as usual */
	if (target.len && !list_is_nowhere(target) && !(address && span_eq(target, SPAN_LIT("#"))))
		return LINE_SKIPPED;
	given = give_names((struct span){ s.p, last }, number, sink);
	stats->names += given;
	return given ? LINE_USED : LINE_INVALID;
}

void list_dnsmasq_read(struct span text, const struct list_sink *sink, struct list_stats *stats)
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
