/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_lists - dejunk lists: a table of what the lists are and when they are fetched; dejunk lists update: fetch now
 *
 * The table needs no daemon: it is made from rules.yaml, the lists, and the state directory.  An update is the daemon's.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "cli_rules.h"
#include "container.h"
#include "json.h"
#include "list_due.h"
#include "list_shown.h"
#include "list_state.h"
#include "list_store.h"
#include "rules_load.h"
#include "rundir.h"
#include "statedir.h"

enum { COLUMNS = 14, CELL_BYTES = 24 };

struct lists_options {
	const char *config, *run_dir, *state_dir, *name;
	bool json, force, update, help;
};

/* --- the table ---------------------------------------------------------------------------- */

/* what the daemon wrote down about the list at @url; all zero when there is nothing */
static void lists_state(const char *state_dir, const char *url, struct list_state *out)
{
	char path[PATH_MAX], text[LIST_STATE_BYTES], shown[sizeof(out->url)];
	ssize_t n = -1;
	int fd;

	memset(out, 0, sizeof(*out));
	if (!list_store_path(state_dir, span_of(url), path) || strlen(path) + sizeof(".state") > sizeof(path))
		return;
	strcat(path, ".state");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text));
	close(fd);
	list_shown(span_of(url), shown, sizeof(shown));
	if (n > 0 && list_state_parse((struct span){ text, (size_t)n }, out) && strcmp(out->url, shown) != 0)
		memset(out, 0, sizeof(*out));
}

/* a span of time in one unit: "5m", "3h", "2d" */
static void lists_age(char out[CELL_BYTES], int64_t seconds)
{
	long long s = seconds < 0 ? -seconds : seconds;

	if (s < 120)
		snprintf(out, CELL_BYTES, "%llds", s);
	else if (s < 2 * 3600)
		snprintf(out, CELL_BYTES, "%lldm", s / 60);
	else if (s < 2 * 86400)
		snprintf(out, CELL_BYTES, "%lldh", s / 3600);
	else
		snprintf(out, CELL_BYTES, "%lldd", s / 86400);
}

/* names and filters in force because of this list */
static uint32_t lists_rules(const struct rules_list_note *n)
{
	uint32_t all = n->names + n->filters;

	return all > n->duplicates ? all - n->duplicates : 0;
}

static const char *lists_mode(const struct rules_list_note *n)
{
	return n->observe ? "observe" : n->doh ? "doh" : n->allow ? "allow" : "block";
}

static void lists_json(struct json *j, const struct rules_list_note *n, const struct list_state *s)
{
	json_open(j, NULL, '{');
	json_string(j, "name", n->name);
	json_string(j, n->every_s ? "url" : "file", n->file);
	json_string(j, "format", n->format);
	json_string(j, "mode", lists_mode(n));
	json_bool(j, "in_force", n->in_force);
	json_number(j, "lines", n->lines);
	json_number(j, "rules", lists_rules(n));
	json_number(j, "duplicates", n->duplicates);
	json_number(j, "comments", n->comments);
	json_number(j, "skipped", n->skipped);
	json_number(j, "cosmetic", n->cosmetic);
	json_number(j, "browser", n->browser);
	json_number(j, "modifier", n->modifier);
	json_number(j, "invalid", n->invalid);
	if (n->every_s) {
		json_number(j, "every", n->every_s);
		json_number(j, "fetched", (uint64_t)s->fetched);
		json_number(j, "changed", (uint64_t)s->changed);
		json_number(j, "tried", (uint64_t)s->tried);
		json_number(j, "next", (uint64_t)s->next);
		json_number(j, "failures", s->failures);
		json_number(j, "bytes", s->bytes);
		if (s->error[0])
			json_string(j, "error", s->error);
	}
	json_close(j, '}');
}

static const char *lists_standing(const struct rules_list_note *n, const struct list_state *s)
{
	if (n->every_s && s->failures)
		return s->bytes ? "stale" : "missing";
	if (n->every_s && !s->bytes)
		return "not yet";
	return n->in_force ? "in force" : n->observe && n->lines ? "observed" : n->idle ? "not used" : "left out";
}

