/* SPDX-License-Identifier: GPL-3.0-or-later */
/* admin - the control socket, without any privilege */
#include "admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "counters.h"
#include "json.h"
#include "log.h"
#include "reached.h"
#include "sandbox.h"

enum {
	REQUEST_BYTES = LIMIT_LIST_URL_BYTES + 32,	/* of a request line */
	PAGES = LIMIT_WORKERS + ROLE_COUNT,
	RELOAD_MS = LIMIT_COMPILE_MS + LIMIT_CONTROL_MS,	/* a reload may take as long as a build, and then to come into force */
	UPDATE_MS = 3600 * 1000,	/* all lists to be fetched, one after the other */
	LAST_MS = 1000,			/* for what is being answered when told to end */
};

struct page {			/* counters of one process */
	uint32_t role, index;
	ino_t inode;		/* of the memfd: another one is another page */
	const struct counters *counters;
};

/* one connection: reads a line, perhaps waits for the monitor, writes the answer, closes */
struct session {
	int fd;			/* -1: free */
	ev_io io;
	ev_timer limit;
	size_t used;
	char line[REQUEST_BYTES];
	bool text;		/* for people, else JSON */
	uint32_t waits;		/* seq of the RELOAD or UPDATE whose answer it waits for; 0: none */
	char *answer;
	size_t len, sent;
};

static struct {
	struct child child;
	bool inside;			/* the sandbox is entered */
	uint32_t owner;
	int control;			/* -1: not yet given */
	ev_io accept_io;
	bool ending;			/* no new connection is taken */
	ev_timer last;
	uint32_t seq;
	size_t pages;
	struct page page[PAGES];
	struct counters past;		/* of processes whose page was replaced */
	char *status;			/* the last MSG_STATUS: members, NUL, text, NUL */
	size_t members;			/* bytes of the members */
	uint64_t told_ms;		/* when it came; it comes each second */
	struct session session[LIMIT_CONTROL_CLIENTS];
} admin;

/* --- counters --------------------------------------------------------------------------- */

static uint64_t admin_count(enum counter c)
{
	uint64_t sum = admin.past.n[c];

	for (size_t i = 0; i < admin.pages; i++)
		sum += admin.page[i].counters->n[c];
	return sum;
}

static uint64_t admin_reached(int id)
{
	uint64_t sum = admin.past.reached[id];

	for (size_t i = 0; i < admin.pages; i++)
		sum += admin.page[i].counters->reached[id];
	return sum;
}

static void admin_on_counters(const struct ipc_message *m)
{
	const struct msg_counters *body = (const void *)m->body;
	const struct counters *mapped;
	struct page *p = admin.page;
	struct stat st;

	if (m->len != sizeof(*body) || m->fd < 0 || fstat(m->fd, &st) < 0)
		return;
	if (body->role == ROLE_ADMIN && counters_map(m->fd) < 0)	/* its own: what it counts, too, is seen */
		log_warn("no page of counters");
	while (p < admin.page + admin.pages && (p->role != body->role || p->index != body->index))
		p++;
	if (p == admin.page + PAGES)
		return;
	if (p < admin.page + admin.pages && p->inode == st.st_ino)
		return;		/* started again with the same page */
	mapped = counters_peek(m->fd);
	if (!mapped)
		return;
	if (p == admin.page + admin.pages) {
		admin.pages++;
	} else {		/* counters never go back */
		for (int c = 0; c < COUNTER_COUNT; c++)
			admin.past.n[c] += p->counters->n[c];
		for (int id = 0; id < LIMIT_IDS; id++)
			admin.past.reached[id] += p->counters->reached[id];
		counters_unpeek(p->counters);
	}
	*p = (struct page){ body->role, body->index, st.st_ino, mapped };
}

/* --- answers ----------------------------------------------------------------------------- */

/* why the monitor's last word on the lease is not worth repeating; NULL: it is */
static const char *admin_silence(void)
{
	if (!admin.status)
		return "the monitor has not told yet";
	if (clock_ms() - admin.told_ms > LIMIT_LEASE_SECONDS * 1000 + LIMIT_SILENCE_MS)
		return "the monitor does not answer, the lease has lapsed";
	return NULL;
}

