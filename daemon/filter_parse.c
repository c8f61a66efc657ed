/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter_parse - what kind of line is it?  Comments, cosmetic filters, and what is left: network filters
 *
 * The order of questions is that of uBlock Origin, so that a line which could be read
 * in two ways is read in its way.
 */
#include <stddef.h>
#include <string.h>

#include "container.h"
#include "filter_parts.h"
#include "limits.h"

enum filter_kind filter_kind_of(enum filter_reason reason)
{
	static const enum filter_kind kind[FILTER_REASONS] = {
#define FILTER_REASON(name, is, text) [FILTER_REASON_##name] = FILTER_##is,
#include "tbl/filter_reason.h"
#undef FILTER_REASON
	};

	return kind[reason];
}

const char *filter_reason_text(enum filter_reason reason)
{
	static const char *const texts[FILTER_REASONS] = {
#define FILTER_REASON(name, is, text) [FILTER_REASON_##name] = text,
#include "tbl/filter_reason.h"
#undef FILTER_REASON
	};

	return texts[reason];
}

const char *filter_kind_text(enum filter_kind kind)
{
	static const char *const texts[FILTER_KINDS] = {
		[FILTER_COMMENT] = "comments", [FILTER_NETWORK] = "used", [FILTER_COSMETIC] = "cosmetic",
		[FILTER_BROWSER] = "browser-only", [FILTER_MODIFIER] = "modifiers unsupported",
		[FILTER_INVALID] = "invalid",
	};

	return texts[kind];
}

const char *filter_type_text(enum filter_type_bit type)
{
	static const char *const texts[FILTER_TYPE_BITS] = {
#define FILTER_TYPE(name, text) [FILTER_TYPE_BIT_##name] = text,
#include "tbl/filter_type.h"
#undef FILTER_TYPE
	};

	return texts[type];
}

bool filter_refuse(struct filter *f, enum filter_reason reason, struct span where)
{
	f->reason = reason;
	f->kind = filter_kind_of(reason);
	f->where = where;
	return false;
}

char *filter_keep(struct filter *f, size_t len)
{
	char *at = f->text + f->text_len;

	if (len > sizeof(f->text) - f->text_len)
		return NULL;
	f->text_len += len;
	return at;
}

static bool starts(struct span s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && memcmp(s.p, with, len) == 0;
}

static bool is_comment(struct span s)
{
	if (s.p[0] == '!')
		return true;
	if (s.p[0] == '#')
		return s.len == 1 || s.p[1] == ' ' || s.p[1] == '\t' || starts(s, "####");
	return s.p[0] == '[' && s.len >= 8 && span_eq_nocase((struct span){ s.p, 8 }, SPAN_LIT("[adblock"));
}

/* "##", "#@#", "#?#", "#$#", "#$?#", "#%#" and their exceptions, with something behind; empty: there is none */
static struct span find_cosmetic(struct span s)
{
	const char *end = s.p + s.len;

	for (const char *at = s.p; at < end && (at = memchr(at, '#', (size_t)(end - at))); at++) {
		const char *p = at + 1;

		if (p < end && *p == '@')
			p++;
		if (p < end && *p == '$') {
			p++;
			if (p < end && *p == '?')
				p++;
		} else if (p < end && (*p == '%' || *p == '?')) {
			p++;
		}
		if (end - p >= 2 && *p == '#')
			return (struct span){ at, (size_t)(p + 1 - at) };
	}
	return (struct span){ NULL, 0 };
}

/* AdGuard's HTML filters: "example.org$$script[...]", "example.org$@$..." */
static bool is_html_filter(struct span s)
{
	size_t at = 0;

	while (at < s.len && (s.p[at] == '.' || s.p[at] == ',' || s.p[at] == '~' || s.p[at] == '*' || s.p[at] == '-' ||
			      s.p[at] == '_' || (s.p[at] >= '0' && s.p[at] <= '9') ||
			      (char_lower(s.p[at]) >= 'a' && char_lower(s.p[at]) <= 'z') || (s.p[at] & 0x80)))
		at++;
	s = span_skip(s, at);
	if (!starts(s, "$$") && !starts(s, "$@$"))
		return false;
	s = span_skip(s, s.p[1] == '$' ? 2 : 3);
	return s.len && char_lower(s.p[0]) >= 'a' && char_lower(s.p[0]) <= 'z';
}

