/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_lists - lists that are fetched: rounds, copies, and the build at a round's end (who waits: monitor_lists_wait)
 *
 * Files are written by the child and renamed here; nothing here waits for a disk.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "container.h"
#include "list_due.h"
#include "list_shown.h"
#include "log.h"
#include "monitor.h"
#include "named.h"
#include "statedir.h"

enum {
	TOGETHER = 900,			/* s: who is due within it, at most a tenth of its interval, goes along */
	FORGET = 60 * 86400,		/* s: for which a copy that no rule names is kept */
	LISTS_MODE = 0711,		/* of the directory: its names are hashes of URLs, in which there may be secrets */
};

static struct monitor *lists_monitor(struct fetching *f)
{
	return CONTAINER_OF(f, struct monitor, lists.fetching);
}

static uint32_t chance(void)
{
	uint32_t n = 0;

	return getrandom(&n, sizeof(n), GRND_NONBLOCK) == sizeof(n) ? n : (uint32_t)time(NULL) * 2654435761U;
}

static void file_name(char out[LIST_STORE_NAME + 8], const struct subscription *s, const char *end)
{
	snprintf(out, LIST_STORE_NAME + 8, "%s%s", s->hash, end);
}

/* --- what is on disk ------------------------------------------------------------------- */

static void lists_save(struct lists *l, const struct subscription *s)
{
	char name[LIST_STORE_NAME + 8], text[LIST_STATE_BYTES];
	struct list_state kept = s->state;
	size_t len;
	int fd, err = 0;

	memcpy(kept.url, s->shown, sizeof(kept.url));	/* everybody may read the file */
	len = list_state_format(&kept, text);
	file_name(name, s, ".state");
	fd = statedir_create(l->dir, name);
	if (fd < 0) {
		err = fd;
	} else {
		if (fchmod(fd, 0644) < 0 || write(fd, text, len) != (ssize_t)len)
			err = errno ? -errno : -EIO;
		close(fd);
		if (err)
			statedir_discard(l->dir, name);
		else
			err = statedir_commit(l->dir, name);
	}
	if (err)
		log_warn("list %s: its state cannot be kept: %s", lists_label(s), strerror(-err));
}

/* of a copy that is another than the one that the state tells of, or is gone, as little is known as possible */
static void lists_compare(struct lists *l, struct subscription *s)
{
	struct stat st;

	if (fstatat(l->dir, s->hash, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		s->state.fetched = s->state.changed = 0;
		s->state.rules = s->state.lines = 0;
		s->state.format[0] = '\0';
		st.st_size = 0;
	}
	if ((uint64_t)st.st_size != s->state.bytes || !st.st_size ||
	    st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec != s->state.mtime_ns) {
		s->state.etag[0] = s->state.modified[0] = '\0';
		s->state.digest = s->state.bytes = 0;
		if (!s->state.failures)
			s->state.next = 0;
	}
}

static void lists_load(struct lists *l, struct subscription *s)
{
	char name[LIST_STORE_NAME + 8], text[LIST_STATE_BYTES], url[sizeof(s->state.url)];
	ssize_t n = -1;
	int fd;

	memcpy(url, s->state.url, sizeof(url));
	file_name(name, s, ".state");
	fd = statedir_read(l->dir, name, sizeof(text) - 1);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text));
		close(fd);
	}
	if (n <= 0 || !list_state_parse((struct span){ text, (size_t)n }, &s->state) || strcmp(s->state.url, s->shown) != 0)
		memset(&s->state, 0, sizeof(s->state));
	memcpy(s->state.url, url, sizeof(url));
	lists_compare(l, s);
}

static bool lists_names(const struct lists *l, const char *hash)
{
	for (unsigned i = 0; i < l->count; i++)
		if (strcmp(l->sub[i]->hash, hash) == 0)
			return true;
	return false;
}

