/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch - the fetch role: gets one list, judges it, says what it is, ends */
#include "fetch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <xxhash.h>

#include "fetch_http.h"
#include "ipc.h"
#include "list_checksum.h"
#include "list_judge.h"
#include "log.h"
#include "messages.h"
#include "sandbox.h"

enum { FETCH_DONE = 0, FETCH_BROKEN = 2, FETCH_FILES = 64 };

static struct ipc_message message;	/* too large for the stack */

static void receive(uint16_t type)
{
	for (;;) {
		struct pollfd p = { .fd = IPC_FD, .events = POLLIN };
		int n = ipc_recv(IPC_FD, &message);

		if (n == 1 && message.head.type == type)
			return;
		if (n == 1 && message.fd >= 0)
			close(message.fd);
		if (n == 0)
			exit(FETCH_BROKEN);		/* the monitor is gone: nobody to tell */
		if (n < 0 && n != -EAGAIN && n != -EINTR)
			die(FETCH_BROKEN, "cannot receive: %s", strerror(-n));
		if (n == -EAGAIN)
			poll(&p, 1, -1);
	}
}

/* the next @len bytes of the message as a string; what does not fit breaks the protocol */
static void take(size_t *at, size_t len, char *out, size_t out_len)
{
	if (len >= out_len || len > message.len - *at || memchr(message.body + *at, '\0', len))
		die(FETCH_BROKEN, "a request that cannot be read");
	memcpy(out, message.body + *at, len);
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
		exit(FETCH_BROKEN);
}

/* the body is in the file: what is it? */
static void judge(const struct msg_fetch *asked, int fd, struct msg_fetched *out, struct fetch_answer *a)
{
	struct list_verdict verdict = { .why = "there is nothing in it" };
	struct span text = { NULL, a->bytes };

	out->what = FETCH_REFUSED;
	if (text.len) {
		text.p = mmap(NULL, text.len, PROT_READ, MAP_SHARED, fd, 0);
		if (text.p == MAP_FAILED) {
			snprintf(a->why, sizeof(a->why), "it cannot be read: %s", strerror(errno));
			return;
		}
		out->digest = XXH3_64bits(text.p, text.len);
		if (asked->digest && out->digest == asked->digest) {
			out->what = FETCH_SAME;
			return;
		}
		list_judge(text, &verdict);
	}
	if (!verdict.why && asked->checksum && list_checksum(text) == CHECKSUM_BAD)
		verdict.why = "the checksum that it states is not its own: it was changed, or cut, on its way";
	out->bytes = text.len;
	out->lines = verdict.lines;
	out->rules = verdict.rules;
	snprintf(out->format, sizeof(out->format), "%s", list_format_name(verdict.format));
	if (verdict.why)
		snprintf(a->why, sizeof(a->why), "%s", verdict.why);
	else if (fsync(fd) < 0)
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
		judge(asked, r->fd, &out, &a);
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
	struct msg_settings settings;
	struct msg_fetch asked;
	size_t at = sizeof(asked);
	const char *why;
	int err;

	prctl(PR_SET_NAME, "dejunk-fetch");
	receive(MSG_SETTINGS);
	if (message.len != sizeof(settings))
		die(FETCH_BROKEN, "settings of the wrong size");
	memcpy(&settings, message.body, sizeof(settings));
	if (settings.log_level <= LOG_LEVEL_DEBUG)
		log_open("fetch", (enum log_level)settings.log_level);
	if (!fetch_http_load(&why))
		die(FETCH_BROKEN, "libcurl cannot be loaded: %s", why ? why : "?");
	err = sandbox_enter(ROLE_FETCH, settings.uid, settings.gid, FETCH_FILES);
	if (err < 0)
		die(FETCH_BROKEN, "cannot drop privileges: %s", strerror(-err));
	receive(MSG_FETCH);
	if (message.len < sizeof(asked) || message.fd < 0)
		die(FETCH_BROKEN, "a request without a file");
	memcpy(&asked, message.body, sizeof(asked));
	request.fd = message.fd;
	take(&at, asked.url_len, request.url, sizeof(request.url));
	take(&at, asked.etag_len, request.etag, sizeof(request.etag));
	take(&at, asked.modified_len, request.modified, sizeof(request.modified));
	return fetch(&asked, &request);
}
