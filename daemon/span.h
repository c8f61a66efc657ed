/* SPDX-License-Identifier: GPL-3.0-or-later */
/* span - a borrowed run of bytes: pointer and length, never terminated
 *
 * A span owns nothing; it dies with the buffer it points into.
 */
#ifndef DEJUNK_SPAN_H
#define DEJUNK_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *p;
	size_t len;
};

#define SPAN_LIT(s)	((struct span){ (s), sizeof(s) - 1 })
#define SPAN_FMT(s)	(int)(s).len, (s).p	/* for "%.*s" */

/* span_of - the bytes of a C string, without its terminator (borrowed) */
static inline struct span span_of(const char *s)
{
	return (struct span){ s, strlen(s) };
}

/* char_lower - ASCII only, whatever the locale */
static inline char char_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* span_eq - same bytes */
static inline bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* span_eq_nocase - same bytes, ASCII letters compared without case */
static inline bool span_eq_nocase(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (char_lower(a.p[i]) != char_lower(b.p[i]))
			return false;
	return true;
}

/* span_skip - @s without its first @n bytes; empty when it has fewer */
static inline struct span span_skip(struct span s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return (struct span){ s.p + n, s.len - n };
}

/* span_until - the part of @s before the first @c, all of @s when there is none */
static inline struct span span_until(struct span s, char c)
{
	const char *at = s.len ? memchr(s.p, c, s.len) : NULL;

	return (struct span){ s.p, at ? (size_t)(at - s.p) : s.len };
}

/* span_trim - @s without blanks (space, tab) at either end */
static inline struct span span_trim(struct span s)
{
	while (s.len && (*s.p == ' ' || *s.p == '\t'))
		s.p++, s.len--;
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

#endif
