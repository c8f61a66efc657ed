/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_judge - is a text that came from somewhere a list, and how much of it can be used?
 *
 * By the readers that the rule image is made with.  Pure; nothing is kept but counts.
 */
#ifndef DEJUNK_LIST_JUDGE_H
#define DEJUNK_LIST_JUDGE_H

#include <stdint.h>

#include "list.h"

struct list_verdict {
	enum list_format format;
	uint32_t lines;
	uint32_t rules;		/* that can be used, duplicates included */
	const char *why;	/* why it is not to be used; NULL: it is */
};

/* list_judge - fills @out */
void list_judge(struct span text, struct list_verdict *out);

#endif
