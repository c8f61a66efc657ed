/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hello - ClientHellos for tests: put together from parts, and cut into records */
#ifndef DEJUNK_TEST_HELLO_H
#define DEJUNK_TEST_HELLO_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "span.h"

enum { HELLO_ROOM = 1 << 17 };

struct hello_parts {
	struct span session;	/* with its length in front, as the ones below */
	struct span ciphers;
	struct span compression;
	struct span extensions;	/* without length; p NULL: there are none at all */
	struct span behind;	/* bytes after the extensions, within the message */
};

static inline size_t hello_put(char *to, size_t at, struct span s)
{
	if (s.len)
		memcpy(to + at, s.p, s.len);
	return at + s.len;
}

/* hello_message - the handshake message with its header; static storage, a new one each time of four */
static inline struct span hello_message(const struct hello_parts *h)
{
	static char room[4][HELLO_ROOM];
	static unsigned turn;
	char *to = room[turn++ % 4];
	size_t at = 4 + 2 + 32;

	memset(to, 0x5a, at);
	to[4] = 3, to[5] = 3;
	at = hello_put(to, at, h->session);
	at = hello_put(to, at, h->ciphers);
	at = hello_put(to, at, h->compression);
	if (h->extensions.p) {
		to[at++] = (char)(h->extensions.len >> 8);
		to[at++] = (char)h->extensions.len;
		at = hello_put(to, at, h->extensions);
	}
	at = hello_put(to, at, h->behind);
	to[0] = 1;
	to[1] = (char)((at - 4) >> 16);
	to[2] = (char)((at - 4) >> 8);
	to[3] = (char)(at - 4);
	return (struct span){ to, at };
}

/* hello_good - an ordinary one with these extensions */
static inline struct span hello_good(struct span extensions)
{
	struct hello_parts h = { SPAN_LIT("\x08session."), SPAN_LIT("\x00\x04\x13\x01\x13\x02"), SPAN_LIT("\x01\x00"), extensions, { NULL, 0 } };

	return hello_message(&h);
}

/* hello_name - the extension server_name for @host; static storage */
static inline struct span hello_name(const char *host)
{
	static char ext[4096];
	size_t n = strlen(host);
	const unsigned char head[] = { 0, 0, (unsigned char)((n + 5) >> 8), (unsigned char)(n + 5), (unsigned char)((n + 3) >> 8),
				       (unsigned char)(n + 3), 0, (unsigned char)(n >> 8), (unsigned char)n };

	memcpy(ext, head, sizeof(head));
	memcpy(ext + sizeof(head), host, n);
	return (struct span){ ext, sizeof(head) + n };
}

/* hello_records - @message cut into records of @each bytes at most; static storage, a new one each time of four */
static inline struct span hello_records(struct span message, size_t each)
{
	static char room[4][HELLO_ROOM * 6];
	static unsigned turn;
	char *to = room[turn++ % 4];
	size_t n = 0;

	for (size_t at = 0; at < message.len; at += each) {
		size_t len = message.len - at < each ? message.len - at : each;

		to[n++] = 22, to[n++] = 3, to[n++] = 1;
		to[n++] = (char)(len >> 8);
		to[n++] = (char)len;
		n = hello_put(to, n, (struct span){ message.p + at, len });
	}
	return (struct span){ to, n };
}

#endif
