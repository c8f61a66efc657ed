/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetching - one run of the fetch child: give it a file, take its word */
#include "fetching.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "container.h"
#include "ipc.h"
#include "limits.h"
#include "list_shown.h"
#include "reached.h"

/* the next @len bytes of the message as printable text; false: it has not that many, or they do not fit */
static bool fetching_take(const struct ipc_message *m, size_t *at, size_t len, char *out, size_t out_len)
{
	if (len >= out_len || len > m->len - *at)
		return false;
	list_state_text(out, out_len, (struct span){ (const char *)m->body + *at, len });
	*at += len;
	return true;
}

static void fetching_on_fetched(struct fetching *f, const struct ipc_message *m)
{
	struct msg_fetched head;
	struct fetched *g = &f->got;
	char why[sizeof(g->why)];
	size_t at = sizeof(head);

	if (m->head.type != MSG_FETCHED || m->len < sizeof(head) || f->answered)
		return;
	memcpy(&head, m->body, sizeof(head));
	if (head.what > FETCH_REFUSED ||
	    !fetching_take(m, &at, head.etag_len, g->etag, sizeof(g->etag)) ||
	    !fetching_take(m, &at, head.modified_len, g->modified, sizeof(g->modified)) ||
	    !fetching_take(m, &at, head.why_len, why, sizeof(why)))
		return;
	list_shown(span_of(why), g->why, sizeof(g->why));
	g->what = (enum fetch_what)head.what;
	g->bytes = head.bytes;
	g->digest = head.digest;
	g->lines = head.lines;
	g->rules = head.rules;
	list_state_text(g->format, sizeof(g->format), (struct span){ head.format, strnlen(head.format, sizeof(head.format) - 1) });
	f->answered = true;
}

static bool fetching_read(struct fetching *f)
{
	static struct ipc_message m;
	int n = ipc_recv(f->sock, &m);

	if (n <= 0)
		return n == -EAGAIN;
	if (m.fd >= 0)
		close(m.fd);
	fetching_on_fetched(f, &m);
	return true;
}

static void fetching_on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct fetching *f = CONTAINER_OF(w, struct fetching, io);

	(void)revents;
	if (!fetching_read(f))
		ev_io_stop(loop, w);		/* its end follows */
}

static void fetching_stop(struct fetching *f)
{
	ev_io_stop(f->loop, &f->io);
	ev_child_stop(f->loop, &f->died);
	ev_timer_stop(f->loop, &f->limit);
	close(f->sock);
	f->sock = -1;
	f->pid = 0;
}

/* what it wrote is what it says, and no more than is allowed? */
static void fetching_check_file(struct fetching *f)
{
	struct fetched *g = &f->got;
	struct stat st;

	if (g->what != FETCH_NEW)
		return;
	if (fstat(f->file, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == g->bytes && g->bytes &&
	    g->bytes <= LIMIT_LIST_BYTES && g->rules && g->format[0])
		return;
	g->what = FETCH_FAILED;
	snprintf(g->why, sizeof(g->why), "the fetch process did not write what it says");
}

static void fetching_on_died(struct ev_loop *loop, ev_child *w, int revents)
{
	struct fetching *f = CONTAINER_OF(w, struct fetching, died);
	struct fetched *g = &f->got;

	(void)loop, (void)revents;
	fetching_read(f);		/* it says one thing, and may have said it just now */
	fetching_stop(f);
	if (!f->answered || f->late) {
		*g = (struct fetched){ .what = FETCH_FAILED };
		if (f->late)
			snprintf(g->why, sizeof(g->why), "it took longer than %d s", LIMIT_FETCH_MS / 1000);
		else if (WIFSIGNALED(w->rstatus))
			snprintf(g->why, sizeof(g->why), "the fetch process was killed by signal %d (%s)", WTERMSIG(w->rstatus),
				 strsignal(WTERMSIG(w->rstatus)));
		else
			snprintf(g->why, sizeof(g->why), "the fetch process ended with status %d", WEXITSTATUS(w->rstatus));
	}
	fetching_check_file(f);
	f->on_done(f, g);
}

static void fetching_on_limit(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct fetching *f = CONTAINER_OF(w, struct fetching, limit);

	(void)loop, (void)revents;
	reached_quietly(LIMIT_ID_FETCH_MS);	/* the caller logs why */
	f->late = true;
	kill(f->pid, SIGKILL);
}

void fetching_init(struct fetching *f, struct ev_loop *loop, fetching_on_done *on_done)
{
	*f = (struct fetching){ .loop = loop, .on_done = on_done, .sock = -1, .file = -1 };
	ev_init(&f->io, fetching_on_readable);
	ev_init(&f->died, fetching_on_died);
	ev_init(&f->limit, fetching_on_limit);
}

static int fetching_ask(int sock, const struct list_state *s, bool checksum, int file)
{
	uint8_t body[sizeof(struct msg_fetch) + sizeof(s->url) + sizeof(s->etag) + sizeof(s->modified)];
	struct msg_fetch head = { .digest = s->digest, .checksum = checksum };
	const char *text[] = { s->url, s->etag, s->modified };
	uint16_t *len[] = { &head.url_len, &head.etag_len, &head.modified_len };
	size_t at = sizeof(head);

	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		*len[i] = (uint16_t)strlen(text[i]);
		memcpy(body + at, text[i], *len[i]);
		at += *len[i];
	}
	memcpy(body, &head, sizeof(head));
	return ipc_send(sock, MSG_FETCH, 0, body, at, file);
}

int fetching_start(struct fetching *f, const struct msg_settings *settings, const struct list_state *s, bool checksum,
		   int file)
{
	int pair[2], err = ipc_pair(pair);
	pid_t pid;

	if (err)
		return err;
	err = ipc_send(pair[0], MSG_SETTINGS, 0, settings, sizeof(*settings), -1);
	if (!err)
		err = fetching_ask(pair[0], s, checksum, file);
	pid = err ? err : children_exec(ROLE_FETCH, pair[1], -1);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return pid;
	}
	f->pid = pid;
	f->sock = pair[0];
	f->file = file;
	f->late = f->answered = false;
	f->got = (struct fetched){ 0 };
	ev_io_set(&f->io, f->sock, EV_READ);
	ev_io_start(f->loop, &f->io);
	ev_child_set(&f->died, pid, 0);
	ev_child_start(f->loop, &f->died);
	ev_timer_set(&f->limit, LIMIT_FETCH_MS / 1000.0 + 1, 0);
	ev_timer_start(f->loop, &f->limit);
	return 0;
}

void fetching_cancel(struct fetching *f)
{
	if (!f->pid)
		return;
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	fetching_stop(f);
}
