/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_pattern - does a filter's pattern match a text?  "*" is any run of bytes, "^" one separator or the end
 *
 * Pure, and bounded by pattern length times text length.
 */
#ifndef DEJUNK_MATCH_PATTERN_H
#define DEJUNK_MATCH_PATTERN_H

#include <stdbool.h>

#include "span.h"

/* match_separator - what "^" stands for: not a letter, digit, "_", "-", "." or "%" */
static inline bool match_separator(char c)
{
	return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		 c == '_' || c == '-' || c == '.' || c == '%');
}

/* match_pattern - compared byte for byte
 * @begins: at the first byte of @text, else anywhere; @ends: at its last byte, else anywhere */
static inline bool match_pattern(struct span pattern, struct span text, bool begins, bool ends)
{
	const char *p = pattern.p, *pe = p + pattern.len, *s = text.p, *se = s + text.len;
	const char *star = begins ? NULL : p, *star_s = s;	/* where to go on after the last "*" */

	for (;;) {
		if (p == pe) {
			if (!ends || s == se)
				return true;
		} else if (*p == '*') {
			star = ++p;
			star_s = s;
			continue;
		} else if (s == se) {
			if (*p == '^') {
				p++;
				continue;
			}
		} else if (*s == *p || (*p == '^' && match_separator(*s))) {
			p++;
			s++;
			continue;
		}
		if (!star || star_s == se)
			return false;
		star_s++;
		if (star < pe && *star != '^' && *star != '*') {
			star_s = memchr(star_s, *star, (size_t)(se - star_s));
			if (!star_s)
				return false;
		}
		s = star_s;
		p = star;
	}
}

/* in what names a host so far: "ads.example" of ".ads.example", and of "cdn-*.ads.example"; empty: no dot in it */
static inline struct span match_pattern_spelled(struct span s)
{
	const char *star = s.len ? memrchr(s.p, '*', s.len) : NULL;
	struct span tail = star ? span_skip(s, (size_t)(star - s.p) + 1) : s;

	tail = span_skip(tail, tail.len && tail.p[0] == '.');
	if (!star || memchr(tail.p, '.', tail.len))
		s = tail;
	else
		s = span_until(s, '*');		/* "ads.example*" */
	return s.len && s.p[s.len - 1] != '.' && memchr(s.p, '.', s.len) ? s : (struct span){ "", 0 };
}

/* match_pattern_host - the host that a pattern names, as far as it is spelled out: "ads.example" of "ads.example:81/x",
 * "cdn-*.ads.example/x", "://ads.example^"; with capitals where the pattern has them; empty: none with a dot in it
 * @host: the pattern begins at a label of the host ("||") */
static inline struct span match_pattern_host(struct span pattern, bool host)
{
	size_t i = 0;

	for (; !host && i < pattern.len && (!match_separator(pattern.p[i]) || pattern.p[i] == '*'); i++)
		;
	if (!host && i + 3 <= pattern.len && memcmp(pattern.p + i, "://", 3) == 0)
		pattern = span_skip(pattern, i + 3);
	for (i = 0; i < pattern.len && pattern.p[i] != '%' && (!match_separator(pattern.p[i]) || pattern.p[i] == '*'); i++)
		;
	if (i < pattern.len && !strchr("/^:?", pattern.p[i]))
		return (struct span){ "", 0 };
	return match_pattern_spelled((struct span){ pattern.p, i });
}

#endif
