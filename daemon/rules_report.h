/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_report - what is wrong with a rules.yaml or its lists, and where; rendered for people
 *
 * At most LIMIT_RULES_ERRORS errors and as many warnings are kept; more are counted.
 */
#ifndef DEJUNK_RULES_REPORT_H
#define DEJUNK_RULES_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "span.h"

enum {
	REPORT_TEXT = 320,		/* bytes of one message or shown line, NUL included; longer is cut */
	LIST_NAME_BYTES = 64,		/* of a list's short name */
};

struct rules_note {
	bool warning;
	uint32_t line, column;		/* from 1; 0: about the whole file */
	char *file;			/* owned */
	char message[REPORT_TEXT];	/* what is wrong, and what was expected */
	char source[REPORT_TEXT];	/* the line itself; empty: none */
	uint32_t caret;			/* bytes of source before the caret */
};

/* what became of one list of the lists section */
struct rules_list_note {
	char *file;			/* or URL, as it is shown (list_shown), owned */
	char *url;			/* as written, owned; NULL: a file */
	char name[LIST_NAME_BYTES + 1];	/* the short one; empty: none */
	uint32_t every_s;		/* a list with a URL: how often it is fetched; 0: a file */
	const char *format;		/* "hosts", "domains", ...; "-" unknown */
	bool in_force;
	bool observe;
	bool doh;			/* of resolvers */
	bool idle;			/* of resolvers, and nothing asks to refuse them: it was not read */
	bool allow;
	/* lines = used + comments + skipped + cosmetic + browser + modifier + invalid */
	uint32_t lines;
	uint32_t used;			/* that gave a name or a filter */
	uint32_t comments;		/* blank lines too, and what is not for our platform */
	uint32_t skipped;		/* not about blocking; and cookie filters with cookies: no */
	uint32_t cosmetic, browser, modifier, invalid;	/* of lists in Adblock syntax: enum filter_kind; invalid of all */
	uint32_t names, filters;	/* given by the used lines */
	uint32_t duplicates;		/* of these, folded: it stands earlier in a list with the same options, or a badfilter of some list names it */
	uint32_t includes;		/* "!#include" lines, which are not followed */
};

struct rules_report {
	struct rules_note *notes;	/* in file order as far as possible */
	size_t count, errors, warnings;	/* count: kept; errors, warnings: found */
	struct rules_list_note *lists;
	size_t list_count;
	uint32_t rules;			/* read of the rules section */
};

void rules_report_init(struct rules_report *r);
void rules_report_fini(struct rules_report *r);

/* rules_report_add - keep one note
 * URLs in message and line lose their secrets (list_shown)
 * @text:   the whole file, for the line to show; empty: none
 * @line, @column: from 1, column in characters; 0: the whole file */
void rules_report_add(struct rules_report *r, bool warning, const char *file, struct span text,
		      uint32_t line, uint32_t column, const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* rules_report_list - what was read of a list that is used, on one line (without its name): "hosts, in force: 12 lines, ..." */
void rules_report_list(const struct rules_list_note *l, char *out, size_t out_len);
/* rules_report_text - all notes as text: "file:line:column: error: message", the line, a caret
 * Returns a string the caller frees, empty when there are none; NULL: out of memory. */
char *rules_report_text(const struct rules_report *r);

#endif
