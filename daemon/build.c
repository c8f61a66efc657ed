/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build - one run of the compile child: give it files, take its image */
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "container.h"
#include "counters.h"
#include "limits.h"
#include "list_shown.h"
#include "list_store.h"
#include "log.h"
#include "named.h"
#include "reached.h"
#include "regular.h"
#include "rules_cache.h"
#include "statedir.h"

#define BUILD_CACHE "rules.image"

enum {
	BUILD_FILES = 2 * (LIMIT_LISTS + 1),	/* that one build may ask for: once for the cache, once for itself */
	BUILD_BURST = 64,		/* messages taken before the lease and the others get their turn */
};

/* --- the files it asks for ---------------------------------------------------- */

/* regular files only: a fifo would hang us, a device may have side effects */
static int build_open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int64_t size;

	if (fd < 0)
		return -errno;
	size = regular_size(fd);
	if (size >= 0)
		return fd;
	close(fd);
	return (int)size;
}

static char *build_slurp(int fd, size_t *len)
{
	size_t room = LIMIT_RULES_FILE_BYTES;
	char *text = malloc(room);
	ssize_t n;

	*len = 0;
	while (text && *len < room && (n = pread(fd, text + *len, room - *len, (off_t)*len)) > 0)
		*len += (size_t)n;
	return text;
}

char *build_read_rules(const struct build *b, size_t *len)
{
	int fd = build_open_regular(b->path);
	char *text = fd < 0 ? NULL : build_slurp(fd, len);

	if (fd >= 0)
		close(fd);
	return text;
}

/* keeps what rules.yaml says, so that the paths which the child asks for can be found in it */
static void build_keep_rules(struct build *b, int fd)
{
	free(b->rules);
	b->rules = build_slurp(fd, &b->rules_len);
}

/* is @path, as it stands or less the directory of rules.yaml, a file that rules.yaml names, or a URL? */
static bool build_names(const struct build *b, const char *path)
{
	size_t dir = (size_t)(strrchr(b->path, '/') - b->path) + 1;
	struct span rules = { b->rules, b->rules_len };

	if (!b->rules)
		return false;
	if (list_is_url(span_of(path)))
		return named_value(rules, "url", span_of(path));
	if (named_value(rules, "file", span_of(path)))
		return true;
	return strncmp(path, b->path, dir) == 0 && path[dir] && named_value(rules, "file", span_of(path + dir));
}

static int build_open(struct build *b, const char *path)
{
	char copy[PATH_MAX];
	int fd;

	if (b->opened++ >= BUILD_FILES)
		return -EMFILE;
	if (strcmp(path, b->path) == 0) {
		fd = build_open_regular(path);
		if (fd >= 0)
			build_keep_rules(b, fd);
		return fd;
	}
	if (!build_names(b, path)) {
		list_shown(span_of(path), copy, sizeof(copy));
		log_warn("compile asked for a file that %s does not name plainly after \"file:\": %s", b->path, copy);
		return -EACCES;
	}
	if (!list_is_url(span_of(path)))
		return build_open_regular(path);
	return list_store_path(b->state, span_of(path), copy) ? build_open_regular(copy) : -ENAMETOOLONG;
}

static void build_on_open(struct build *b, const struct ipc_message *m)
{
	struct msg_done done = { 0 };
	char path[PATH_MAX];
	int fd = -ENAMETOOLONG;

	if (m->len < sizeof(path) && m->len && !memchr(m->body, '\0', m->len)) {
		memcpy(path, m->body, m->len);
		path[m->len] = '\0';
		fd = build_open(b, path);
	}
	if (fd < 0)
		done.error = -fd;
	ipc_send(b->sock, MSG_OPENED, m->head.seq, &done, sizeof(done), fd);
	if (fd >= 0)
		close(fd);
}

/* --- its answer ------------------------------------------------------------------ */

static void build_keep_text(struct build *b, const void *text, size_t len)
{
	free(b->text);
	b->text = strndup(text, len);
}

