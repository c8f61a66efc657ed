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

static void judge_names(struct span text, struct list_verdict *out,
			void (*read)(struct span, const struct list_sink *, struct list_stats *))
{
	struct list_sink sink = { .name = ignore_name };
	struct list_stats stats = { 0 };

	read(text, &sink, &stats);
	out->lines = stats.lines;
	out->rules = stats.names;
}

void list_judge(struct span text, struct list_verdict *out)
{
	*out = (struct list_verdict){ .format = list_detect(text) };
	switch (out->format) {
	case LIST_HOSTS:
		judge_names(text, out, list_hosts_read);
		break;
	case LIST_DOMAINS:
		judge_names(text, out, list_domains_read);
		break;
	case LIST_WILDCARD:
		judge_names(text, out, list_wildcard_read);
		break;
	case LIST_DNSMASQ:
		judge_names(text, out, list_dnsmasq_read);
		break;
	case LIST_RPZ:
		judge_names(text, out, list_rpz_read);
		break;
	case LIST_ADBLOCK:
		judge_adblock(text, out);
		break;
	case LIST_EMPTY:
		out->why = "there is nothing in it but comments";
		return;
	case LIST_HTML:
		out->why = "it is an HTML page, not a list";
		return;
	case LIST_SUFFIXES:
		out->why = "it is the list of public suffixes, and would block everything";
		return;
	case LIST_COMPRESSED:
		out->why = "it is a compressed file";
		return;
	default:
		out->why = "its format is not known";
		return;
	}
	if (!out->rules)
		out->why = "no line of it could be used";
}
