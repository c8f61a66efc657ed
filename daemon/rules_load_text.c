/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_load_text - the text of one list: recognised, read, its names and filters added to a set, its lines counted */
#include <stdio.h>

#include "limits.h"
#include "list.h"
#include "list_adblock.h"
#include "rules_loading.h"

struct adding {
	struct load *l;
	unsigned list, set;
	size_t names;			/* of all lists so far */
	uint32_t no_cookies;		/* filters left out for cookies: no */
};

static void add_listed(void *ctx, struct span name, uint32_t line)
{
	struct adding *a = ctx;

	if (a->names++ < LIMIT_LIST_NAMES)	/* else the list is refused */
		rules_build_listed(&a->l->build, a->set, name, a->list, line);
}

static void add_filter(void *ctx, const struct filter *f, struct span text, uint32_t line)
{
	struct adding *a = ctx;

	if (f->action == FILTER_COOKIE && a->l->list.no_cookies)
		a->no_cookies++;
	else
		rules_build_filter(&a->l->build, a->set, f, text, a->list, line);
}

static void read_filters(struct adding *a, struct span text, struct rules_list_note *note)
{
	struct adblock_sink sink = { .filter = add_filter, .ctx = a };
	struct adblock_stats stats;

	list_adblock_read(text, &sink, &stats);
	note->lines = stats.lines;
	note->used = note->filters = stats.kind[FILTER_NETWORK] - a->no_cookies;
	note->skipped = a->no_cookies;
	note->comments = stats.kind[FILTER_COMMENT];
	note->cosmetic = stats.kind[FILTER_COSMETIC];
	note->browser = stats.kind[FILTER_BROWSER];
	note->modifier = stats.kind[FILTER_MODIFIER];
	note->invalid = stats.kind[FILTER_INVALID];
	note->includes = stats.includes;
}

/* NULL, or why not */
static const char *read_names(struct adding *a, enum list_format format, struct span text, struct rules_list_note *note)
{
	static char over[96];	/* one thread, one list at a time */
	struct list_sink sink = { add_listed, a };
	struct list_stats stats = { 0 };

	list_names_reader(format)(text, &sink, &stats);
	note->lines = stats.lines;
	note->used = stats.used;
	note->names = stats.names;
	note->comments = stats.comments;
	note->skipped = stats.skipped;
	note->invalid = stats.invalid;
	if (a->names <= LIMIT_LIST_NAMES)
		return NULL;
	rules_build_forget(&a->l->build, a->set, a->list);
	snprintf(over, sizeof(over), "more than %d names in all lists together", LIMIT_LIST_NAMES);
	return over;
}

const char *load_list_text(struct load *l, struct span text, unsigned index, unsigned set, struct rules_list_note *note)
{
	struct adding a = { .l = l, .list = index, .set = set, .names = rules_build_names(&l->build) };
	enum list_format format = list_detect(text);
	const char *why;

	note->format = list_format_name(format);
	if (format == LIST_COMPRESSED)
		return "it is compressed; unpack it first";
	why = list_format_why(format);
	if (why)
		return why;
	if (format == LIST_ADBLOCK)
		read_filters(&a, text, note);
	else
		why = read_names(&a, format, text, note);
	if (l->build.failed)
		l->no_memory = true;
	return why ? why : note->used ? NULL : "no line of it could be used";
}
