/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_check - dejunk check [FILE] [--state-dir DIR] [--json] [--keys]: is rules.yaml good, and what of its lists can be used? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_rules.h"
#include "json.h"
#include "rules.h"
#include "rules_load.h"

static void json_notes(struct json *j, const char *key, const struct rules_report *r, bool warning)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < r->count; i++) {
		const struct rules_note *n = &r->notes[i];

		if (n->warning != warning)
			continue;
		json_open(j, NULL, '{');
		json_string(j, "file", n->file);
		json_number(j, "line", n->line);
		json_number(j, "column", n->column);
		json_string(j, "message", n->message);
		json_string(j, "source", n->source);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void print_json(const char *path, bool good, const struct rules_report *r, const struct rules_summary *s)
{
	struct json j = { .out = stdout };

	json_open(&j, NULL, '{');
	json_bool(&j, "ok", good);
	json_string(&j, "file", path);
	json_number(&j, "rules", r->rules);
	json_number(&j, "names", s->names);
	json_number(&j, "filters", s->filters);
	json_number(&j, "image_bytes", s->image_bytes);
	json_notes(&j, "errors", r, false);
	json_notes(&j, "warnings", r, true);
	json_open(&j, "lists", '[');
	for (size_t i = 0; i < r->list_count; i++) {
		const struct rules_list_note *l = &r->lists[i];

		json_open(&j, NULL, '{');
		json_string(&j, "file", l->file);
		json_string(&j, "format", l->format);
		json_bool(&j, "in_force", l->in_force);
		json_string(&j, "mode", l->observe ? "observe" : l->doh ? "doh" : "block");
		json_number(&j, "lines", l->lines);
		json_bool(&j, "allow", l->allow);
		json_number(&j, "used", l->used);
		json_number(&j, "names", l->names);
		json_number(&j, "filters", l->filters);
		json_number(&j, "duplicates", l->duplicates);
		json_number(&j, "comments", l->comments);
		json_number(&j, "skipped", l->skipped);
		json_number(&j, "cosmetic", l->cosmetic);
		json_number(&j, "browser", l->browser);
		json_number(&j, "modifier", l->modifier);
		json_number(&j, "invalid", l->invalid);
		json_number(&j, "includes", l->includes);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	putchar('\n');
}

static void print_text(const char *path, bool good, const struct rules_report *r, const struct rules_summary *s)
{
	char *text = rules_report_text(r), line[400];

	fputs(text ? text : "", good ? stdout : stderr);
	free(text);
	for (size_t i = 0; i < r->list_count; i++) {
		const struct rules_list_note *l = &r->lists[i];

		if (!l->in_force && !l->observe) {
			printf("%s: %s\n", l->file, l->idle ? "not used without doh: refuse" : "left out");
			continue;
		}
		rules_report_list(l, line, sizeof(line));
		printf("%s: %s\n", l->file, line);
	}
	if (good)
		printf("%s: good; %u rules, %llu names and %llu filters in %u lists, %zu warning%s\n", path, s->rules,
		       (unsigned long long)s->names, (unsigned long long)s->filters, s->lists, r->warnings,
		       r->warnings == 1 ? "" : "s");
	else
		fprintf(stderr, "%s: %zu error%s\n", path, r->errors, r->errors == 1 ? "" : "s");
}

int verb_check(int argc, char **argv)
{
	struct rules_opener opener = { rules_open_directly, NULL };
	struct rules_summary summary = { 0 };
	struct rules_report report;
	struct rules *rules = NULL;
	const char *path = NULL;
	bool json = false, good;
	char why[200];
	int fd;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = true;
		} else if (strcmp(argv[i], "--keys") == 0) {
			rules_load_keys(stdout);
			return 0;
		} else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc && !path) {
			path = argv[++i];
		} else if (strcmp(argv[i], "--state-dir") == 0 && i + 1 < argc) {
			opener.ctx = argv[++i];
		} else if (argv[i][0] != '-' && !path) {
			path = argv[i];
		} else {
			fprintf(stderr, "usage: dejunk check [FILE] [--state-dir DIR] [--json] | --keys\n");
			return 2;
		}
	}
	if (!path)
		path = cli_rules_path();
	rules_report_init(&report);
	fd = rules_load(path, 0, &opener, &report);
	if (fd >= 0) {
		rules = rules_map(fd, why, sizeof(why));	/* as every role does */
		close(fd);
		if (!rules)
			rules_report_add(&report, false, path, (struct span){ "", 0 }, 0, 0, "%s", why);
	}
	good = rules != NULL;
	if (good)
		rules_summary(rules, &summary);
	if (json)
		print_json(path, good, &report, &summary);
	else
		print_text(path, good, &report, &summary);
	rules_put(rules);
	rules_report_fini(&report);
	return good ? 0 : 2;
}
