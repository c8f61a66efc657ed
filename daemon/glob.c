/* SPDX-License-Identifier: GPL-3.0-or-later */
/* glob - pieces between stars, leftmost first */
#include "glob.h"

bool glob_match(struct span pattern, struct span text)
{
	struct span piece = span_until(pattern, '*');
	size_t tail;

	if (!text.p)
		text = (struct span){ "", 0 };
	/* before the first star, and after the last: cheap, and most texts fail here */
	if (piece.len == pattern.len)
		return span_eq(pattern, text);
	if (text.len < piece.len || memcmp(text.p, piece.p, piece.len) != 0)
		return false;
	text = span_skip(text, piece.len);
	pattern = span_skip(pattern, piece.len + 1);
	for (tail = 0; tail < pattern.len && pattern.p[pattern.len - 1 - tail] != '*'; tail++)
		;
	if (text.len < tail)
		return false;
	if (tail && memcmp(text.p + text.len - tail, pattern.p + pattern.len - tail, tail) != 0)
		return false;
	text.len -= tail;
	pattern.len -= tail;
	while (pattern.len) {
		const char *at;

		piece = span_until(pattern, '*');
		if (piece.len) {
			at = text.len ? memmem(text.p, text.len, piece.p, piece.len) : NULL;
			if (!at)
				return false;
			text = span_skip(text, (size_t)(at - text.p) + piece.len);
		}
		pattern = span_skip(pattern, piece.len + 1);
	}
	return true;
}