static void build_message(struct build *b, struct ipc_message *m)
{
	switch (m->head.type) {
	case MSG_OPEN:
		build_on_open(b, m);
		break;
	case MSG_BUILT:
		if (m->fd < 0 || b->image >= 0 || m->len < sizeof(b->built))
			break;
		b->image = m->fd;
		m->fd = -1;
		memcpy(&b->built, m->body, sizeof(b->built));
		if (b->built.cache == BUILT_FROM_CACHE)
			count(COUNTER_CACHE_USED);
		if (b->built.cache == BUILT_CACHE_BAD)
			count(COUNTER_CACHE_BAD);
		build_keep_text(b, m->body + sizeof(b->built), m->len - sizeof(b->built));
		break;
	case MSG_FAILED:
		if (b->image < 0)
			build_keep_text(b, m->body, m->len);
		break;
	}
}

/* @burst: messages taken at most, and none after an image; false: nothing more will come */
static bool build_read(struct build *b, int burst)
{
	static struct ipc_message m;
	int n = 1;

	for (int i = 0; i < burst && b->image < 0 && (n = ipc_recv(b->sock, &m)) > 0; i++) {
		build_message(b, &m);
		if (m.fd >= 0)
			close(m.fd);
	}
	return n > 0 || n == -EAGAIN;
}

/* give the child a file for its cache, or leave to end */
static void build_save(struct build *b, bool wanted)
{
	int fd = wanted && b->dir >= 0 ? statedir_create(b->dir, BUILD_CACHE) : -1;

	if (wanted && b->dir >= 0 && fd < 0)
		log_warn("the rule image cannot be kept for the next start: %s", strerror(-fd));
	b->saving = fd >= 0;
	ipc_send(b->sock, fd >= 0 ? MSG_SAVE : MSG_STOP, 0, NULL, 0, fd);
	if (fd >= 0)
		close(fd);
}

/* hand over what it answered; the child may live on to write its cache, which nobody waits for */
static void build_deliver(struct build *b, const char *otherwise)
{
	char *text = b->text;
	int image = b->image;
	bool in_force;

	b->text = NULL;
	b->image = -1;
	b->done = true;
	ev_io_stop(b->loop, &b->io);
	in_force = b->on_done(b, image, text ? text : image < 0 ? otherwise : "");
	free(text);
	if (b->pid && b->done && b->built.save)
		build_save(b, in_force);
}

static void build_on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct build *b = CONTAINER_OF(w, struct build, io);

	(void)revents;
	if (!build_read(b, BUILD_BURST))
		ev_io_stop(loop, w);	/* its end follows */
	else if (b->image >= 0)
		build_deliver(b, "");
}

static void build_stop(struct build *b)
{
	if (b->saving)
		statedir_discard(b->dir, BUILD_CACHE);
	b->saving = false;
	ev_io_stop(b->loop, &b->io);
	ev_child_stop(b->loop, &b->died);
	ev_timer_stop(b->loop, &b->limit);
	if (b->sock >= 0)
		close(b->sock);
	b->sock = -1;
	b->pid = 0;
	free(b->rules);
	b->rules = NULL;
}

static void build_on_died(struct ev_loop *loop, ev_child *w, int revents)
{
	struct build *b = CONTAINER_OF(w, struct build, died);
	char how[128];
	int err;

	(void)loop, (void)revents;
	if (!b->done)
		build_read(b, INT32_MAX);	/* what it left in the socket, which is bounded */
	if (b->saving && w->rstatus == 0) {
		b->saving = false;
		err = statedir_commit(b->dir, BUILD_CACHE);
		if (err < 0)
			log_warn("the rule image cannot be kept for the next start: %s", strerror(-err));
	}
	build_stop(b);
	if (b->done)
		return;
	if (WIFSIGNALED(w->rstatus))
		snprintf(how, sizeof(how), "the compile process was killed by signal %d (%s)\n", WTERMSIG(w->rstatus),
			 strsignal(WTERMSIG(w->rstatus)));
	else
		snprintf(how, sizeof(how), "the compile process ended with status %d\n", WEXITSTATUS(w->rstatus));
	build_deliver(b, how);
}

