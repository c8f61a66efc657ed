/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_shown - URLs of lists as anybody may see them */
#include "list_shown.h"

#include <stdbool.h>
#include <string.h>

static const struct span hidden = { "***", 3 };

struct shown {
	char *out;
	size_t len, room;	/* room: without the NUL */
};

static void put(struct shown *s, struct span what)
{
	size_t n = what.len < s->room - s->len ? what.len : s->room - s->len;

	memcpy(s->out + s->len, what.p, n);
	s->len += n;
}

/* the beginning of @text up to a byte that no URL has, or what ends a clause */
static struct span url_rest(struct span text)
{
	size_t n = 0;

	while (n < text.len && text.p[n] > ' ' && text.p[n] < 0x7f && !strchr("\"<>\\^`{|}", text.p[n]))
		n++;
	while (n && strchr(".,:;')", text.p[n - 1]))
		n--;
	return (struct span){ text.p, n };
}

/* @query: behind its "?" */
static void put_query(struct shown *s, struct span query)
{
	while (query.len) {
		struct span pair = span_until(query, '&'), name = span_until(pair, '=');
		bool valued = name.len < pair.len;

		if (valued) {
			put(s, name);
			put(s, SPAN_LIT("="));
		}
		if (valued ? name.len + 1 < pair.len : pair.len)
			put(s, hidden);
		query = span_skip(query, pair.len);
		if (query.len) {
			put(s, SPAN_LIT("&"));
			query = span_skip(query, 1);
		}
	}
}

/* @url: behind the "://" of its scheme */
static void put_url(struct shown *s, struct span url)
{
	struct span before = span_until(span_until(url, '#'), '?'), authority = span_until(before, '/');
	size_t host = authority.len, query = url.len - before.len;

	while (host && authority.p[host - 1] != '@')
		host--;
	if (host) {
		put(s, hidden);
		put(s, SPAN_LIT("@"));
	}
	put(s, span_skip(before, host));
	if (query && url.p[before.len] == '?') {
		struct span rest = span_skip(url, before.len + 1);

		put(s, SPAN_LIT("?"));
		put_query(s, rest);
	} else if (query) {
		put(s, SPAN_LIT("#"));
		put(s, hidden);
	}
}

size_t list_shown(struct span text, char *out, size_t out_len)
{
	struct shown s = { out, 0, out_len - 1 };

	while (text.len) {
		struct span url = { "", 0 };
		size_t n = 1;

		if (text.len >= 3 && memcmp(text.p, "://", 3) == 0) {
			n = 3;
			url = url_rest(span_skip(text, n));
		}
		put(&s, (struct span){ text.p, n });
		put_url(&s, url);
		text = span_skip(text, n + url.len);
	}
	out[s.len] = '\0';
	return s.len;
}
