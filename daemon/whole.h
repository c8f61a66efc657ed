/* SPDX-License-Identifier: GPL-3.0-or-later */
/* whole - write all of it, or say why not: write(2) may stop half way */
#ifndef DEJUNK_WHOLE_H
#define DEJUNK_WHOLE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

enum { WHOLE_HERE = -1 };

/* write_whole - @len bytes at @p (borrowed) to a blocking descriptor (borrowed)
 * @at: from this offset of the file; WHOLE_HERE: from where the descriptor stands, which moves on
 * 0 or a negative errno; then a part of it may be written */
static inline int write_whole(int fd, const void *p, size_t len, int64_t at)
{
	for (size_t done = 0; done < len; ) {
		const uint8_t *rest = (const uint8_t *)p + done;
		ssize_t n = at < 0 ? write(fd, rest, len - done) : pwrite(fd, rest, len - done, (off_t)at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

#endif
