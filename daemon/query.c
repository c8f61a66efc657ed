/* SPDX-License-Identifier: GPL-3.0-or-later */
/* query - the parameters of a request target: read them one by one, leave some out */
#include "query.h"

struct span query_of(struct span target)
{
	struct span s = span_until(target, '#');
	size_t before = span_until(s, '?').len;

	return before == s.len ? (struct span){ NULL, 0 } : span_skip(s, before + 1);
}

bool query_next(struct span *rest, struct span *param)
{
	if (!rest->p)
		return false;
	*param = span_until(*rest, '&');
	/* what follows the last "&" is a parameter too: a null pointer marks the end */
	if (param->len == rest->len)
		*rest = (struct span){ NULL, 0 };
	else
		*rest = span_skip(*rest, param->len + 1);
	return true;
}

static int hex(char c)
{
	c = char_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t query_decode(struct span s, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		int high, low;

		if (s.p[i] != '%') {
			out[len++] = s.p[i];
			continue;
		}
		if (s.len - i < 3)
			return 0;
		high = hex(s.p[i + 1]);
		low = hex(s.p[i + 2]);
		if (high < 0 || low < 0)
			return 0;
		out[len++] = (char)(high << 4 | low);
		i += 2;
	}
	return len == s.len ? 0 : len;
}

static char *append(char *to, struct span s)
{
	if (s.len)
		memcpy(to, s.p, s.len);
	return to + s.len;
}

unsigned query_edit(struct span target, bool (*keep)(struct span param, void *arg), void *arg, char *out, size_t *len)
{
	struct span query = query_of(target), rest = query, param;
	bool first = true, any = false;
	unsigned removed = 0;
	char *to = out;

	if (!query.p)
		return 0;
	to = append(to, (struct span){ target.p, (size_t)(query.p - target.p) });
	while (query_next(&rest, &param)) {
		if (param.len && !keep(param, arg)) {
			removed++;
			continue;
		}
		if (!first)
			*to++ = '&';
		to = append(to, param);
		first = false;
		any = any || param.len;
	}
	if (!any)
		to = out + (query.p - target.p) - 1;
	to = append(to, span_skip(target, (size_t)(query.p - target.p) + query.len));
	if (removed)
		*len = (size_t)(to - out);
	return removed;
}
