/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch_include - the files that a fetched list includes ("!#include"), each by a request of its own
 *
 * All in memory, then the whole in one go: a file is never as large as LIMIT_LIST_BYTES unless somebody means harm.
 */
#include "fetch_include.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "list.h"
#include "list_include.h"
#include "list_shown.h"
#include "log.h"

static struct list_tree tree;

struct whole {
	int fd;
	uint64_t bytes;
	int error;		/* EFBIG: too large */
};

bool fetch_include_needed(struct span list)
{
	return list.len && memmem(list.p, list.len, "!#include", 9) && list_detect(list) == LIST_ADBLOCK;
}

/* @url cannot be used: says so */
static bool unusable(struct fetch_answer *a, const char *url, const char *why)
{
	char text[LIMIT_LIST_URL_BYTES + sizeof(a->why) + 32], shown[150];

	list_shown(span_of(url), shown, sizeof(shown));
	snprintf(text, sizeof(text), "it includes %s: %s", shown, why);
	list_state_text(a->why, sizeof(a->why), span_of(text));
	return false;
}

static bool file_empty(int fd)
{
	return ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0;
}

/* the whole file, in memory of its own; false: errno */
static bool file_read(int fd, size_t len, struct span *out)
{
	char *text = malloc(len ? len : 1);
	ssize_t n = 0;

	for (size_t at = 0; text && at < len; at += (size_t)n) {
		n = pread(fd, text + at, len - at, (off_t)at);
		if (n == 0)
			errno = EIO;
		if (n <= 0) {
			free(text);
			return false;
		}
	}
	*out = (struct span){ text, len };
	return text != NULL;
}

/* the part @p, by its URL; @room: what it may have */
static bool get(const struct fetch_request *list, bool from_public, uint64_t room, struct list_part *p, struct fetch_answer *a,
		enum fetch_what *what)
{
	static struct fetch_request r;
	static struct fetch_answer got;
	char shown[LIMIT_LIST_URL_BYTES + 1];
	enum list_format format;

	*what = FETCH_FAILED;
	r = (struct fetch_request){ .fd = list->fd, .room = room, .from_public = from_public };
	memcpy(r.url, p->url, sizeof(r.url));
	if (!file_empty(r.fd))
		return unusable(a, p->url, strerror(errno));
	fetch_http_get(&r, &got);
	if (got.status && got.status != 200)
		snprintf(got.why, sizeof(got.why), "the server answers %ld", got.status);
	if (got.status != 200)
		return unusable(a, p->url, got.why);
	if (!file_read(r.fd, got.bytes, &p->text))
		return unusable(a, p->url, strerror(errno));
	format = list_detect(p->text);
	*what = FETCH_REFUSED;
	if (format == LIST_HTML || format == LIST_COMPRESSED || format == LIST_SUFFIXES)
		return unusable(a, p->url, list_format_why(format));
	list_shown(span_of(p->url), shown, sizeof(shown));
	log_debug("included %s: %zu bytes", shown, p->text.len);
	return true;
}

/* which part has this URL?  tree.parts: none yet */
static unsigned part_of(const char *url)
{
	unsigned i = 0;

	while (i < tree.parts && strcmp(tree.part[i].url, url) != 0)
		i++;
	return i;
}

/* what the part @at includes becomes parts; @left: bytes that the list may still grow by */
static bool get_all(const struct fetch_request *r, unsigned at, uint64_t *left, struct fetch_answer *a, enum fetch_what *what)
{
	const struct list_part *p = &tree.part[at];

	*what = FETCH_REFUSED;
	if (!list_include_find(&tree, at)) {
		snprintf(a->why, sizeof(a->why), "it has more than %d lines !#include", LIMIT_LIST_INCLUDES);
		return false;
	}
	for (unsigned i = p->first; i < p->first + p->count; i++) {
		struct list_include *line = &tree.include[i];
		struct list_part *new = &tree.part[tree.parts];
		char name[LIMIT_LIST_URL_BYTES + 1];
		const char *why = list_include_url(span_of(p->url), line->path, new->url);

		list_state_text(name, sizeof(name), line->path);
		if (why)
			return unusable(a, name, why);
		if (part_of(new->url) < tree.parts)
			continue;
		if (p->depth == LIMIT_LIST_INCLUDE_DEPTH)
			return unusable(a, name, "files include files too deeply");
		if (!get(r, a->is_public, *left, new, a, what))
			return false;
		*left -= new->text.len;
		new->depth = p->depth + 1;
		line->part = tree.parts++;
	}
	return true;
}

static bool whole_write(void *ctx, struct span piece)
{
	struct whole *w = ctx;

	if (w->bytes + piece.len > LIMIT_LIST_BYTES)
		w->error = EFBIG;
	while (piece.len && !w->error) {
		ssize_t n = write(w->fd, piece.p, piece.len);

		if (n > 0) {
			w->bytes += (uint64_t)n;
			piece = span_skip(piece, (size_t)n);
		} else if (n == 0 || errno != EINTR) {
			w->error = n ? errno : EIO;
		}
	}
	return !w->error;
}

bool fetch_include(const struct fetch_request *r, struct span list, struct fetch_answer *a, enum fetch_what *what)
{
	uint64_t left = LIMIT_LIST_BYTES - list.len;
	struct whole w = { .fd = r->fd };

	tree.parts = 1;
	tree.part[0].text = list;
	if (list_include_url(span_of(r->url), span_of(r->url), tree.part[0].url))	/* so spelled as those that include it would */
		memcpy(tree.part[0].url, r->url, sizeof(r->url));
	for (unsigned at = 0; at < tree.parts; at++)
		if (!get_all(r, at, &left, a, what))
			return false;
	if (!tree.includes)
		return true;
	if (!file_empty(w.fd))
		w.error = errno;
	if (w.error || !list_include_join(&tree, whole_write, &w)) {
		*what = w.error == EFBIG ? FETCH_REFUSED : FETCH_FAILED;
		if (w.error == EFBIG)
			snprintf(a->why, sizeof(a->why), "with what it includes it is larger than %d bytes", LIMIT_LIST_BYTES);
		else
			snprintf(a->why, sizeof(a->why), "it cannot be written: %s", strerror(w.error));
		return false;
	}
	a->bytes = w.bytes;
	a->etag[0] = a->modified[0] = '\0';
	return true;
}
