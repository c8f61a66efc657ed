/* SPDX-License-Identifier: GPL-3.0-or-later */
/* learned_copy - the names learned, in a file: from a queue process to the one that follows it */
#include "learned_copy.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"

enum { COPY_BUFFER = 1 << 16 };

struct copy_head {
	struct client client;
	struct addr client_ip, addr;
	uint32_t ttl_s;
	uint32_t chain_len;	/* bytes that follow */
};

struct copy {
	int fd, err;
	size_t used;
	char buf[COPY_BUFFER];
};

static void copy_flush(struct copy *c)
{
	size_t at = 0;

	while (!c->err && at < c->used) {
		ssize_t n = write(c->fd, c->buf + at, c->used - at);

		if (n > 0)
			at += (size_t)n;
		else if (n == 0 || errno != EINTR)
			c->err = n == 0 ? -EIO : -errno;
	}
	c->used = 0;
}

static bool copy_put(void *arg, const struct client *client, const struct addr *client_ip, const struct addr *addr,
		     struct span chain, uint32_t ttl_s)
{
	struct copy *c = arg;
	struct copy_head head = { .ttl_s = ttl_s, .chain_len = (uint32_t)chain.len };

	head.client = *client;
	head.client_ip = *client_ip;
	head.addr = *addr;
	if (c->used + sizeof(head) + chain.len > sizeof(c->buf))
		copy_flush(c);
	memcpy(c->buf + c->used, &head, sizeof(head));
	memcpy(c->buf + c->used + sizeof(head), chain.p, chain.len);
	c->used += sizeof(head) + chain.len;
	return c->err == 0;
}

int learned_copy_write(int fd, struct names *n, uint64_t now_ms)
{
	static struct copy c;

	c = (struct copy){ .fd = fd };
	names_tell(n, now_ms, copy_put, &c);
	copy_flush(&c);
	return c.err;
}

int learned_copy_read(int fd, names_on_name *fn, void *arg)
{
	struct copy_head head;
	struct span rest;
	struct stat st;
	int count = 0;
	char *map;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0)
		return 0;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	rest = (struct span){ map, (size_t)st.st_size };
	while (rest.len >= sizeof(head) && count < LIMIT_NAMES_LEARNED) {
		struct span chain;

		memcpy(&head, rest.p, sizeof(head));
		rest = span_skip(rest, sizeof(head));
		if (head.chain_len > rest.len || head.chain_len > NAMES_CHAIN_BYTES)
			break;
		chain = (struct span){ rest.p, head.chain_len };
		rest = span_skip(rest, head.chain_len);
		if (!fn(arg, &head.client, &head.client_ip, &head.addr, chain, head.ttl_s))
			break;
		count++;
	}
	munmap(map, (size_t)st.st_size);
	return count;
}
