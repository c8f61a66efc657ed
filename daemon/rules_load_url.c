/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_load_url - keys of a list that is fetched: url, every, checksum; and name */
#include <string.h>

#include "limits.h"
#include "list_due.h"
#include "list_store.h"
#include "rules_loading.h"

void load_list_url(struct load *l, const struct yaml_node *value)
{
	const char *why;

	value = load_one(l, value, "the URL of a list");
	if (!value)
		return;
	why = list_url_why(value->value);
	if (why)
		load_error(l, value, "this URL cannot be fetched: %s", why);
	else
		l->list.url = value;
}

void load_list_every(struct load *l, const struct yaml_node *value)
{
	value = load_one(l, value, "an interval, such as 12h or 1d");
	if (!value)
		return;
	l->list.every = value;
	l->list.every_s = list_every_parse(value->value);
	if (!l->list.every_s)
		load_error(l, value, "found \"%.*s\"; expected an interval from 10m to 30d: minutes, hours or days, "
			   "such as 90m, 12h or 1d", (int)(value->value.len > 60 ? 60 : value->value.len), value->value.p);
}

void load_list_name(struct load *l, const struct yaml_node *value)
{
	value = load_one(l, value, "a name for the list");
	if (!value)
		return;
	for (size_t i = 0; i < value->value.len; i++)
		if ((unsigned char)value->value.p[i] <= ' ' || value->value.p[i] == 0x7f || value->value.len > LIST_NAME_BYTES ||
		    value->value.p[0] == '-') {
			load_error(l, value, "expected a name of at most %d characters without spaces, such as easylist",
				   LIST_NAME_BYTES);
			return;
		}
	l->list.name = value;
}

void load_list_checksum(struct load *l, const struct yaml_node *value)
{
	int yes;

	value = load_one(l, value, "yes or no");
	if (!value)
		return;
	yes = load_bool(value->value);
	if (yes < 0)
		load_error(l, value, "expected yes or no");
	l->list.checksum = value;
	l->list.no_checksum = yes == 0;
}

const struct yaml_node *load_list_place(struct load *l, const struct yaml_node *item, size_t errors_before)
{
	struct list_entry *e = &l->list;
	const struct yaml_node *only_url = e->every ? e->every : e->checksum;

	if (e->file && e->url) {
		load_error(l, e->url, "a list has one place; expected either \"file:\" or \"url:\"");
		return NULL;
	}
	if (!e->file && !e->url) {
		if (item->type == YAML_MAP && l->report->errors == errors_before)
			load_error(l, item, "a list without a place; expected \"file: PATH\" or \"url: URL\"");
		return NULL;
	}
	if (e->file && only_url)
		load_error(l, only_url, "only a list with \"url:\" is fetched; expected no \"%s\" beside \"file:\"",
			   e->every ? "every" : "checksum");
	if (e->url && !e->every_s)
		e->every_s = LIST_EVERY_STANDARD;
	return e->file ? e->file : e->url;
}