static void admin_status_json(FILE *out)
{
	struct json j = { .out = out };
	const char *silence = admin_silence();

	json_open(&j, NULL, '{');
	if (silence) {
		json_bool(&j, "armed", false);
		json_string(&j, "reason", silence);
	} else {
		json_raw(&j, admin.status);
	}
	for (int c = 0; c < COUNTER_COUNT; c++)
		json_number(&j, counter_name((enum counter)c), admin_count((enum counter)c));
	json_open(&j, "limits_reached", '{');
	for (int id = 0; id < LIMIT_IDS; id++)
		if (admin_reached(id))
			json_number(&j, limit_name((enum limit_id)id), admin_reached(id));
	json_close(&j, '}');
	json_close(&j, '}');
	fputc('\n', out);
}

static void admin_status_text(FILE *out)
{
	if (admin_silence()) {
		fprintf(out, "not armed: %s\n", admin_silence());
		return;
	}
	fputs(admin.status + admin.members + 1, out);
	for (int c = 0; c < COUNTER_COUNT; c++)
		if (c <= COUNTER_REFUSED_SYNS || admin_count((enum counter)c))
			fprintf(out, "%11llu %s\n", (unsigned long long)admin_count((enum counter)c),
				counter_text((enum counter)c));
	for (int i = 0; i < LIMIT_IDS; i++) {
		enum limit_id id = (enum limit_id)i;

		if (admin_reached(i))
			fprintf(out, "%11llu times %s of %u %s reached: %s\n", (unsigned long long)admin_reached(i),
				limit_name(id), limit_value(id), limit_unit(id), limit_text(id));
	}
}

static void admin_reload_answer(FILE *out, bool text, int error, const char *said)
{
	struct json j = { .out = out };

	if (text) {
		fprintf(out, "%s\n%s", error ? "failed" : "ok", said);
		return;
	}
	json_open(&j, NULL, '{');
	json_bool(&j, "ok", error == 0);
	json_string(&j, error ? "errors" : "warnings", said);
	json_close(&j, '}');
	fputc('\n', out);
}

static void admin_refuse(FILE *out, bool text, const char *why)
{
	struct json j = { .out = out };

	if (text) {
		fprintf(out, "failed\n%s\n", why);
		return;
	}
	json_open(&j, NULL, '{');
	json_string(&j, "error", why);
	json_close(&j, '}');
	fputc('\n', out);
}

/* --- sessions ------------------------------------------------------------------------------ */

/* takes new connections only while there is room: more wait in the kernel's queue */
static void admin_arm(void)
{
	bool room = false, busy = false;

	for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++) {
		room = room || admin.session[i].fd < 0;
		busy = busy || admin.session[i].fd >= 0;
	}
	if (admin.ending && !busy)
		child_end(&admin.child);
	if (admin.ending || admin.control < 0 || !admin.inside || !room)
		ev_io_stop(admin.child.loop, &admin.accept_io);
	else
		ev_io_start(admin.child.loop, &admin.accept_io);
}

static void session_close(struct session *s)
{
	if (s->fd < 0)
		return;
	ev_io_stop(admin.child.loop, &s->io);
	ev_timer_stop(admin.child.loop, &s->limit);
	close(s->fd);
	free(s->answer);
	s->answer = NULL;
	s->fd = -1;
	admin_arm();
}

static void session_watch(struct session *s, int events)
{
	ev_io_stop(admin.child.loop, &s->io);
	ev_io_set(&s->io, s->fd, events);
	ev_io_start(admin.child.loop, &s->io);
}

static FILE *session_answer(struct session *s)
{
	free(s->answer);
	s->answer = NULL;
	return open_memstream(&s->answer, &s->len);
}

static void session_send(struct session *s, FILE *out)
{
	s->waits = 0;
	s->sent = 0;
	if (!out || fclose(out) != 0)
		session_close(s);
	else
		session_watch(s, EV_WRITE);
}

/* an answer of the monitor is waited for: MSG_RELOADED or MSG_UPDATED; false: it could not be asked */
static bool session_ask(struct session *s, enum message type, const void *body, size_t len, uint32_t ms)
{
	s->waits = ++admin.seq;
	ev_timer_stop(admin.child.loop, &s->limit);
	ev_timer_set(&s->limit, ms / 1000.0, 0);
	ev_timer_start(admin.child.loop, &s->limit);
	ev_io_stop(admin.child.loop, &s->io);
	return child_send(&admin.child, type, s->waits, body, len, -1) == 0;
}

