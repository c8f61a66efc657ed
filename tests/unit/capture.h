/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capture - the shared captures and their EXPECTED.tsv, for tests: pcap and pcapng, little-endian */
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

/* a pcapng file: its first block's magic; the link type of its first interface block */
static inline bool capture_is_ng(struct span file) { return file.len >= 28 && capture_u32(file.p) == 0x0a0d0d0a; }

static inline uint32_t capture_link(struct span file)
{
	size_t second;

	if (!capture_is_ng(file))
		return capture_u32(file.p + 20);
	second = capture_u32(file.p + 4);
	return second + 20 <= file.len && capture_u32(file.p + second) == 1 ? capture_u32(file.p + second + 8) & 0xffff : 0;
}

/* capture_is - can capture_next() read this file?  pcap or pcapng, Ethernet or Linux cooked */
static inline bool capture_is(struct span file)
{
	return file.len >= 28 && (capture_is_ng(file) || capture_u32(file.p) == 0xa1b2c3d4) &&
	       (capture_link(file) == 1 || capture_link(file) == 113);
}

/* the next frame as it lies in the file */
static inline bool capture_frame(struct span file, size_t *at, struct span *frame)
{
	uint32_t len;

	if (!capture_is_ng(file)) {
		if (*at == 0)
			*at = 24;
		if (file.len - *at < 16)
			return false;
		len = capture_u32(file.p + *at + 8);
		*at += 16;
		if (len > file.len - *at)
			return false;
		*frame = (struct span){ file.p + *at, len };
		*at += len;
		return true;
	}
	for (;;) {	/* type, length, body, length */
		size_t block = *at;

		if (file.len - block < 12)
			return false;
		len = capture_u32(file.p + block + 4);
		if (len < 12 || len > file.len - block)
			return false;
		*at += len;
		if (capture_u32(file.p + block) != 6 || len < 32)	/* enhanced packet block */
			continue;
		if (capture_u32(file.p + block + 20) > len - 32)
			return false;
		*frame = (struct span){ file.p + block + 28, capture_u32(file.p + block + 20) };
		return true;
	}
}

/* capture_next - the next frame at *@at (0 to begin); false: no more
 * @ip: filled with the packet from its IP header on; empty when it holds none */
static inline bool capture_next(struct span file, size_t *at, struct span *ip)
{
	size_t link = capture_link(file) == 1 ? 14 : 16;
	struct span frame;

	*ip = (struct span){ NULL, 0 };
	if (!capture_frame(file, at, &frame))
		return false;
	while (frame.len > link + 4 && memcmp(frame.p + link - 2, "\x81\x00", 2) == 0)	/* VLAN tag */
		link += 4;
	if (frame.len > link + 8 && memcmp(frame.p + link - 2, "\x88\x64", 2) == 0 &&	/* PPPoE session, then PPP */
	    (memcmp(frame.p + link + 6, "\x00\x21", 2) == 0 || memcmp(frame.p + link + 6, "\x00\x57", 2) == 0))
		*ip = span_skip(frame, link + 8);
	else if (frame.len > link && (memcmp(frame.p + link - 2, "\x08\x00", 2) == 0 ||
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

/* expected_read - all of EXPECTED.tsv on the heap; p NULL, after a line that says so: it is not there, to be skipped */
static inline struct span expected_read(void)
{
	struct span table = file_read(shared_path("data/pcaps/EXPECTED.tsv"));

	if (!table.p)
		printf("SKIP real captures: no %s\n", shared_path("data/pcaps/EXPECTED.tsv"));
	return table;
}

/* expected_capture - the capture of @row, as file_read; fills @path with its name for messages */
static inline struct span expected_capture(const struct expected *row, char path[256])
{
	snprintf(path, 256, "data/pcaps/%.*s", SPAN_FMT(row->file));
	return file_read(shared_path(path));
}

#endif
