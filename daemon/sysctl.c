/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sysctl - one number of /proc/sys */
#include "sysctl.h"

#include <stdio.h>

bool sysctl_get(const char *name, long *value)
{
	char path[256];
	bool got;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	f = fopen(path, "re");
	if (!f)
		return false;
	got = fscanf(f, "%ld", value) == 1;
	fclose(f);
	return got;
}
