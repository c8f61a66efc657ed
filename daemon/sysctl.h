/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sysctl - one number of /proc/sys, of this network namespace where it has its own */
#ifndef DEJUNK_SYSCTL_H
#define DEJUNK_SYSCTL_H

#include <stdbool.h>

/* sysctl_get - @name: its path below /proc/sys, "net/ipv4/ip_forward".  false: there is none, or it is no number */
bool sysctl_get(const char *name, long *value);

#endif
