/* SPDX-License-Identifier: GPL-3.0-or-later */
/* regular - is an open descriptor one of a regular file?  A fifo would hang its reader, a device may have side effects */
#ifndef DEJUNK_REGULAR_H
#define DEJUNK_REGULAR_H

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>

/* regular_size - its size in bytes, or -EISDIR, -EINVAL (no regular file), or what fstat() says; @fd is borrowed */
static inline int64_t regular_size(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? (int64_t)st.st_size : -EINVAL;
}

#endif
