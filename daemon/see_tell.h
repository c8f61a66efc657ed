/* SPDX-License-Identifier: GPL-3.0-or-later */
/* see_tell - rows for what was read: which name, where from, or why there is none
 *
 * Each row is told once, as long as it is remembered; a name is told once a flow, however it was learned.  The functions fill
 * what of the row is theirs and call on_row with it; what they lend to it is theirs or the caller's, and good for the call.
 */
#ifndef DEJUNK_SEE_TELL_H
#define DEJUNK_SEE_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "http1_head.h"
#include "see.h"
#include "span.h"
#include "tls_hello.h"

enum { SEE_TELL_ROWS = 1 << 16 };	/* remembered, so that each is told once */

/* zero but for the first three, which the caller fills and lends */
struct see_tell {
	void (*on_row)(void *ctx, const struct see_row *row);
	void *ctx;
	struct see_counts *counts;		/* its rows are counted here */
	uint64_t told[SEE_TELL_ROWS];		/* hashes of rows, each in its place */
};

/* see_row_init - a row without a name, for the functions below */
void see_row_init(struct see_row *r, enum see_proto proto, const struct addr *client, const struct addr *server);

/* see_tell - tell the row, unless it was told; @fmt makes its how */
void see_tell(struct see_tell *t, struct see_row *r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* see_tell_bad - a message that breaks its grammar: @what */
void see_tell_bad(struct see_tell *t, struct see_row *r, const char *what);
/* see_tell_head - a request head that was read */
void see_tell_head(struct see_tell *t, struct see_row *r, const struct http1_head *head);
/* see_tell_refused - a head that the proxy would answer with 400, for @fault: what does its Host field say all the same?
 * @in: what is there of the head; looked at line by line
 * false: nothing is told: it is not even shaped like a request, or no Host in it can be read */
bool see_tell_refused(struct see_tell *t, struct see_row *r, struct span in, enum http1_fault fault);
/* see_tell_hello - a ClientHello that was read */
void see_tell_hello(struct see_tell *t, struct see_row *r, const struct tls_hello *h);
/* see_tell_bad_hello - one that breaks its grammar; its name may have been read before that */
void see_tell_bad_hello(struct see_tell *t, struct see_row *r, const struct tls_hello *h);

#endif