/* "update j- NAME": j or t for JSON or text, f or - for force or not; no name: all */
static bool session_update(struct session *s)
{
	char body[sizeof(struct msg_update) + REQUEST_BYTES];
	struct msg_update head = { .force = s->line[8] == 'f' };
	size_t len = strlen(s->line + 10);

	s->text = s->line[7] == 't';
	memcpy(body, &head, sizeof(head));
	memcpy(body + sizeof(head), s->line + 10, len);
	return session_ask(s, MSG_UPDATE, body, sizeof(head) + len, UPDATE_MS);
}

/* who asks is answered by the monitor itself: this process does not outlive what is asked.  false: it could not be told */
static bool session_upgrade(struct session *s)
{
	struct msg_upgrade body = { .text = s->text };

	if (child_send(&admin.child, MSG_UPGRADE, 0, &body, sizeof(body), s->fd) < 0)
		return false;
	session_close(s);
	return true;
}

static void session_request(struct session *s)
{
	bool update = strncmp(s->line, "update ", 7) == 0 && strlen(s->line) >= 10 && s->line[9] == ' ';
	bool status = strcmp(s->line, "status") == 0 || strcmp(s->line, "status text") == 0;
	bool reload = strcmp(s->line, "reload") == 0 || strcmp(s->line, "reload text") == 0;
	bool upgrade = strcmp(s->line, "upgrade") == 0 || strcmp(s->line, "upgrade text") == 0;
	FILE *out;

	s->text = strstr(s->line, " text") != NULL;
	if (upgrade && session_upgrade(s))
		return;
	if (update ? session_update(s) : reload && session_ask(s, MSG_RELOAD, NULL, 0, RELOAD_MS))
		return;
	out = session_answer(s);
	if (!out)
		;
	else if (status && s->text)
		admin_status_text(out);
	else if (status)
		admin_status_json(out);
	else
		admin_refuse(out, s->text, reload || update || upgrade ? "the monitor is busy" : "unknown request");
	session_send(s, out);
}

static void session_read(struct session *s)
{
	ssize_t n = recv(s->fd, s->line + s->used, sizeof(s->line) - 1 - s->used, 0);
	char *end;

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			session_close(s);
		return;
	}
	s->used += (size_t)n;
	s->line[s->used] = '\0';
	end = strchr(s->line, '\n');
	if (end) {
		*end = '\0';
		session_request(s);
	} else if (s->used == sizeof(s->line) - 1) {
		session_close(s);
	}
}

