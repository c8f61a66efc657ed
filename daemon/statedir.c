/* SPDX-License-Identifier: GPL-3.0-or-later */
/* statedir - files of the state directory: read, and replaced as a whole */
#include "statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int statedir_open(const char *path)
{
	int fd;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int statedir_read(int dir, const char *name, uint64_t limit)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	else if ((uint64_t)st.st_size > limit)
		err = -EFBIG;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static void new_name(char buf[NAME_MAX + 1], const char *name)
{
	snprintf(buf, NAME_MAX + 1, "%s.new", name);
}

int statedir_create(int dir, const char *name)
{
	char temporary[NAME_MAX + 1];
	int fd;

	new_name(temporary, name);
	unlinkat(dir, temporary, 0);	/* of one that was killed */
	fd = openat(dir, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

int statedir_commit(int dir, const char *name)
{
	char temporary[NAME_MAX + 1];
	int err;

	new_name(temporary, name);
	if (renameat(dir, temporary, dir, name) == 0)
		return 0;
	err = -errno;
	unlinkat(dir, temporary, 0);
	return err;
}

void statedir_discard(int dir, const char *name)
{
	char temporary[NAME_MAX + 1];

	new_name(temporary, name);
	unlinkat(dir, temporary, 0);
}
