/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_load_list - one entry of the lists section: find, read and judge the list
 *
 * Whatever is wrong with a list is a warning: it is left out, the rest stays in force.
 */
#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "list_shown.h"
#include "list_store.h"
#include "rules_loading.h"

void load_list_file(struct load *l, const struct yaml_node *value)
{
	l->list.file = load_one(l, value, "the path of a list");
	if (l->list.file && list_is_url(l->list.file->value)) {
		load_error(l, l->list.file, "\"file\" is a path of this machine; expected \"url:\" for a list that is fetched");
		l->list.file = NULL;
	}
	if (l->list.file && (l->list.file->value.len >= PATH_MAX || strlen(l->list.file->value.p) != l->list.file->value.len)) {
		load_error(l, l->list.file, "the path is too long; expected fewer than %d bytes", PATH_MAX);
		l->list.file = NULL;
	}
}

/* @file, behind the directory of rules.yaml when it is relative; a URL as it is; the caller frees */
static char *list_path(const char *rules, const char *file)
{
	const char *slash = strrchr(rules, '/');
	size_t dir = slash && file[0] != '/' && !list_is_url(span_of(file)) ? (size_t)(slash - rules) + 1 : 0;
	char *path = malloc(dir + strlen(file) + 1);

	if (path) {
		memcpy(path, rules, dir);
		memcpy(path + dir, file, strlen(file) + 1);
	}
	return path;
}

static const char *too_large(void)
{
	static char over[96];	/* one thread, one list at a time */

	snprintf(over, sizeof(over), "it is larger than %d bytes", LIMIT_LIST_BYTES);
	return over;
}

static struct rules_list_note *note_new(struct load *l, struct span file)
{
	struct rules_report *r = l->report;
	struct rules_list_note *grown = realloc(r->lists, (r->list_count + 1) * sizeof(*grown));
	char shown[PATH_MAX], *url = l->list.url ? strndup(file.p, file.len) : NULL, *copy;

	if (l->list.url)
		list_shown(file, shown, sizeof(shown));
	copy = l->list.url ? strdup(shown) : strndup(file.p, file.len);
	if (grown)
		r->lists = grown;
	if (!grown || !copy || (l->list.url && !url)) {
		free(copy);
		free(url);
		l->no_memory = true;
		return NULL;
	}
	grown[r->list_count] = (struct rules_list_note){ .file = copy, .url = url, .format = "-", .observe = l->list.options.observe,
							.allow = l->list.options.allow, .doh = l->list.options.doh,
							.idle = l->list.options.doh && l->build.gateway.doh == DOH_PASS,
							.every_s = l->list.url ? l->list.every_s : 0 };
	if (l->list.name)
		snprintf(grown[r->list_count].name, sizeof(grown->name), "%.*s", SPAN_FMT(l->list.name->value));
	return &grown[r->list_count++];
}

void load_list(struct load *l, const struct yaml_node *item)
{
	struct rules_list_note *note;
	const struct yaml_node *place;
	struct span text = { NULL, 0 };
	const char *why;
	char *path;
	unsigned index = (unsigned)l->report->list_count;
	size_t before = l->report->errors;
	int err, set;

	l->list = (struct list_entry){ 0 };
	load_map(l, item, KEYS_LIST, "a list, such as \"- file: lists/ads.hosts\"", NULL);
	place = load_list_place(l, item, before);
	if (!place)
		return;
	if (index == LIMIT_LISTS) {
		load_error(l, item, "too many lists; expected at most %d", LIMIT_LISTS);
		return;
	}
	set = load_list_set(l, item);
	if (set < 0)
		return;
	note = note_new(l, place->value);
	path = list_path(l->path, place->value.p);
	if (!note || !path) {
		l->no_memory = true;
		free(path);
		return;
	}
	err = note->idle ? 0 : load_read(l->opener, path, LIMIT_LIST_BYTES, &text);
	if (err == -ENOMEM)
		l->no_memory = true;	/* that is not the list's fault: no image without it */
	if (note->idle)
		why = NULL;
	else if (err == -ENOENT && l->list.url)
		why = "it has not been fetched yet";
	else if (err < 0)
		why = err == -EFBIG ? too_large() : err == -EINVAL ? "it is no regular file" : strerror(-err);
	else
		why = load_list_text(l, text, index, (unsigned)set, note);
	if (why)
		load_warn(l, place, "list \"%s\" is left out: %s%s%s%s; the rest stays in force", path, why,
			  note->format[0] == '-' ? "" : " (format: ", note->format[0] == '-' ? "" : note->format,
			  note->format[0] == '-' ? "" : ")");
	note->in_force = !why && !note->idle && !l->list.options.observe;
	rules_build_list(&l->build, span_of(note->file), note->in_force, (unsigned)set);
	if (l->list.url)
		rules_build_list_url(&l->build, place->value, l->list.name ? l->list.name->value : SPAN_LIT(""), l->list.every_s,
				     !l->list.no_checksum);
	free((char *)(uintptr_t)text.p);
	free(path);
}