static bool lists_older(struct lists *l, const char *name, time_t than)
{
	struct stat st;

	return fstatat(l->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_mtime < than;
}

/* the file @name of the list @hash, before the rules are known: what was cut short is undone */
static void lists_mend_file(struct lists *l, const char *name, const char *hash, const char *end)
{
	if (strcmp(end, ".old") == 0)		/* the build with what replaced it was never finished */
		renameat(l->dir, name, l->dir, hash);
	else if (strcmp(end, ".new") == 0)
		unlinkat(l->dir, name, 0);
}

/* the same when they are known: a copy that no rule names lives as long as its state, which is written at each fetch */
static void lists_forget_file(struct lists *l, const char *name, const char *hash, const char *end)
{
	time_t than = time(NULL) - FORGET;
	char state[LIST_STORE_NAME + 8];

	snprintf(state, sizeof(state), "%s.state", hash);
	if (!lists_names(l, hash) && strcmp(end, ".new") != 0 && lists_older(l, name, than) && lists_older(l, state, than))
		unlinkat(l->dir, name, 0);
}

/* @mend each file of the directory that is ours */
static void lists_sweep(struct lists *l, void (*mend)(struct lists *l, const char *name, const char *hash, const char *end))
{
	int fd = openat(l->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t hash = strspn(e->d_name, "0123456789abcdef");
		char name[LIST_STORE_NAME];

		if (hash != LIST_STORE_NAME - 1)
			continue;
		memcpy(name, e->d_name, hash);
		name[hash] = '\0';
		mend(l, e->d_name, name, e->d_name + hash);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

/* --- which lists --------------------------------------------------------------------------- */

static struct subscription *lists_find(struct lists *l, struct span url)
{
	for (unsigned i = 0; i < l->count; i++)
		if (span_eq(url, span_of(l->sub[i]->state.url)))
			return l->sub[i];
	return NULL;
}

static struct subscription *lists_add(struct lists *l, struct span url)
{
	struct subscription *s = l->count < ARRAY_LEN(l->sub) ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return NULL;
	memcpy(s->state.url, url.p, url.len);
	list_store_name(url, s->hash);
	list_shown(url, s->shown, sizeof(s->shown));
	lists_load(l, s);
	l->sub[l->count++] = s;
	return s;
}

/* those that the rules name no more */
static void lists_drop(struct lists *l)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < l->count; i++) {
		struct subscription *s = l->sub[i];

		if (s->named || s == l->now || s->changed) {
			l->sub[kept++] = s;
			s->wanted = s->wanted && s->named;
		} else {
			free(s);
		}
	}
	l->count = kept;
}

void lists_rules(struct monitor *m)
{
	struct lists *l = &m->lists;
	struct rules_subscription r;
	uint32_t at = 0;
	char *text;
	size_t len;

	if (l->dir < 0)
		return;
	text = build_read_rules(&m->build, &len);
	for (unsigned i = 0; i < l->count; i++)
		l->sub[i]->named = false;
	while (rules_subscription(m->rules, &at, &r)) {
		struct subscription *s;

		/* the image was made by who reads hostile lists: nobody but rules.yaml says where we go */
		if (list_url_why(r.url) || !text || !named_value((struct span){ text, len }, "url", r.url)) {
			log_warn("a list is not fetched: %s does not name its URL plainly after \"url:\"", m->build.path);
			continue;
		}
		s = lists_find(l, r.url);
		if (!s)
			s = lists_add(l, r.url);
		if (!s)
			continue;
		s->named = true;
		s->every_s = r.every_s;
		s->checksum = r.checksum;
		list_state_text(s->name, sizeof(s->name), r.name);
	}
	if (text && !l->swept)
		lists_sweep(l, lists_forget_file);
	l->swept |= text != NULL;
	free(text);
	lists_drop(l);
}

unsigned lists_failing(const struct monitor *m, unsigned *failing)
{
	*failing = 0;
	for (unsigned i = 0; i < m->lists.count; i++)
		*failing += m->lists.sub[i]->state.failures != 0;
	return m->lists.count;
}

/* --- what came --------------------------------------------------------------------------------- */

static void lists_failed(struct lists *l, struct subscription *s, bool refused, const char *why)
{
	int64_t now = time(NULL);
	char text[LIST_ERROR_BYTES + 1];

	snprintf(text, sizeof(text), "%s", why);
	list_state_text(s->state.error, sizeof(s->state.error), span_of(text));
	s->result = refused ? LISTS_REFUSED : LISTS_FAILED;
	if (s->state.failures < UINT32_MAX)
		s->state.failures++;
	s->state.next = list_due_retry(now, s->every_s, s->state.failures, refused, chance());
	lists_save(l, s);
	log_warn("list %s %s: %s; %s, next try in %lld s", lists_label(s), refused ? "was refused" : "could not be fetched",
		 s->state.error, s->state.bytes ? "the last good copy stays" : "there is no copy of it",
		 (long long)(s->state.next - now));
}

static void lists_good(struct subscription *s, const struct fetched *got)
{
	int64_t now = time(NULL);

	s->state.fetched = now;
	s->state.failures = 0;
	s->state.error[0] = '\0';
	s->state.next = list_due_next(now, s->every_s, chance());
	if (got->what == FETCH_NEW || got->etag[0])
		memcpy(s->state.etag, got->etag, sizeof(s->state.etag));
	if (got->what == FETCH_NEW || got->modified[0])
		memcpy(s->state.modified, got->modified, sizeof(s->state.modified));
}

/* the file is the copy from now on, the one before it HASH.old; 0 or a negative errno */
static int lists_replace(struct lists *l, struct subscription *s)
{
	char old[LIST_STORE_NAME + 8];
	bool moved = false;
	int err;

	file_name(old, s, ".old");
	if (!s->changed) {
		unlinkat(l->dir, old, 0);
		if (linkat(l->dir, s->hash, l->dir, old, 0) < 0 && errno != ENOENT) {
			/* a file system without links: for a moment there is the old one only, and lists_init() knows that */
			moved = renameat(l->dir, s->hash, l->dir, old) == 0;
			if (!moved)
				return -errno;
		}
		s->before = s->state;
	}
	err = statedir_commit(l->dir, s->hash);
	if (err && moved)
		renameat(l->dir, old, l->dir, s->hash);
	return err;
}

static void lists_new(struct lists *l, struct subscription *s, const struct fetched *got)
{
	enum list_change change = list_change_judge(s->state.rules, got->rules);
	struct list_state before = s->state;
	char why[128];
	struct stat st;
	int err;

	if (!s->forced && change != LIST_PLAUSIBLE) {
		statedir_discard(l->dir, s->hash);
		snprintf(why, sizeof(why), "it %s from %u rules to %u; \"dejunk lists update --force\" takes it",
			 change == LIST_SHRANK ? "shrank" : "grew", s->state.rules, got->rules);
		lists_failed(l, s, true, why);
		return;
	}
	err = fstat(l->file, &st) < 0 || fchmod(l->file, 0644) < 0 ? -errno : lists_replace(l, s);
	if (err) {
		statedir_discard(l->dir, s->hash);
		snprintf(why, sizeof(why), "it cannot be kept: %s", strerror(-err));
		lists_failed(l, s, false, why);
		return;
	}
	s->changed = true;
	s->result = LISTS_UPDATED;
	s->rules_before = before.rules;
	lists_good(s, got);
	s->state.changed = s->state.fetched;
	s->state.bytes = got->bytes;
	s->state.mtime_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
	s->state.digest = got->digest;
	s->state.lines = got->lines;
	s->state.rules = got->rules;
	memcpy(s->state.format, got->format, sizeof(s->state.format));
	lists_save(l, s);
	log_info("list %s: fetched, %s, %u rules (before: %u)", lists_label(s), got->format, got->rules, before.rules);
}

/* --- rounds ---------------------------------------------------------------------------------------- */

static void lists_round_ends(struct monitor *m)
{
	struct lists *l = &m->lists;

	l->running = false;
	for (unsigned i = 0; i < l->count; i++)
		l->building |= l->sub[i]->changed;
	if (!l->building) {
		l->finished = l->round;
		lists_answer(m);
		return;
	}
	l->generation = 0;
	rules_build_now(m);
}

static bool lists_start(struct monitor *m, struct subscription *s)
{
	struct lists *l = &m->lists;
	struct list_state ask;
	char why[128];
	int file, err;

	lists_compare(l, s);		/* who else cleans the directory up may have taken the copy */
	ask = s->state;
	if (s->forced) {
		ask.etag[0] = ask.modified[0] = '\0';
		ask.digest = 0;
	}
	s->wanted = false;
	s->state.tried = time(NULL);
	file = statedir_create(l->dir, s->hash);
	err = file < 0 ? file : fetching_start(&l->fetching, &m->settings, &ask, s->checksum && !s->forced, file);
	if (!err) {
		l->file = file;
		l->now = s;
		return true;
	}
	if (file >= 0) {
		close(file);
		statedir_discard(l->dir, s->hash);
	}
	snprintf(why, sizeof(why), "it cannot be begun: %s", strerror(-err));
	lists_failed(l, s, false, why);
	s->forced = false;
	return false;
}

static void lists_next(struct monitor *m)
{
	for (unsigned i = 0; i < m->lists.count; i++)
		if (m->lists.sub[i]->wanted && lists_start(m, m->lists.sub[i]))
			return;
	lists_round_ends(m);
}

static void lists_on_fetched(struct fetching *f, const struct fetched *got)
{
	struct monitor *m = lists_monitor(f);
	struct lists *l = &m->lists;
	struct subscription *s = l->now;

	l->now = NULL;
	if (got->what == FETCH_NEW && s->named) {
		lists_new(l, s, got);
	} else {
		statedir_discard(l->dir, s->hash);
		if (s->named && got->what == FETCH_SAME && s->state.bytes) {
			lists_good(s, got);
			s->result = LISTS_SAME;
			lists_save(l, s);
			log_debug("list %s: not changed", lists_label(s));
		} else if (s->named) {		/* else the rules have changed meanwhile */
			lists_failed(l, s, got->what == FETCH_REFUSED,
				     got->why[0] ? got->why : "the server says that it is there already");
		}
	}
	s->forced = false;
	close(l->file);
	l->file = -1;
	lists_drop(l);
	lists_next(m);
}

static void lists_round_begins(struct monitor *m)
{
	struct lists *l = &m->lists;
	int64_t now = time(NULL);

	l->running = true;
	l->round++;
	for (unsigned i = 0; i < l->count; i++) {
		struct subscription *s = l->sub[i];
		uint32_t along = s->every_s / 10 < TOGETHER ? s->every_s / 10 : TOGETHER;

		if (s->named && list_due_now(s->state.next, now + (s->state.failures ? 0 : along), s->every_s))
			s->wanted = true;
	}
	lists_next(m);
}

void lists_tick(struct monitor *m)
{
	struct lists *l = &m->lists;
	int64_t now = time(NULL);
	bool due = false;

	if (l->running || l->building)
		return;
	for (unsigned i = 0; i < l->count && !due; i++)
		due = l->sub[i]->named && (l->sub[i]->wanted || list_due_now(l->sub[i]->state.next, now, l->sub[i]->every_s));
	for (unsigned i = 0; i < l->waiters && !due; i++)	/* whose list the rules name no more: a round of nothing */
		due = l->waiter[i].round > l->finished;
	if (due)
		lists_round_begins(m);
}

/* --- the build at the end -------------------------------------------------------------------------------- */

void lists_build_begins(struct monitor *m)
{
	if (m->lists.building && !m->lists.generation)
		m->lists.generation = m->generation;
}

static void lists_put_back(struct lists *l, struct subscription *s)
{
	char old[LIST_STORE_NAME + 8];

	file_name(old, s, ".old");
	if (renameat(l->dir, old, l->dir, s->hash) < 0)
		unlinkat(l->dir, s->hash, 0);
	s->state = s->before;
	lists_failed(l, s, true, "the rules could not be built with it");
}

void lists_build_ended(struct monitor *m, uint64_t generation, bool ok)
{
	struct lists *l = &m->lists;
	char old[LIST_STORE_NAME + 8];

	if (!l->building || !l->generation || generation < l->generation)
		return;
	for (unsigned i = 0; i < l->count; i++) {
		struct subscription *s = l->sub[i];

		if (!s->changed)
			continue;
		s->changed = false;
		file_name(old, s, ".old");
		if (ok)
			unlinkat(l->dir, old, 0);
		else
			lists_put_back(l, s);
	}
	l->building = false;
	l->finished = l->round;
	lists_drop(l);
	if (!ok)
		lists_answer(m);	/* else when it is in force everywhere */
}

/* --- start and end ------------------------------------------------------------------------------------------ */

void lists_init(struct monitor *m)
{
	struct lists *l = &m->lists;

	l->dir = m->state < 0 ? m->state : 0;
	l->file = -1;
	fetching_init(&l->fetching, m->loop, lists_on_fetched);
	if (l->dir < 0)
		return;
	if (mkdirat(m->state, "lists", LISTS_MODE) < 0 && errno != EEXIST)
		l->dir = -errno;
	else
		l->dir = openat(m->state, "lists", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (l->dir < 0)
		log_warn("%s/lists: %s; no list is fetched", m->opt->state_dir, strerror(errno));
	else
		lists_sweep(l, lists_mend_file);
	if (l->dir >= 0)
		fchmod(l->dir, LISTS_MODE);
}

void lists_close(struct monitor *m)
{
	struct lists *l = &m->lists;

	fetching_cancel(&l->fetching);
	if (l->file >= 0) {
		close(l->file);
		statedir_discard(l->dir, l->now->hash);
	}
	for (unsigned i = 0; i < l->count; i++)
		free(l->sub[i]);
	l->count = 0;
	l->now = NULL;
	l->file = -1;
	lists_forget_waiters(m);
	if (l->dir >= 0)
		close(l->dir);
	l->dir = -EBADF;
}
