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
	char *file;			/* or URL, as written, owned */
	char name[LIST_NAME_BYTES + 1];	/* the short one; empty: none */
	uint32_t every_s;		/* a list with a URL: how often it is fetched; 0: a file */
	const char *format;		/* "hosts", "domains", ...; "-" unknown */
	bool in_force;
	bool observe;
	uint32_t lines, names, duplicates, comments, skipped, invalid;	/* lines; names used; see struct list_stats */
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
 * @text:   the whole file, for the line to show; empty: none
 * @line, @column: from 1, column in characters; 0: the whole file */
void rules_report_add(struct rules_report *r, bool warning, const char *file, struct span text,
		      uint32_t line, uint32_t column, const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* rules_report_text - all notes as text: "file:line:column: error: message", the line, a caret
 * Returns a string the caller frees, empty when there are none; NULL: out of memory. */
char *rules_report_text(const struct rules_report *r);

#endif