static void build_on_limit(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct build *b = CONTAINER_OF(w, struct build, limit);
	char text[96];

	(void)loop, (void)revents;
	if (b->done) {
		log_warn("writing the rule image for the next start took too long and was stopped");
		kill(b->pid, SIGKILL);
		return;
	}
	reached_quietly(LIMIT_ID_COMPILE_MS);	/* its log line is @text */
	snprintf(text, sizeof(text), "the build took longer than the limit of %d s and was stopped\n",
		 LIMIT_COMPILE_MS / 1000);
	if (b->image >= 0)
		close(b->image);
	b->image = -1;
	build_keep_text(b, text, strlen(text));
	ev_io_stop(b->loop, &b->io);
	kill(b->pid, SIGKILL);
}

/* --- for the monitor --------------------------------------------------------------- */

int build_init(struct build *b, struct ev_loop *loop, const char *path, build_on_done *on_done)
{
	char cwd[PATH_MAX];
	int n;

	*b = (struct build){ .loop = loop, .on_done = on_done, .sock = -1, .image = -1, .dir = -1 };
	if (path[0] == '/')
		n = snprintf(b->path, sizeof(b->path), "%s", path);
	else if (getcwd(cwd, sizeof(cwd)))
		n = snprintf(b->path, sizeof(b->path), "%s/%s", cwd, path);
	else
		return -errno;
	if (n >= (int)sizeof(b->path))
		return -ENAMETOOLONG;
	ev_init(&b->io, build_on_readable);
	ev_init(&b->died, build_on_died);
	ev_timer_init(&b->limit, build_on_limit, LIMIT_COMPILE_MS / 1000.0, 0);
	return 0;
}

int build_start(struct build *b, const struct msg_settings *settings, uint64_t generation)
{
	char rules[sizeof(struct msg_rules) + PATH_MAX];
	struct msg_rules head = { .generation = generation };
	size_t len = strlen(b->path);
	int pair[2], err = ipc_pair(pair), cache;
	pid_t pid;

	if (err)
		return err;
	if (b->pid) {		/* it writes the cache of the build before; libev takes its end */
		kill(b->pid, SIGKILL);
		build_stop(b);
	}
	cache = b->dir >= 0 ? statedir_read(b->dir, BUILD_CACHE, CACHE_FILE_MAX) : -1;
	memcpy(rules, &head, sizeof(head));
	memcpy(rules + sizeof(head), b->path, len);
	err = ipc_send(pair[0], MSG_SETTINGS, 0, settings, sizeof(*settings), -1);
	if (!err)
		err = ipc_send(pair[0], MSG_RULES, 0, rules, sizeof(head) + len, cache);
	if (cache >= 0)
		close(cache);
	pid = err ? err : children_exec(ROLE_COMPILE, pair[1], -1);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return pid;
	}
	b->generation = generation;
	b->pid = pid;
	b->sock = pair[0];
	b->opened = 0;
	b->done = false;
	b->built = (struct msg_built){ 0 };
	ev_io_set(&b->io, b->sock, EV_READ);
	ev_io_start(b->loop, &b->io);
	ev_child_set(&b->died, pid, 0);
	ev_child_start(b->loop, &b->died);
	ev_timer_set(&b->limit, LIMIT_COMPILE_MS / 1000.0, 0);
	ev_timer_start(b->loop, &b->limit);
	return 0;
}

bool build_running(const struct build *b)
{
	return b->pid != 0 && !b->done;
}

void build_cancel(struct build *b)
{
	if (!b->pid)
		return;
	kill(b->pid, SIGKILL);
	waitpid(b->pid, NULL, 0);
	build_stop(b);
	if (b->image >= 0)
		close(b->image);
	free(b->text);
	b->image = -1;
	b->text = NULL;
}