static void session_write(struct session *s)
{
	ssize_t n = send(s->fd, s->answer + s->sent, s->len - s->sent, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		s->sent += (size_t)n;
	if (n < 0 || s->sent == s->len)
		session_close(s);
}

static void session_on_ready(struct ev_loop *loop, ev_io *w, int revents)
{
	struct session *s = CONTAINER_OF(w, struct session, io);

	(void)loop;
	if (revents & EV_WRITE)
		session_write(s);
	else
		session_read(s);
}

static void session_on_limit(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	reached(LIMIT_ID_CONTROL_MS, NULL);
	session_close(CONTAINER_OF(w, struct session, limit));
}

static bool session_allowed(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && (who.uid == 0 || who.uid == admin.owner);
}

static void admin_on_accept(struct ev_loop *loop, ev_io *w, int revents)
{
	struct session *s = admin.session;
	int fd = accept4(admin.control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)w, (void)revents;
	while (s < admin.session + LIMIT_CONTROL_CLIENTS && s->fd >= 0)
		s++;
	if (fd < 0)
		return;
	if (s == admin.session + LIMIT_CONTROL_CLIENTS || !session_allowed(fd)) {
		close(fd);
		return;
	}
	s->fd = fd;
	s->used = s->len = s->sent = 0;
	s->waits = 0;
	ev_io_set(&s->io, fd, EV_READ);
	ev_io_start(loop, &s->io);
	ev_timer_set(&s->limit, LIMIT_CONTROL_MS / 1000.0, 0);
	ev_timer_start(loop, &s->limit);
	admin_arm();
}

/* --- the monitor ------------------------------------------------------------------------------ */

static void admin_on_status(const struct ipc_message *m)
{
	const uint8_t *nul = memchr(m->body, '\0', m->len);
	char *copy;

	if (!nul)
		return;
	copy = malloc(m->len + 1);
	if (!copy)
		return;
	memcpy(copy, m->body, m->len);
	copy[m->len] = '\0';
	free(admin.status);
	admin.status = copy;
	admin.told_ms = clock_ms();
	admin.members = (size_t)(nul - m->body);
}

static void admin_on_reloaded(const struct ipc_message *m)
{
	struct msg_done done;
	char *said;

	if (m->len < sizeof(done))
		return;
	memcpy(&done, m->body, sizeof(done));
	said = strndup((const char *)m->body + sizeof(done), m->len - sizeof(done));
	for (struct session *s = admin.session; said && s < admin.session + LIMIT_CONTROL_CLIENTS; s++) {
		FILE *out;

		if (s->fd < 0 || !s->waits || s->waits != m->head.seq)
			continue;
		out = session_answer(s);
		if (out)
			admin_reload_answer(out, s->text, done.error, said);
		session_send(s, out);
	}
	free(said);
}

static void admin_on_updated(const struct ipc_message *m)
{
	struct msg_done done;
	const char *json = (const char *)m->body + sizeof(done), *text;
	size_t len = m->len - sizeof(done);

	if (m->len < sizeof(done) || !memchr(json, '\0', len))
		return;
	memcpy(&done, m->body, sizeof(done));
	text = json + strlen(json) + 1;
	len -= (size_t)(text - json);
	for (struct session *s = admin.session; s < admin.session + LIMIT_CONTROL_CLIENTS; s++) {
		FILE *out;

		if (s->fd < 0 || !s->waits || s->waits != m->head.seq)
			continue;
		out = session_answer(s);
		if (out && s->text)
			fprintf(out, "%s\n%.*s", done.error == ENOENT ? "unknown" : done.error ? "failed" : "ok", (int)len, text);
		else if (out)
			fprintf(out, "%s\n", json);
		session_send(s, out);
	}
}

static void admin_on_control(struct ipc_message *m)
{
	if (m->len != sizeof(admin.owner) || m->fd < 0 || admin.control >= 0)
		return;
	memcpy(&admin.owner, m->body, sizeof(admin.owner));
	admin.control = m->fd;
	m->fd = -1;
	ev_io_set(&admin.accept_io, admin.control, EV_READ);
	admin_arm();
}

static void admin_enter(struct child *c)
{
	int err = admin.inside ? 0 : sandbox_enter(ROLE_ADMIN, c->settings.uid, c->settings.gid, 0);

	if (err)
		die(1, "privileges could not be dropped: %s", strerror(-err));
	admin.inside = true;
	admin_arm();
}

static void admin_on_last(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)w, (void)revents;
	child_end(&admin.child);
}

/* another admin process, or none, takes what comes from now on */
static void admin_end(void)
{
	admin.ending = true;
	ev_timer_start(admin.child.loop, &admin.last);
	admin_arm();
}

static bool admin_on_message(struct child *c, struct ipc_message *m)
{
	const struct msg_rules *rules = (const void *)m->body;

	switch (m->head.type) {
	case MSG_COUNTERS:
		admin_on_counters(m);
		break;
	case MSG_CONTROL:
		admin_on_control(m);
		break;
	case MSG_SETTINGS:
		if (c->has_settings)
			admin_enter(c);
		break;
	case MSG_RULES:		/* it reads no rules, but says that it is there */
		if (m->len == sizeof(*rules) && admin.inside)
			child_ready(c, rules->generation);
		break;
	case MSG_STATUS:
		admin_on_status(m);
		break;
	case MSG_STOP:
		admin_end();
		return true;
	case MSG_RELOADED:
		admin_on_reloaded(m);
		break;
	case MSG_UPDATED:
		admin_on_updated(m);
		break;
	}
	return false;
}

int admin_main(void)
{
	child_init(&admin.child, ROLE_ADMIN, admin_on_message, NULL);
	admin.control = -1;
	ev_init(&admin.accept_io, admin_on_accept);
	ev_timer_init(&admin.last, admin_on_last, LAST_MS / 1000., 0.);
	for (size_t i = 0; i < LIMIT_CONTROL_CLIENTS; i++) {
		struct session *s = &admin.session[i];

		s->fd = -1;
		ev_init(&s->io, session_on_ready);
		ev_init(&s->limit, session_on_limit);
	}
	return child_run(&admin.child);
}
