/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netns - a network namespace of its own for a test that needs the real kernel; skipped without root */
#ifndef TESTS_NETNS_H
#define TESTS_NETNS_H

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* netns_enter - true: this process is now in a fresh, empty namespace.  false: it may not be (say SKIP). */
static inline bool netns_enter(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
}

/* netns_have - are these programs there?  (space-separated) */
static inline bool netns_have(const char *programs)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "for p in %s; do command -v $p >/dev/null || exit 1; done", programs);
	return system(cmd) == 0;
}

#endif
