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

#endif
