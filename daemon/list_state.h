/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_state - what is known of a fetched list beside its copy: a small text file, a key and a value a line
 *
 *	dejunk-list 1
 *	url https://lists.example/ads.txt
 *	fetched 1795388400
 *	...
 *
 * Pure.  Some values came from a server once: what is read back is bounded and printable, or the whole is refused.
 * Times are wall time in seconds; 0: never.
 */
#ifndef DEJUNK_LIST_STATE_H
#define DEJUNK_LIST_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"
#include "span.h"

enum {
	LIST_ETAG_BYTES = 256,
	LIST_MODIFIED_BYTES = 64,
	LIST_ERROR_BYTES = 320,
	LIST_STATE_BYTES = LIMIT_LIST_URL_BYTES + 2048,	/* of the file at most */
};

struct list_state {
	char url[LIMIT_LIST_URL_BYTES + 1];
	int64_t fetched;	/* the server last said that the copy is the present one */
	int64_t changed;	/* the copy came */
	int64_t tried;
	int64_t next;		/* due */
	uint32_t failures;	/* in a row; 0: the last fetch was good */
	uint64_t bytes;		/* of the copy, with mtime_ns: is it the one that this tells of? */
	int64_t mtime_ns;
	uint64_t digest;	/* XXH3 of it; 0: not known */
	uint32_t lines, rules;
	char format[24];	/* "hosts"; empty: there is no copy */
	char etag[LIST_ETAG_BYTES + 1];		/* as the server sent them; empty: it did not */
	char modified[LIST_MODIFIED_BYTES + 1];
	char error[LIST_ERROR_BYTES + 1];	/* why the last fetch failed; empty: it did not */
};

/* list_state_parse - false: not such a file, or a value that is none; @out is then all zero */
bool list_state_parse(struct span text, struct list_state *out);
/* list_state_format - what list_state_parse() reads; returns the bytes, fewer than LIST_STATE_BYTES */
size_t list_state_format(const struct list_state *s, char out[LIST_STATE_BYTES]);
/* list_state_text - copy @text to @out as a value: what is not printable ASCII becomes "?", longer is cut
 * @out_len: bytes of @out, NUL included */
void list_state_text(char *out, size_t out_len, struct span text);

#endif
