/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capture - the shared captures and their EXPECTED.tsv, for tests: classic pcap, little-endian, Ethernet or Linux cooked */
#ifndef DEJUNK_CAPTURE_H
#define DEJUNK_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "span.h"

/* shared_path - a path below the shared data, which DEJUNK_SHARED may move; static storage */
static inline const char *shared_path(const char *below)
{
	static char path[4096];
	const char *base = getenv("DEJUNK_SHARED");

	snprintf(path, sizeof(path), "%s/%s", base ? base : "../shared", below);
	return path;
}

/* file_read - a whole file on the heap; p NULL: cannot be read */
static inline struct span file_read(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t cap = 1 << 16, len = 0;
	char *p;

	if (!f)
		return (struct span){ NULL, 0 };
	p = malloc(cap);
	while (p) {
		size_t n = fread(p + len, 1, cap - len, f);

		len += n;
		if (len < cap)
			break;
		p = realloc(p, cap *= 2);
	}
	fclose(f);
	return (struct span){ p, len };
}

static inline uint32_t capture_u32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* capture_is - can capture_next() read this file? */
static inline bool capture_is(struct span file)
{
	return file.len >= 24 && capture_u32(file.p) == 0xa1b2c3d4 &&
	       (capture_u32(file.p + 20) == 1 || capture_u32(file.p + 20) == 113);
}

/* capture_next - the next frame at *@at (0 to begin); false: no more
 * @ip: filled with the packet from its IP header on; empty when it holds none */
static inline bool capture_next(struct span file, size_t *at, struct span *ip)
{
	size_t link = capture_u32(file.p + 20) == 1 ? 14 : 16;
	struct span frame;
	uint32_t len;

	if (*at == 0)
		*at = 24;
	if (file.len - *at < 16)
		return false;
	len = capture_u32(file.p + *at + 8);
	*at += 16;
	if (len > file.len - *at)
		return false;
	frame = (struct span){ file.p + *at, len };
	*at += len;
	while (frame.len > link + 4 && memcmp(frame.p + link - 2, "\x81\x00", 2) == 0)	/* VLAN tag */
		link += 4;
	*ip = (struct span){ NULL, 0 };
	if (frame.len > link && (memcmp(frame.p + link - 2, "\x08\x00", 2) == 0 ||
				 memcmp(frame.p + link - 2, "\x86\xdd", 2) == 0))
		*ip = span_skip(frame, link);
	return true;
}

/* one row of EXPECTED.tsv (spans into the file) */
struct expected {
	struct span file, proto, client, client_port, server, server_port, name, detail, frame, crosscheck;
};

/* expected_next - the next row of @rest; false: no more */
static inline bool expected_next(struct span *rest, struct expected *row)
{
	struct span line, *field = &row->file;

	do {
		if (rest->len == 0)
			return false;
		line = span_until(*rest, '\n');
		*rest = span_skip(*rest, line.len + 1);
	} while (line.len == 0 || line.p[0] == '#');
	for (size_t i = 0; i < sizeof(*row) / sizeof(*field); i++) {
		field[i] = span_until(line, '\t');
		line = span_skip(line, field[i].len + 1);
	}
	return true;
}

#endif