static void lists_row(const struct rules_list_note *n, const struct list_state *s, char cell[COLUMNS][CELL_BYTES])
{
	const uint32_t ignored[] = { n->cosmetic, n->browser, n->modifier, n->skipped, n->invalid };
	int64_t now = time(NULL);

	snprintf(cell[1], CELL_BYTES, "%s", n->format);
	snprintf(cell[2], CELL_BYTES, "%s", lists_mode(n));
	snprintf(cell[3], CELL_BYTES, "%u", n->lines);
	snprintf(cell[4], CELL_BYTES, "%u", lists_rules(n));
	snprintf(cell[5], CELL_BYTES, "%u", n->duplicates);
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		snprintf(cell[6 + i], CELL_BYTES, "%u", ignored[i]);
	strcpy(cell[11], "-");
	strcpy(cell[12], "-");
	if (n->every_s && s->fetched)
		lists_age(cell[11], now - s->fetched);
	if (n->every_s && s->next > now)
		lists_age(cell[12], s->next - now);
	else if (n->every_s)
		strcpy(cell[12], "now");
	snprintf(cell[13], CELL_BYTES, "%s", lists_standing(n, s));
}

static void lists_text(const struct rules_report *r, const struct list_state *states)
{
	static const char head[COLUMNS][CELL_BYTES] = {
		"LIST", "FORMAT", "MODE", "LINES", "RULES", "DUPLICATES", "COSMETIC", "BROWSER", "MODIFIER", "OTHER", "INVALID",
		"FETCHED", "NEXT", "STATE",
	};
	char (*cell)[COLUMNS][CELL_BYTES] = calloc(r->list_count + 1, sizeof(*cell));
	size_t width[COLUMNS] = { 0 };

	if (!cell)
		return;
	memcpy(cell[0], head, sizeof(head));
	for (size_t i = 0; i < r->list_count; i++)
		lists_row(&r->lists[i], &states[i], cell[i + 1]);
	for (size_t i = 0; i <= r->list_count; i++) {
		const char *place = i == 0 ? head[0] : r->lists[i - 1].name[0] ? r->lists[i - 1].name : r->lists[i - 1].file;

		width[0] = strlen(place) > width[0] ? strlen(place) : width[0];
		for (size_t c = 1; c < COLUMNS; c++)
			width[c] = strlen(cell[i][c]) > width[c] ? strlen(cell[i][c]) : width[c];
	}
	for (size_t i = 0; i <= r->list_count; i++) {
		const char *place = i == 0 ? head[0] : r->lists[i - 1].name[0] ? r->lists[i - 1].name : r->lists[i - 1].file;

		printf("%-*s", (int)width[0], place);
		for (size_t c = 1; c < COLUMNS; c++)
			printf(c < 3 || c == COLUMNS - 1 ? "  %-*s" : "  %*s", c == COLUMNS - 1 ? 0 : (int)width[c], cell[i][c]);
		putchar('\n');
		if (i && states[i - 1].error[0])
			printf("  %s\n", states[i - 1].error);
	}
	free(cell);
}

static int lists_table(const struct lists_options *o)
{
	const char *path = o->config ? o->config : cli_rules_path();
	struct rules_opener opener = { rules_open_directly, (void *)(uintptr_t)o->state_dir };
	struct json j = { .out = stdout };
	struct rules_report report;
	struct list_state *states;
	char *text;
	bool bad;
	int fd;

	rules_report_init(&report);
	fd = rules_load(path, 0, &opener, &report);
	bad = fd < 0;
	if (fd >= 0)
		close(fd);
	states = calloc(report.list_count + 1, sizeof(*states));
	text = rules_report_text(&report);
	if (bad || !states || (report.warnings && !o->json))
		fputs(text ? text : "dejunk: out of memory\n", stderr);
	for (size_t i = 0; states && i < report.list_count; i++)
		if (report.lists[i].every_s)
			lists_state(o->state_dir, report.lists[i].url, &states[i]);
	if (states && o->json) {
		json_open(&j, NULL, '{');
		json_bool(&j, "ok", !bad);
		json_string(&j, "file", path);
		json_open(&j, "lists", '[');
		for (size_t i = 0; i < report.list_count; i++)
			lists_json(&j, &report.lists[i], &states[i]);
		json_close(&j, ']');
		json_close(&j, '}');
		putchar('\n');
	} else if (states && report.list_count) {
		lists_text(&report, states);
	} else if (states && !bad) {
		printf("%s names no list\n", path);
	}
	free(states);
	free(text);
	rules_report_fini(&report);
	return bad ? 2 : 0;
}