static bool utf8_ok(struct span s)
{
	for (size_t i = 0; i < s.len;) {
		unsigned char c = (unsigned char)s.p[i];
		unsigned more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 :
				c >= 0xf0 && c < 0xf5 ? 3 : 4;
		unsigned char second = i + 1 < s.len ? (unsigned char)s.p[i + 1] : 0;

		if (more == 4 || more >= s.len - i)
			return false;
		for (unsigned k = 1; k <= more; k++)
			if (((unsigned char)s.p[i + k] & 0xc0) != 0x80)
				return false;
		/* overlong, surrogate, beyond the last (RFC 3629 section 4) */
		if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second >= 0xa0) || (c == 0xf0 && second < 0x90) ||
		    (c == 0xf4 && second >= 0x90))
			return false;
		i += more + 1;
	}
	return true;
}

static bool bytes_ok(struct span s)
{
	bool ascii = true;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
		ascii &= c < 0x80;
	}
	return ascii || utf8_ok(s);
}

/* without a comment at the end: blanks, then "#" */
static struct span cut_inline_comment(struct span s)
{
	for (size_t i = 1; i < s.len; i++)
		if (s.p[i] == '#' && (s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
			return span_trim((struct span){ s.p, i });
	return s;
}

static void read_network(struct span s, struct filter *f)
{
	struct filter_options o = { false, true };
	struct span pattern, options;

	s = cut_inline_comment(s);
	if (!bytes_ok(s)) {
		filter_refuse(f, FILTER_REASON_BYTES, s);
		return;
	}
	f->exception = starts(s, "@@");
	if (f->exception)
		s = span_skip(s, 2);
	f->types = FILTER_TYPES_DEFAULT;
	f->methods = FILTER_METHODS_ALL;
	f->max_age = -1;
	filter_options_split(s, &pattern, &options);
	f->options = options;
	if (options.p && !filter_options_read(f, options, &o))
		return;
	if (!filter_pattern_read(f, pattern, &o))
		return;
	f->document_host = f->host_only && !f->types_named && !f->exception &&
			   (f->action == FILTER_BLOCK || f->action == FILTER_REDIRECT);
	f->reason = f->exception ? FILTER_REASON_EXCEPTION : FILTER_REASON_BLOCK;
	f->kind = FILTER_NETWORK;
}

void filter_parse(struct span line, struct filter *f)
{
	struct span s, cosmetic;

	memset(f, 0, offsetof(struct filter, text));
	if (line.len > LIMIT_LIST_LINE_BYTES) {
		filter_refuse(f, FILTER_REASON_LINE_TOO_LONG, (struct span){ line.p, 0 });
		return;
	}
	s = span_trim(line);
	if (s.len == 0) {
		filter_refuse(f, FILTER_REASON_BLANK, s);
		return;
	}
	if (is_comment(s)) {
		filter_refuse(f, s.p[0] == '[' ? FILTER_REASON_HEADER :
			      starts(s, "!#if") || starts(s, "!#else") || starts(s, "!#endif") || starts(s, "!#include") ||
			      starts(s, "!#safari_cb_affinity") || starts(s, "!+") ? FILTER_REASON_DIRECTIVE :
			      FILTER_REASON_REMARK, s);
		return;
	}
	cosmetic = find_cosmetic(s);
	if (cosmetic.p) {
		struct span body = span_skip(s, (size_t)(cosmetic.p + cosmetic.len - s.p));

		filter_refuse(f, memchr(cosmetic.p, '%', cosmetic.len) || starts(body, "+js(") ?
			      FILTER_REASON_SCRIPTLET : FILTER_REASON_ELEMENT_HIDING, cosmetic);
		return;
	}
	if (s.p[0] == '#')
		filter_refuse(f, FILTER_REASON_REMARK, s);
	else if (is_html_filter(s))
		filter_refuse(f, FILTER_REASON_ELEMENT_HIDING, s);
	else
		read_network(s, f);
}
