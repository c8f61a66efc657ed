/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compile - the compile role: asks the monitor for files, builds, hands over the image, ends */
#include "compile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "messages.h"
#include "rules_load.h"
#include "sandbox.h"

enum { COMPILE_BUILT = 0, COMPILE_FAILED = 1, COMPILE_BROKEN = 2 };

static struct ipc_message message;	/* too large for the stack */

/* wait for the next message of @type; all others are not for us.  The protocol broken: the end. */
static void receive(uint16_t type)
{
	for (;;) {
		struct pollfd p = { .fd = IPC_FD, .events = POLLIN };
		int n = ipc_recv(IPC_FD, &message);

		if (n == 1 && message.head.type == type)
			return;
		if (n == 1 && message.head.type == MSG_STOP)
			exit(COMPILE_BROKEN);
		if (n == 1 && message.fd >= 0)
			close(message.fd);
		if (n == 0)
			exit(COMPILE_BROKEN);		/* the monitor is gone: nobody to tell */
		if (n < 0 && n != -EAGAIN && n != -EINTR)
			die(COMPILE_BROKEN, "cannot receive: %s", strerror(-n));
		if (n == -EAGAIN)
			poll(&p, 1, -1);
	}
}

static void transmit(uint16_t type, uint32_t seq, const void *body, size_t len, int fd)
{
	struct pollfd p = { .fd = IPC_FD, .events = POLLOUT };
	int err;

	if (len > IPC_BODY_MAX)
		len = IPC_BODY_MAX;
	while ((err = ipc_send(IPC_FD, type, seq, body, len, fd)) == -EAGAIN)
		poll(&p, 1, -1);
	if (err < 0)
		exit(COMPILE_BROKEN);
}

/* a rules_opener.open: the monitor opens, for we may not */
static int open_by_monitor(void *ctx, const char *path)
{
	uint32_t *seq = ctx;
	struct msg_done done;

	transmit(MSG_OPEN, ++*seq, path, strlen(path), -1);
	do {
		receive(MSG_OPENED);
		if (message.head.seq != *seq && message.fd >= 0)
			close(message.fd);
	} while (message.head.seq != *seq);
	if (message.fd >= 0)
		return message.fd;
	if (message.len < sizeof(done))
		die(COMPILE_BROKEN, "an answer without descriptor or error");
	memcpy(&done, message.body, sizeof(done));
	return done.error > 0 ? -done.error : -EIO;
}

static int build(const char *path, uint64_t generation)
{
	uint32_t seq = 0;
	struct rules_opener opener = { open_by_monitor, &seq };
	struct rules_report report;
	char *text;
	int fd;

	rules_report_init(&report);
	fd = rules_load(path, generation, &opener, &report);
	text = rules_report_text(&report);
	transmit(fd < 0 ? MSG_FAILED : MSG_BUILT, 0, text ? text : "", text ? strlen(text) : 0, fd < 0 ? -1 : fd);
	return fd < 0 ? COMPILE_FAILED : COMPILE_BUILT;	/* all memory goes with the process */
}

int compile_main(void)
{
	struct msg_settings settings;
	struct msg_rules rules;
	char path[PATH_MAX];
	size_t len;
	int err;

	prctl(PR_SET_NAME, "dejunk-compile");
	receive(MSG_SETTINGS);
	if (message.len != sizeof(settings))
		die(COMPILE_BROKEN, "settings of the wrong size");
	memcpy(&settings, message.body, sizeof(settings));
	if (settings.log_level <= LOG_LEVEL_DEBUG)
		log_open("compile", (enum log_level)settings.log_level);
	err = sandbox_enter(ROLE_COMPILE, settings.uid, settings.gid, settings.max_files);
	if (err < 0)
		die(COMPILE_BROKEN, "cannot drop privileges: %s", strerror(-err));
	receive(MSG_RULES);
	len = message.len - sizeof(rules);
	if (message.len <= sizeof(rules) || len >= sizeof(path) || memchr(message.body + sizeof(rules), '\0', len))
		die(COMPILE_BROKEN, "rules without a path");
	memcpy(&rules, message.body, sizeof(rules));
	memcpy(path, message.body + sizeof(rules), len);
	path[len] = '\0';
	return build(path, rules.generation);
}