/* --- update ---------------------------------------------------------------------------------- */

static int lists_update(const struct lists_options *o)
{
	char request[LIMIT_LIST_URL_BYTES + 32];
	bool not_running, ok;
	char *answer, *said;
	int status;

	if (o->name && (strlen(o->name) > LIMIT_LIST_URL_BYTES || strchr(o->name, '\n'))) {
		fputs("dejunk: this is no name of a list\n", stderr);
		return 2;
	}
	snprintf(request, sizeof(request), "update %c%c %s\n", o->json ? 'j' : 't', o->force ? 'f' : '-', o->name ? o->name : "");
	answer = cli_ask(o->run_dir, request, CLI_UPDATE_SECONDS, &not_running);
	if (!answer) {
		if (not_running && o->json)
			puts("{\"ok\":false,\"error\":\"dejunk is not running\"}");
		else if (not_running)
			fprintf(stderr, "dejunk is not running (nobody answers in %s): it fetches lists when it does\n", o->run_dir);
		return 1;
	}
	said = strchr(answer, '\n');
	if (o->json) {
		cli_print(stdout, answer);
		ok = strncmp(answer, "{\"ok\":true", 10) == 0;
		status = ok ? 0 : strstr(answer, "\"error\":\"no list that is fetched") ? 2 : 1;
	} else {
		ok = strncmp(answer, "ok\n", 3) == 0;
		status = ok ? 0 : strncmp(answer, "unknown\n", 8) == 0 ? 2 : 1;
		cli_print(status == 2 ? stderr : stdout, said ? said + 1 : "");
	}
	free(answer);
	return status;
}

static bool lists_options(int argc, char **argv, struct lists_options *o)
{
	enum { RUN_DIR = 256, STATE_DIR, JSON, FORCE };
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' }, { "run-dir", required_argument, NULL, RUN_DIR },
		{ "state-dir", required_argument, NULL, STATE_DIR }, { "json", no_argument, NULL, JSON },
		{ "force", no_argument, NULL, FORCE }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	int c;

	*o = (struct lists_options){ .run_dir = RUNDIR_DEFAULT, .state_dir = STATEDIR_DEFAULT };
	optind = 1;
	while ((c = getopt_long(argc, argv, "c:h", known, NULL)) >= 0) {
		if (c == 'c')
			o->config = optarg;
		else if (c == RUN_DIR)
			o->run_dir = optarg;
		else if (c == STATE_DIR)
			o->state_dir = optarg;
		else if (c == JSON)
			o->json = true;
		else if (c == FORCE)
			o->force = true;
		else {
			o->help = c == 'h';
			return false;
		}
	}
	if (optind < argc && strcmp(argv[optind], "update") == 0) {
		o->update = true;
		if (++optind < argc)
			o->name = argv[optind++];
	}
	return optind == argc && (o->update || !o->force);
}

int cli_lists(int argc, char **argv)
{
	struct lists_options o;

	if (lists_options(argc, argv, &o))
		return o.update ? lists_update(&o) : lists_table(&o);
	fputs("usage: dejunk lists [-c FILE] [--state-dir DIR] [--json]\n"
	      "       dejunk lists update [--force] [NAME|URL] [--run-dir DIR] [--json]\n", o.help ? stdout : stderr);
	return o.help ? 0 : 2;
}
