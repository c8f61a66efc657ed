/* SPDX-License-Identifier: GPL-3.0-or-later */
/* container - from a member back to the struct that holds it; small common macros */
#ifndef DEJUNK_CONTAINER_H
#define DEJUNK_CONTAINER_H

#include <stddef.h>

#define CONTAINER_OF(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))
#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

#endif
