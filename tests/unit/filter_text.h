/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter_text - a filter as one line of text, for tests to compare */
#ifndef DEJUNK_FILTER_TEXT_H
#define DEJUNK_FILTER_TEXT_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "filter.h"

enum { FILTER_TEXT_MAX = 4096 };

__attribute__((format(printf, 2, 3)))
static inline void filter_text_add(char out[FILTER_TEXT_MAX], const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + len, FILTER_TEXT_MAX - len, format, args);
	va_end(args);
}

static inline void filter_text_domains(char out[FILTER_TEXT_MAX], const char *key, struct span list)
{
	struct filter_domains it = { .rest = list };
	struct filter_domain d;
	const char *between = "";

	if (list.len == 0)
		return;
	filter_text_add(out, " %s=", key);
	while (filter_domain_next(&it, &d)) {
		filter_text_add(out, "%s%s%.*s%s", between, d.negated ? "~" : "", SPAN_FMT(d.name), d.any_tld ? ".*" : "");
		between = "|";
	}
}

static inline void filter_text_types(char out[FILTER_TEXT_MAX], const struct filter *f)
{
	const char *between = " ";

	if (!f->types_named)
		return;
	if (f->types == FILTER_TYPES_ALL || f->types == FILTER_TYPES_DEFAULT) {
		filter_text_add(out, f->types == FILTER_TYPES_ALL ? " all" : " default");
		return;
	}
	for (unsigned i = 0; i < FILTER_TYPE_BITS; i++) {
		if (f->types >> i & 1) {
			filter_text_add(out, "%s%s", between, filter_type_text((enum filter_type_bit)i));
			between = "+";
		}
	}
}

/* filter_text - what @f says: "block host a.test image 3p"; of what is not used its reason */
static inline const char *filter_text(const struct filter *f, char out[FILTER_TEXT_MAX])
{
	static const char *const reasons[] = {
#define FILTER_REASON(name, kind, text) #name,
#include "tbl/filter_reason.h"
#undef FILTER_REASON
	};
	static const char *const actions[] = { "", " redirect", " redirect-rule", " removeparam", " cookie" };
	static const char *const parties[] = { "1p", "3p", "strict1p", "strict3p" };

	out[0] = '\0';
	if (f->kind != FILTER_NETWORK) {
		filter_text_add(out, "%s", reasons[f->reason]);
		return out;
	}
	filter_text_add(out, "%s%s ", f->exception ? "allow" : "block", actions[f->action]);
	filter_text_add(out, f->host_only ? "host " : f->regex ? "/" :
			f->anchors & FILTER_ANCHOR_HOST ? "||" : f->anchors & FILTER_ANCHOR_START ? "|" : "");
	filter_text_add(out, "%.*s%s", SPAN_FMT(f->pattern), f->regex ? "/" : f->anchors & FILTER_ANCHOR_END ? "|" : "");
	if (f->pattern.len == 0)
		filter_text_add(out, "any");
	filter_text_types(out, f);
	if (f->document_host)
		filter_text_add(out, " +document");
	for (int i = 0; i < 4; i++)
		if (f->party >> i & 1)
			filter_text_add(out, " %s", parties[i]);
	if (f->methods != FILTER_METHODS_ALL)
		filter_text_add(out, " methods=%x", f->methods);
	filter_text_domains(out, "from", f->from);
	filter_text_domains(out, "to", f->to);
	filter_text_domains(out, "denyallow", f->denyallow);
	filter_text_add(out, "%s%s%s", f->match_case ? " match-case" : "", f->important ? " important" : "",
			f->badfilter ? " badfilter" : "");
	if (f->resource_name.len)
		filter_text_add(out, " resource=%.*s:%d:%d", SPAN_FMT(f->resource_name), f->redirect_priority, f->resource);
	if (f->action == FILTER_REMOVEPARAM || f->action == FILTER_COOKIE)
		filter_text_add(out, " name=%s%s%.*s%s%s", f->name_negated ? "~" : "", f->name_regex ? "/" : "",
				SPAN_FMT(f->name), f->name_regex ? "/" : "", f->name_nocase ? "i" : "");
	if (f->max_age >= 0)
		filter_text_add(out, " maxAge=%lld", (long long)f->max_age);
	if (f->same_site.len)
		filter_text_add(out, " sameSite=%.*s", SPAN_FMT(f->same_site));
	return out;
}

#endif
