/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rundir - the lock, the pid file and the control socket of one running dejunk */
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "limits.h"

#define CONTROL_NAME "control"
#define PID_NAME "pid"

/* the socket's name; a path too long for sun_path goes through the directory's descriptor.  0 or -errno */
static int rundir_address(struct sockaddr_un *sun, const char *path, int dir)
{
	int n;

	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/" CONTROL_NAME, path);
	if (n >= (int)sizeof(sun->sun_path))
		n = snprintf(sun->sun_path, sizeof(sun->sun_path), "/proc/self/fd/%d/" CONTROL_NAME, dir);
	return n >= (int)sizeof(sun->sun_path) ? -ENAMETOOLONG : 0;
}

static int rundir_lock(struct rundir *r, char *why, size_t why_len)
{
	char text[32] = "";
	int n;

	r->pid = openat(r->dir, PID_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (r->pid < 0) {
		snprintf(why, why_len, "%s/" PID_NAME ": %s", r->path, strerror(errno));
		return -1;
	}
	if (flock(r->pid, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK) {
			snprintf(why, why_len, "%s/" PID_NAME ": %s", r->path, strerror(errno));
			return -1;
		}
		n = (int)pread(r->pid, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		text[strcspn(text, "\n")] = '\0';
		snprintf(why, why_len, "another dejunk (pid %s) runs in %s; end it, or give this one its own --run-dir",
			 text[0] ? text : "unknown", r->path);
		return -1;
	}
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(r->pid, 0) < 0 || pwrite(r->pid, text, (size_t)n, 0) != n) {
		snprintf(why, why_len, "%s/" PID_NAME ": %s", r->path, strerror(errno));
		return -1;
	}
	return 0;
}

static int rundir_listen(struct rundir *r, char *why, size_t why_len)
{
	struct sockaddr_un sun;
	mode_t mask;
	int err = rundir_address(&sun, r->path, r->dir);

	if (err) {
		errno = -err;
		goto fail;
	}
	r->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->control < 0)
		goto fail;
	unlinkat(r->dir, CONTROL_NAME, 0);	/* of one that was killed: we hold the lock */
	mask = umask(0177);
	err = bind(r->control, (struct sockaddr *)&sun, sizeof(sun));
	umask(mask);
	if (err < 0 || fchownat(r->dir, CONTROL_NAME, r->owner, (gid_t)-1, 0) < 0 ||
	    listen(r->control, LIMIT_CONTROL_CLIENTS) < 0)
		goto fail;
	return 0;
fail:
	snprintf(why, why_len, "%s/" CONTROL_NAME ": %s", r->path, strerror(errno));
	return -1;
}

int rundir_open(struct rundir *r, const char *path, char *why, size_t why_len)
{
	struct stat st;

	*r = (struct rundir){ .dir = -1, .pid = -1, .control = -1 };
	if (strlen(path) >= sizeof(r->path)) {
		snprintf(why, why_len, "the run directory's path is too long");
		return -1;
	}
	strcpy(r->path, path);
	if (mkdir(path, 0755) == 0 && chmod(path, 0755) < 0)
		goto fail;
	r->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0 || fstat(r->dir, &st) < 0)
		goto fail;
	r->owner = st.st_uid;
	if (rundir_lock(r, why, why_len) < 0) {
		if (r->pid >= 0)
			close(r->pid);
		r->pid = -1;	/* not ours to remove */
		rundir_close(r);
		return -1;
	}
	if (rundir_listen(r, why, why_len) < 0) {
		rundir_close(r);
		return -1;
	}
	return 0;
fail:
	snprintf(why, why_len, "run directory %s: %s", path, strerror(errno));
	rundir_close(r);
	return -1;
}

void rundir_close(struct rundir *r)
{
	if (r->control >= 0) {
		unlinkat(r->dir, CONTROL_NAME, 0);
		close(r->control);
	}
	if (r->pid >= 0) {
		unlinkat(r->dir, PID_NAME, 0);
		close(r->pid);
	}
	if (r->dir >= 0)
		close(r->dir);
	r->dir = r->pid = r->control = -1;
}

int rundir_connect(const char *path)
{
	struct sockaddr_un sun;
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err, fd = -1;

	if (dir < 0)
		return -errno;
	err = rundir_address(&sun, path, dir);
	if (!err) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
			err = -errno;
	}
	close(dir);
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return err;
}
