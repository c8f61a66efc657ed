/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_judge - is a text that came from somewhere a list, and how much of it can be used? */
#include "list_judge.h"

#include "list_adblock.h"

static void ignore_name(void *ctx, struct span name, uint32_t line)
{
	(void)ctx, (void)name, (void)line;
}

static void count_filter(void *ctx, const struct filter *f, struct span line, uint32_t number)
{
	(void)f, (void)line, (void)number;
	++*(uint32_t *)ctx;
}

static void judge_adblock(struct span text, struct list_verdict *out)
{
	struct adblock_sink sink = { .filter = count_filter, .ctx = &out->rules };
	struct adblock_stats stats = { 0 };

	list_adblock_read(text, &sink, &stats);
	out->lines = stats.lines;
}

static void judge_names(struct span text, struct list_verdict *out)
{
	struct list_sink sink = { .name = ignore_name };
	struct list_stats stats = { 0 };

	list_names_reader(out->format)(text, &sink, &stats);
	out->lines = stats.lines;
	out->rules = stats.names;
}

void list_judge(struct span text, struct list_verdict *out)
{
	*out = (struct list_verdict){ .format = list_detect(text) };
	out->why = list_format_why(out->format);
	if (out->why)
		return;
	if (out->format == LIST_ADBLOCK)
		judge_adblock(text, out);
	else
		judge_names(text, out);
	if (!out->rules)
		out->why = "no line of it could be used";
}
