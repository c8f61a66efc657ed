/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_status - the monitor's part of "dejunk status", as members of a JSON object and as text for people
 *
 * The admin process puts the counters of all processes behind both.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "clock.h"
#include "json.h"
#include "monitor.h"

static void status_json_rules(struct monitor *m, struct json *j)
{
	struct rules_summary sum;
	unsigned failing;

	rules_summary(m->rules, &sum);
	json_string(j, "config", m->build.path);
	json_number(j, "generation", rules_generation(m->rules));
	json_number(j, "rules_since", (uint64_t)m->built);
	json_number(j, "rules", sum.rules);
	json_number(j, "lists", sum.lists);
	json_number(j, "names", sum.names);
	json_number(j, "image_bytes", sum.image_bytes);
	json_number(j, "lists_fetched", lists_failing(m, &failing));
	json_number(j, "lists_failing", failing);
	json_number(j, "listen", m->socks.port);
}

static void status_json_interface(struct json *j, const char *name, bool v4, bool v6, bool dropped)
{
	json_open(j, NULL, '{');
	json_string(j, "name", name);
	json_bool(j, "ipv4", v4);
	json_bool(j, "ipv6", v6);
	json_bool(j, "input_dropped", dropped);
	json_close(j, '}');
}

/* processes that others have followed, and that serve what they had begun */
static void status_json_ending(struct monitor *m, struct json *j)
{
	json_open(j, "ending", '[');
	for (struct proc *p = children_any(&m->kids); p; p = children_any_next(p)) {
		if (!p->pid || !(p->retired || p->before))
			continue;
		json_open(j, NULL, '{');
		json_string(j, "role", role_name(p->role));
		json_number(j, "index", p->index);
		json_number(j, "pid", (uint64_t)p->pid);
		json_number(j, "alive", p->pong.connections);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void status_text_ending(struct monitor *m, FILE *out)
{
	unsigned n = 0;

	for (struct proc *p = children_any(&m->kids); p; p = children_any_next(p))
		if (p->pid && (p->retired || p->before))
			fprintf(out, "%s%s %d (%u connections)", n++ ? ", " : "ending      ", p->name, (int)p->pid,
				p->pong.connections);
	if (n)
		fputc('\n', out);
}

static void status_json(struct monitor *m, struct json *j)
{
	uint64_t now = clock_ms();

	json_bool(j, "armed", m->arm.lease == LEASE_ARMED);
	json_string(j, "state", lease_name(m->arm.lease));
	json_string(j, "reason", m->arm.why);
	json_number(j, "since", (uint64_t)m->arm.since);
	json_number(j, "started", (uint64_t)m->start);
	json_string(j, "version", DEJUNK_VERSION);
	json_number(j, "pid", (uint64_t)getpid());
	json_number(j, "uid", m->settings.uid);
	status_json_rules(m, j);
	json_bool(j, "forward_open", m->settings.forward_open);
	json_number(j, "redirected", m->arm.redirected);
	json_bool(j, "filter_self", m->lan.self4 || m->lan.self6);
	json_open(j, "interfaces", '[');
	for (size_t i = 0; i < m->lan.n; i++) {
		const struct lan_if *f = &m->lan.itf[i];

		status_json_interface(j, f->arm.ifname, f->arm.v4 && !f->drop4, f->arm.v6 && !f->drop6,
				      f->drop4 || f->drop6);
	}
	json_close(j, ']');
	json_open(j, "roles", '[');
	json_open(j, NULL, '{');
	json_string(j, "role", role_name(ROLE_MONITOR));
	json_number(j, "index", 0);
	json_number(j, "pid", (uint64_t)getpid());
	json_number(j, "restarts", 0);
	json_bool(j, "ready", true);
	json_close(j, '}');
	for (struct proc *p = children_first(&m->kids); p; p = children_next(p)) {
		json_open(j, NULL, '{');
		json_string(j, "role", role_name(p->role));
		json_number(j, "index", p->index);
		json_number(j, "pid", (uint64_t)p->pid);
		json_number(j, "restarts", p->restarts);
		json_bool(j, "ready", p->ready && !p->silent);
		json_number(j, "seconds", p->pid ? (now - p->started_ms) / 1000 : 0);
		json_number(j, "alive", p->pong.connections);
		json_number(j, "files", p->pong.files);
		json_close(j, '}');
	}
	json_close(j, ']');
	status_json_ending(m, j);
}

static void status_when(FILE *out, time_t t)
{
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&t, &tm));
	fputs(text, out);
}

static void status_text_interfaces(struct monitor *m, FILE *out)
{
	fputs("filtering  ", out);
	for (size_t i = 0; i < m->lan.n; i++) {
		const struct lan_if *f = &m->lan.itf[i];

		fprintf(out, "%s%s%s%s%s", i ? ", " : " ", f->arm.ifname, f->arm.v4 && !f->drop4 ? " IPv4" : "",
			f->arm.v6 && !f->drop6 ? " IPv6" : "", f->drop4 || f->drop6 ? " (INPUT drops)" : "");
	}
	if (m->lan.self4 || m->lan.self6)
		fprintf(out, "%sthis machine's own traffic", m->lan.n ? ", " : " ");
	else if (!m->lan.n)
		fputs(" no interface", out);
	fputc('\n', out);
}

static void status_text(struct monitor *m, FILE *out)
{
	struct rules_summary sum;
	unsigned failing;

	rules_summary(m->rules, &sum);
	fputs(m->arm.lease == LEASE_ARMED ? "armed since " : "not armed since ", out);
	status_when(out, m->arm.since);
	if (m->arm.lease != LEASE_ARMED)
		fprintf(out, ": %s", m->arm.why);
	fputc('\n', out);
	status_text_interfaces(m, out);
	fprintf(out, "rules       %u rules, %u lists, %llu names, generation %llu since ", sum.rules, sum.lists,
		(unsigned long long)sum.names, (unsigned long long)rules_generation(m->rules));
	status_when(out, m->built);
	fprintf(out, " (%s)\n", m->build.path);
	if (lists_failing(m, &failing))
		fprintf(out, "fetching    %u lists, %u of them failing%s\n", m->lists.count, failing,
			failing ? ": see dejunk lists" : "");
	fprintf(out, "processes   monitor %d", (int)getpid());
	for (struct proc *p = children_first(&m->kids); p; p = children_next(p)) {
		if (p->pid)
			fprintf(out, ", %s %d", p->name, (int)p->pid);
		else
			fprintf(out, ", %s down", p->name);
		if (p->restarts)
			fprintf(out, " (restarted %u times)", p->restarts);
	}
	fputc('\n', out);
	status_text_ending(m, out);
}

void status_send(struct monitor *m)
{
	struct proc *admin = children_find(&m->kids, ROLE_ADMIN, 0);
	char *body = NULL;
	size_t len = 0;
	struct json j = { 0 };

	if (!admin || !admin->pid || !m->rules)
		return;
	j.out = open_memstream(&body, &len);
	if (!j.out)
		return;
	status_json(m, &j);
	fputc('\0', j.out);
	status_text(m, j.out);
	if (fclose(j.out) == 0 && len <= IPC_BODY_MAX)
		proc_send(admin, MSG_STATUS, 0, body, len, -1);
	free(body);
}
