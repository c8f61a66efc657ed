/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_lists_wait - who asked for an update, and what is said when it is over */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "json.h"
#include "monitor.h"

static bool lists_is(const struct subscription *s, const char *name)
{
	return !name || strcmp(name, s->name) == 0 || strcmp(name, s->state.url) == 0 ||
	       strcmp(name, s->shown) == 0;
}

static bool lists_bad(const struct subscription *s)
{
	return s->result == LISTS_FAILED || s->result == LISTS_REFUSED;
}

static void lists_tell_json(const struct subscription *s, struct json *j)
{
	static const char *const result[] = { "nothing", "updated", "unchanged", "failed", "refused" };

	json_open(j, NULL, '{');
	json_string(j, "name", s->name);
	json_string(j, "url", s->shown);
	json_string(j, "result", result[s->result]);
	json_number(j, "rules", s->state.rules);
	if (s->result == LISTS_UPDATED)
		json_number(j, "rules_before", s->rules_before);
	if (lists_bad(s))
		json_string(j, "error", s->state.error);
	json_close(j, '}');
}

static void lists_tell_text(const struct subscription *s, FILE *out)
{
	switch (s->result) {
	case LISTS_UPDATED:
		fprintf(out, "%s: updated, %u rules (before: %u)\n", lists_label(s), s->state.rules, s->rules_before);
		break;
	case LISTS_SAME:
		fprintf(out, "%s: not changed, %u rules\n", lists_label(s), s->state.rules);
		break;
	case LISTS_FAILED:
	case LISTS_REFUSED:
		fprintf(out, "%s: %s: %s; %s\n", lists_label(s), s->result == LISTS_FAILED ? "failed" : "refused", s->state.error,
			s->state.bytes ? "the last good copy stays" : "there is no copy");
		break;
	default:
		fprintf(out, "%s: not fetched\n", lists_label(s));
	}
}

/* body of UPDATED: how it went, JSON, NUL, text */
static void lists_tell(struct monitor *m, const struct lists_waiter *w, const char *error)
{
	struct proc *admin = children_find(&m->kids, ROLE_ADMIN, 0);
	struct lists *l = &m->lists;
	struct msg_done done = { .error = error ? ENOENT : 0 };
	char *body = NULL;
	size_t len = 0;
	struct json j = { .out = open_memstream(&body, &len) };
	bool bad = error != NULL;

	if (!j.out)
		return;
	for (unsigned i = 0; i < l->count; i++)
		bad |= lists_is(l->sub[i], w->name) && lists_bad(l->sub[i]);
	if (bad && !error)
		done.error = EIO;
	fwrite(&done, sizeof(done), 1, j.out);
	json_open(&j, NULL, '{');
	json_bool(&j, "ok", !bad);
	if (error)
		json_string(&j, "error", error);
	json_open(&j, "lists", '[');
	for (unsigned i = 0; i < l->count && !error && ftell(j.out) < IPC_BODY_MAX / 2; i++)
		if (lists_is(l->sub[i], w->name))
			lists_tell_json(l->sub[i], &j);
	json_close(&j, ']');
	json_close(&j, '}');
	fputc('\0', j.out);
	if (error)
		fprintf(j.out, "%s\n", error);
	for (unsigned i = 0; i < l->count && !error && ftell(j.out) < IPC_BODY_MAX - 3000; i++)
		if (lists_is(l->sub[i], w->name))
			lists_tell_text(l->sub[i], j.out);
	if (fclose(j.out) == 0 && admin && admin->pid)
		proc_send(admin, MSG_UPDATED, w->seq, body, len < IPC_BODY_MAX ? len : IPC_BODY_MAX, -1);
	free(body);
}

void lists_answer(struct monitor *m)
{
	struct lists *l = &m->lists;
	unsigned kept = 0;

	if (l->waiters)
		status_send(m);		/* who was told asks next */
	for (unsigned i = 0; i < l->waiters; i++) {
		struct lists_waiter *w = &l->waiter[i];

		if (w->round > l->finished) {
			l->waiter[kept++] = *w;
			continue;
		}
		lists_tell(m, w, NULL);
		free(w->name);
	}
	l->waiters = kept;
}

void lists_forget_waiters(struct monitor *m)
{
	for (unsigned i = 0; i < m->lists.waiters; i++)
		free(m->lists.waiter[i].name);
	m->lists.waiters = 0;
}

void lists_update(struct monitor *m, uint32_t seq, bool force, const char *name, size_t len)
{
	struct lists *l = &m->lists;
	struct lists_waiter w = { .seq = seq, .round = l->running ? l->round : l->round + 1 };
	unsigned found = 0;

	w.name = len ? strndup(name, len) : NULL;
	for (unsigned i = 0; i < l->count && (w.name || !len); i++)
		if (l->sub[i]->named && lists_is(l->sub[i], w.name)) {
			l->sub[i]->wanted = true;
			l->sub[i]->forced |= force;
			l->sub[i]->result = LISTS_NOTHING;
			found++;
		}
	if (!found || l->waiters == ARRAY_LEN(l->waiter)) {
		lists_tell(m, &w, found ? "too many updates are waiting" : l->dir < 0 ? "the state directory cannot be used" :
			   len ? "no list that is fetched has this name or URL" : "the rules name no list that is fetched");
		free(w.name);
		return;
	}
	l->waiter[l->waiters++] = w;
	lists_tick(m);
}
