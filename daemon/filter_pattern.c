/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter_pattern - the part of a network filter before its "$": anchors, host, regular expression */
#include <string.h>

#include "container.h"
#include "filter_parts.h"
#include "limits.h"
#include "list.h"
#include "regex.h"

enum { PATTERN_MAX = 1024 };	/* bytes; longer ones exist in no list and uBlock Origin refuses them too */

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (char_lower(c) >= 'a' && char_lower(c) <= 'z');
}

bool filter_regex_ok(struct span expression)
{
	struct regex *r;

	if (expression.len == 0 || expression.len > LIMIT_REGEX_PATTERN_BYTES)
		return false;
	r = regex_new(expression, true, NULL, 0, NULL);
	regex_free(r);
	return r != NULL;
}

/* @host becomes the pattern, normalised; false: it is no host */
static bool set_host(struct filter *f, struct span host)
{
	char name[HOST_MAX + 1], *kept;
	size_t len;

	if (memchr(host.p, ':', host.len) || host.p[host.len - 1] == '.')
		return false;
	len = host_normalise(host, name);
	if (len == 0)
		return false;
	f->pattern = host;
	if (len != host.len || memcmp(name, host.p, len) != 0) {
		kept = filter_keep(f, len);
		if (!kept)
			return false;
		memcpy(kept, name, len);
		f->pattern = (struct span){ kept, len };
	}
	f->host_only = true;
	f->anchors = FILTER_ANCHOR_HOST;
	return true;
}

/* "0.0.0.0 ads.example": a line of a hosts file */
static bool read_hosts_line(struct filter *f, struct span p, size_t word)
{
	struct span name = span_trim(span_skip(p, word));

	if (!list_is_nowhere((struct span){ p.p, word }))
		return filter_refuse(f, FILTER_REASON_PATTERN, p);
	if (list_is_local(name))
		return filter_refuse(f, FILTER_REASON_LOCAL, name);
	if (!memchr(name.p, '.', name.len) || !set_host(f, name))
		return filter_refuse(f, FILTER_REASON_HOST, name);
	return true;
}

/* as in a plain list of names: a filter without any sign but letters, digits, "-", "_" in the middle, and dots */
static bool is_bare_host(struct span p)
{
	bool dot = false;

	for (size_t i = 0; i < p.len; i++) {
		bool edge = i == 0 || p.p[i - 1] == '.' || i == p.len - 1;

		if (p.p[i] == '.' ? edge : !is_alnum(p.p[i]) && (edge || (p.p[i] != '-' && p.p[i] != '_')))
			return false;
		dot |= p.p[i] == '.';
	}
	return dot;
}

/* the host at the beginning becomes ASCII label by label, what follows is percent-encoded, as URLs on the wire are */
static bool rewrite(struct filter *f)
{
	char out[PATTERN_MAX * 3], name[HOST_MAX + 1], *kept;
	struct span p = f->pattern;
	size_t n = 0, i = 0;

	while (i < p.len) {			/* one label and the dot behind it */
		size_t end = i, len = 0;
		bool foreign = false;

		while (end < p.len && (is_alnum(p.p[end]) || (p.p[end] & 0x80) || (p.p[end] && strchr("%*-_", p.p[end])))) {
			foreign |= (p.p[end] & 0x80) != 0;
			end++;
		}
		if (end == i && (end == p.len || p.p[end] != '.'))
			break;
		if (foreign)
			len = host_normalise((struct span){ p.p + i, end - i }, name);
		if (foreign && len == 0)
			break;
		memcpy(out + n, len ? name : p.p + i, len ? len : end - i);
		n += len ? len : end - i;
		i = end;
		if (i < p.len && p.p[i] != '.')
			break;
		if (i < p.len)
			out[n++] = p.p[i++];
		if (n + HOST_MAX >= sizeof(out))
			return false;
	}
	for (; i < p.len; i++) {
		static const char hex[] = "0123456789abcdef";
		unsigned char c = (unsigned char)p.p[i];

		if (n + 3 > sizeof(out))
			return false;
		if (c < 0x80) {
			out[n++] = p.p[i];
			continue;
		}
		out[n++] = '%';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	kept = filter_keep(f, n);
	if (!kept)
		return false;
	memcpy(kept, out, n);
	f->pattern = (struct span){ kept, n };
	return true;
}

/* takes anchors and what means nothing off both ends; an anchor before a byte that is no letter, digit or "%" says
 * nothing to uBlock Origin, and is dropped */
static struct span strip(struct filter *f, struct span p)
{
	if (p.len && p.p[0] == '|') {
		size_t bars = p.len > 1 && p.p[1] == '|' ? 2 : 1;

		p = span_skip(p, bars);
		if (p.len && (is_alnum(p.p[0]) || p.p[0] == '%' || (p.p[0] & 0x80)))
			f->anchors = bars == 2 ? FILTER_ANCHOR_HOST : FILTER_ANCHOR_START;
	}
	if (p.len && p.p[p.len - 1] == '|') {
		p.len--;
		if (p.len && p.p[p.len - 1] != '*')
			f->anchors |= FILTER_ANCHOR_END;
	}
	while (p.len && p.p[0] == '*')
		p = span_skip(p, 1);
	if (f->anchors & FILTER_ANCHOR_END)
		return p;
	while (p.len && p.p[p.len - 1] == '*')
		p.len--;
	while (p.len >= 2 && p.p[p.len - 1] == '^' && p.p[p.len - 2] == '*')
		for (p.len--; p.len && p.p[p.len - 1] == '*';)
			p.len--;
	return p;
}

bool filter_pattern_read(struct filter *f, struct span p, const struct filter_options *o)
{
	bool foreign = false;

	if (!f->exception && !o->any)
		for (size_t i = 1; i < p.len; i++)
			if (p.p[i] == ' ' || p.p[i] == '\t')
				return read_hosts_line(f, p, i);
	if (p.len > 2 && p.p[0] == '/' && p.p[p.len - 1] == '/') {
		f->regex = true;
		f->pattern = (struct span){ p.p + 1, p.len - 2 };
		return filter_regex_ok(f->pattern) || filter_refuse(f, FILTER_REASON_REGEX, p);
	}
	if (o->plain && is_bare_host(p) && set_host(f, p))
		return true;
	f->pattern = strip(f, p);
	if (f->pattern.len <= 1 && !o->any)
		return filter_refuse(f, FILTER_REASON_TOO_SHORT, p);
	if (f->pattern.len > PATTERN_MAX)
		return filter_refuse(f, FILTER_REASON_PATTERN, p);
	for (size_t i = 0; i < f->pattern.len; i++) {
		if (f->pattern.p[i] == ' ' || f->pattern.p[i] == '\t')
			return filter_refuse(f, FILTER_REASON_PATTERN, p);
		foreign |= (f->pattern.p[i] & 0x80) != 0;
	}
	if (f->anchors == FILTER_ANCHOR_HOST && f->pattern.len > 1 && f->pattern.p[f->pattern.len - 1] == '^' &&
	    is_alnum(f->pattern.p[f->pattern.len - 2]) | (f->pattern.p[f->pattern.len - 2] & 0x80) &&
	    set_host(f, (struct span){ f->pattern.p, f->pattern.len - 1 }))
		return true;
	return !foreign || rewrite(f) || filter_refuse(f, FILTER_REASON_PATTERN, p);
}
