/* SPDX-License-Identifier: GPL-3.0-or-later */
/* counters - one page a process, written by it alone */
#include "counters.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

static struct counters counters_own;
struct counters *counters = &counters_own;

int counters_create(void)
{
	int fd = memfd_create("dejunk-counters", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, sizeof(struct counters)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int counters_map(int fd)
{
	void *p = mmap(NULL, sizeof(struct counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	counters = p;
	return 0;
}

const struct counters *counters_peek(int fd)
{
	void *p = mmap(NULL, sizeof(struct counters), PROT_READ, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

void counters_unpeek(const struct counters *c)
{
	if (c)
		munmap((void *)(uintptr_t)c, sizeof(*c));
}

const char *counter_name(enum counter c)
{
	static const char *const name[] = {
#define COUNTER(name, json, text) json,
#include "tbl/counter.h"
#undef COUNTER
	};

	return name[c];
}

const char *counter_text(enum counter c)
{
	static const char *const words[] = {
#define COUNTER(name, json, text) text,
#include "tbl/counter.h"
#undef COUNTER
	};

	return words[c];
}
