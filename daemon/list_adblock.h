/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_adblock - a whole list of Adblock, uBlock or AdGuard filters
 *
 * Directives are followed as by a platform that is no browser: to "!#if" we are AdGuard
 * on a command line (adguard, adguard_app_cli), without a page to work on
 * (cap_html_filtering is false), and to "!+ PLATFORM(...)" we are "cli".  A condition
 * with a name that nobody knows keeps both of its branches, as uBlock Origin does.
 * "!#include" is reported, not followed: whoever fetches lists does so (list_include).
 */
#ifndef DEJUNK_LIST_ADBLOCK_H
#define DEJUNK_LIST_ADBLOCK_H

#include <stdint.h>

#include "filter.h"
#include "span.h"

struct adblock_stats {		/* lines = the sum of kind[] = the sum of reason[] */
	uint32_t lines;
	uint32_t kind[FILTER_KINDS];
	uint32_t reason[FILTER_REASONS];
	uint32_t includes;	/* of "!#include", among the directives */
};

struct adblock_sink {
	/* a filter that is to be used (FILTER_NETWORK); @f and @line borrowed for the call; badfilters too */
	void (*filter)(void *ctx, const struct filter *f, struct span line, uint32_t number);
	/* "!#include path"; may be NULL */
	void (*include)(void *ctx, struct span path, uint32_t number);
	void *ctx;
};

/* list_adblock_read - every line of @text, @stats filled */
void list_adblock_read(struct span text, const struct adblock_sink *sink, struct adblock_stats *stats);

/* what a line is to those around it */
enum adblock_directive { ADBLOCK_NONE, ADBLOCK_IF, ADBLOCK_ELSE, ADBLOCK_ENDIF };
/* adblock_directive - of @line, without its end */
enum adblock_directive adblock_directive(struct span line);

/* what a condition of "!#if" says */
enum adblock_answer { ADBLOCK_FALSE, ADBLOCK_TRUE, ADBLOCK_UNKNOWN };
/* adblock_condition - names, "!", "&&", "||" and parentheses */
enum adblock_answer adblock_condition(struct span text);
/* adblock_hint_excludes - does a line "!+ ..." keep the next filter from us? */
bool adblock_hint_excludes(struct span line);

#endif
