/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_doctor - what on this machine would get in the way, for people or as JSON */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli_rules.h"
#include "container.h"
#include "doctor.h"
#include "firewall.h"
#include "json.h"
#include "lan.h"
#include "limits.h"
#include "log.h"
#include "monitor.h"
#include "rtnl.h"
#include "ruleset.h"

#define USAGE "doctor [--json] [-c FILE] [--run-dir DIR]"

/* where each finding was found: one line each, in the order in which they came */
struct found {
	char *where[LIMIT_DOCTOR_PLACES];
	unsigned places, more;
};

struct report {
	struct found found[FINDING_COUNT];
};

static void report_on(void *ctx, enum finding f, const char *where)
{
	struct found *is = &((struct report *)ctx)->found[f];
	char *line = is->places < ARRAY_LEN(is->where) ? strdup(where) : NULL;

	if (line)
		is->where[is->places++] = line;
	else
		is->more++;
}

static bool report_has(const struct found *is)
{
	return is->places || is->more;
}

static const char *const grades[] = { [GRADE_GRAVE] = "grave", [GRADE_MINOR] = "minor", [GRADE_NOTE] = "note" };

static void report_print(const struct report *r, enum finding_grade grade)
{
	for (int f = 0; f < FINDING_COUNT; f++) {
		const struct finding_text *t = finding_text((enum finding)f);
		const struct found *is = &r->found[f];

		if (t->grade != grade || !report_has(is))
			continue;
		printf("%s: %s\n", grades[grade], t->what);
		for (unsigned i = 0; i < is->places; i++)
			if (is->where[i][0]) {
				fputs("  at:     ", stdout);
				cli_print(stdout, is->where[i]);
				putchar('\n');
			}
		if (is->more)
			printf("  at:     %u more\n", is->more);
		printf("  means:  %c%s.\n  dejunk: %s\n  you:    %s\n", toupper((unsigned char)t->means[0]), t->means + 1, t->does,
		       t->you);
	}
}

static void report_json(const struct report *r, bool ok)
{
	struct json j = { .out = stdout };

	json_open(&j, NULL, '{');
	json_bool(&j, "ok", ok);
	json_open(&j, "findings", '[');
	for (int f = 0; f < FINDING_COUNT; f++) {
		const struct finding_text *t = finding_text((enum finding)f);
		const struct found *is = &r->found[f];
		char name[32];
		size_t n = 0;

		if (!report_has(is))
			continue;
		for (; t->name[n] && n < sizeof(name) - 1; n++)
			name[n] = (char)tolower((unsigned char)t->name[n]);
		name[n] = '\0';
		json_open(&j, NULL, '{');
		json_string(&j, "finding", name);
		json_string(&j, "grade", grades[t->grade]);
		json_string(&j, "what", t->what);
		json_open(&j, "at", '[');
		for (unsigned i = 0; i < is->places; i++)
			if (is->where[i][0])
				json_string(&j, NULL, is->where[i]);
		json_close(&j, ']');
		json_number(&j, "more", is->more);
		json_string(&j, "means", t->means);
		json_string(&j, "dejunk", t->does);
		json_string(&j, "you", t->you);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	putchar('\n');
}

static int doctor_fail(bool as_json, const char *why)
{
	struct json j = { .out = stdout };

	fprintf(stderr, "dejunk: %s\n", why);
	if (as_json) {
		json_open(&j, NULL, '{');
		json_bool(&j, "ok", false);
		json_string(&j, "error", why);
		json_close(&j, '}');
		putchar('\n');
	}
	return 2;
}

static bool doctor_runs(const char *run_dir)
{
	bool not_running;
	char *answer = cli_ask(run_dir, "status\n", LIMIT_CONTROL_MS / 1000, &not_running);

	free(answer);
	return answer || !not_running;
}

int cli_doctor(int argc, char **argv)
{
	static struct report report;
	static struct gateway g;
	static struct lan lan;
	struct doctor d = { .gateway = &g, .lan = &lan, .on = report_on, .ctx = &report };
	char file[FIREWALL_PATH], why[256];
	bool ok = true;
	struct options o;
	uint32_t uid, gid;

	if (!cli_options(argc, argv, OPT_JSON | OPT_CONFIG | OPT_RUN_DIR, USAGE, &o))
		return 2;
	if (geteuid() != 0)
		return doctor_fail(o.json, "must run as root");
	if (!cli_gateway(o.config ? o.config : cli_rules_path(), &g))
		return doctor_fail(o.json, "the rules file cannot be used");
	if (rtnl_new(&d.rtnl))
		return doctor_fail(o.json, "interfaces cannot be read");
	log_open("doctor", LOG_LEVEL_ERROR);	/* lan_find() tells a log what came */
	lan_find(&lan, &g, d.rtnl);
	d.ruleset = ruleset_load(why, sizeof(why));
	d.running = doctor_runs(o.run_dir);
	doctor_examine(&d);
	monitor_user(&uid, &gid);
	firewall_file(file);
	doctor_try(&d, uid, file);
	ruleset_free(d.ruleset);
	rtnl_free(d.rtnl);
	for (int f = 0; f < FINDING_COUNT; f++)
		ok &= !report_has(&report.found[f]) || finding_text((enum finding)f)->grade == GRADE_NOTE;
	if (o.json) {
		report_json(&report, ok);
	} else {
		report_print(&report, GRADE_GRAVE);
		report_print(&report, GRADE_MINOR);
		report_print(&report, GRADE_NOTE);
		if (ok)
			puts("nothing on this machine gets in the way");
	}
	for (int f = 0; f < FINDING_COUNT; f++)
		for (unsigned i = 0; i < report.found[f].places; i++)
			free(report.found[f].where[i]);
	return ok ? 0 : 1;
}
