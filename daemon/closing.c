/* SPDX-License-Identifier: GPL-3.0-or-later */
/* closing - descriptors are kept in order, and runs of them closed together */
#include "closing.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { CLOSING_MOST = 256 };	/* of one turn: more are closed before it ends */

static struct {
	int fd[CLOSING_MOST];	/* ascending */
	unsigned n;
} closing;

void closing_add(int fd)
{
	unsigned at = closing.n;

	while (at && closing.fd[at - 1] > fd)
		at--;
	/* at most CLOSING_MOST - 1 are here */
	memmove(&closing.fd[at + 1], &closing.fd[at], (closing.n - at) * sizeof(int));
	closing.fd[at] = fd;
	if (++closing.n == CLOSING_MOST)
		closing_run();
}

void closing_run(void)
{
	unsigned i = 0, first;

	while (i < closing.n) {
		for (first = i++; i < closing.n && closing.fd[i] == closing.fd[i - 1] + 1; i++)
			continue;
		/* one, or a kernel that does not know the call */
		if (i - first == 1 || close_range((unsigned)closing.fd[first], (unsigned)closing.fd[i - 1], 0) < 0)
			for (; first < i; first++)
				close(closing.fd[first]);
	}
	closing.n = 0;
}

unsigned closing_count(void)
{
	return closing.n;
}
