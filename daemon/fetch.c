/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch - the fetch role: gets one list, judges it, says what it is, ends */
#include "fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xxhash.h>

#include "errand.h"
#include "fetch_http.h"
#include "fetch_include.h"
#include "ipc.h"
#include "list_checksum.h"
#include "list_judge.h"
#include "log.h"
#include "messages.h"
#include "sandbox.h"

enum { FETCH_DONE = 0, FETCH_FILES = 64 };

/* the next @len bytes of the message as a string; what does not fit breaks the protocol */
static void take(const struct ipc_message *m, size_t *at, size_t len, char *out, size_t out_len)
{
	if (len >= out_len || len > m->len - *at || memchr(m->body + *at, '\0', len))
		die(ERRAND_BROKEN, "a request that cannot be read");
	memcpy(out, m->body + *at, len);
	out[len] = '\0';
	*at += len;
}

static void answer(const struct msg_fetched *head, const struct fetch_answer *a)
{
	uint8_t body[sizeof(*head) + sizeof(a->etag) + sizeof(a->modified) + sizeof(a->why)];
	struct msg_fetched h = *head;
	size_t at = sizeof(h);
	const char *text[] = { a->etag, a->modified, a->why };
	uint16_t *len[] = { &h.etag_len, &h.modified_len, &h.why_len };

	for (size_t i = 0; i < 3; i++) {
		*len[i] = (uint16_t)strlen(text[i]);
		memcpy(body + at, text[i], *len[i]);
		at += *len[i];
	}
	memcpy(body, &h, sizeof(h));
	if (ipc_send(IPC_FD, MSG_FETCHED, 0, body, at, -1) < 0)
		exit(ERRAND_BROKEN);
}

/* the body as it is in the file; false: @a says why it cannot be read */
static bool body_map(int fd, struct span *out, struct fetch_answer *a)
{
	*out = (struct span){ NULL, a->bytes };
	if (out->len)
		out->p = mmap(NULL, out->len, PROT_READ, MAP_SHARED, fd, 0);
	if (out->p != MAP_FAILED)
		return true;
	snprintf(a->why, sizeof(a->why), "it cannot be read: %s", strerror(errno));
	return false;
}

/* what the list includes, too; @text is the whole then.  false: @out and @a say why not */
static bool complete(const struct fetch_request *r, struct span *text, struct msg_fetched *out, struct fetch_answer *a)
{
	enum fetch_what what = FETCH_FAILED;
	struct span list = { NULL, text->len };
	char *kept;

	if (!fetch_include_needed(*text))
		return true;
	kept = malloc(text->len);	/* the file is to hold others, and the mapping goes with it */
	if (kept)
		memcpy(kept, text->p, text->len);
	munmap((void *)(uintptr_t)text->p, text->len);
	list.p = kept;
	if (!kept)
		snprintf(a->why, sizeof(a->why), "there is not enough memory for it");
	else if (fetch_include(r, list, a, &what) && body_map(r->fd, text, a))
		return true;		/* all memory goes with the process */
	out->what = what;
	return false;
}

/* the body is in the file: what is it? */
static void judge(const struct msg_fetch *asked, const struct fetch_request *r, struct msg_fetched *out, struct fetch_answer *a)
{
	struct list_verdict verdict = { .why = "there is nothing in it" };
	enum list_checksum checksum = CHECKSUM_NONE;
	struct span text;

	out->what = FETCH_REFUSED;
	if (!body_map(r->fd, &text, a))
		return;
	if (text.len) {
		if (asked->checksum)		/* it is of the list without what that includes */
			checksum = list_checksum(text);
		if (!complete(r, &text, out, a))
			return;
		out->digest = XXH3_64bits(text.p, text.len);
		if (asked->digest && out->digest == asked->digest) {
			out->what = FETCH_SAME;
			return;
		}
		list_judge(text, &verdict);
	}
	if (!verdict.why && checksum == CHECKSUM_BAD)
		verdict.why = "the checksum that it states is not its own: it was changed, or cut, on its way";
	out->bytes = text.len;
	out->lines = verdict.lines;
	out->rules = verdict.rules;
	snprintf(out->format, sizeof(out->format), "%s", list_format_name(verdict.format));
	if (verdict.why)
		snprintf(a->why, sizeof(a->why), "%s", verdict.why);
	else if (fsync(r->fd) < 0)
		snprintf(a->why, sizeof(a->why), "it cannot be written: %s", strerror(errno));
	else
		out->what = FETCH_NEW;
}

static int fetch(const struct msg_fetch *asked, const struct fetch_request *r)
{
	static struct fetch_answer a;
	struct msg_fetched out = { .what = FETCH_FAILED };

	fetch_http_get(r, &a);
	if (a.status == 200)
		judge(asked, r, &out, &a);
	else if (a.status == 304 && (r->etag[0] || r->modified[0]))
		out.what = FETCH_SAME;
	else if (a.status)
		snprintf(a.why, sizeof(a.why), "the server answers %ld", a.status);
	answer(&out, &a);
	fflush(NULL);
	_exit(FETCH_DONE);	/* a thread that resolves a name may still be there; it is not waited for */
}

int fetch_main(void)
{
	static struct fetch_request request;
	const struct ipc_message *m;
	struct msg_settings settings;
	struct msg_fetch asked;
	size_t at = sizeof(asked);
	const char *why;
	int err;

	errand_begin("fetch", &settings);
	if (!fetch_http_load(&why))
		die(ERRAND_BROKEN, "libcurl cannot be loaded: %s", why ? why : "?");
	err = sandbox_enter(ROLE_FETCH, settings.uid, settings.gid, FETCH_FILES);
	if (err < 0)
		die(ERRAND_BROKEN, "cannot drop privileges: %s", strerror(-err));
	m = errand_receive(MSG_FETCH);
	if (m->len < sizeof(asked) || m->fd < 0)
		die(ERRAND_BROKEN, "a request without a file");
	memcpy(&asked, m->body, sizeof(asked));
	request.fd = m->fd;
	request.room = LIMIT_LIST_BYTES;
	take(m, &at, asked.url_len, request.url, sizeof(request.url));
	take(m, &at, asked.etag_len, request.etag, sizeof(request.etag));
	take(m, &at, asked.modified_len, request.modified, sizeof(request.modified));
	return fetch(&asked, &request);
}
