/* SPDX-License-Identifier: GPL-3.0-or-later */
/* errand - what the roles have in common that do one thing for the monitor and end */
#include "errand.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "log.h"

const struct ipc_message *errand_receive(uint16_t type)
{
	static struct ipc_message message;	/* too large for the stack */

	for (;;) {
		struct pollfd p = { .fd = IPC_FD, .events = POLLIN };
		int n = ipc_recv(IPC_FD, &message);

		if (n == 1 && message.head.type == type)
			return &message;
		if (n == 1 && message.head.type == MSG_STOP)
			exit(ERRAND_BROKEN);
		if (n == 1 && message.fd >= 0)
			close(message.fd);
		if (n == 0)
			exit(ERRAND_BROKEN);
		if (n < 0 && n != -EAGAIN && n != -EINTR)
			die(ERRAND_BROKEN, "cannot receive: %s", strerror(-n));
		if (n == -EAGAIN)
			poll(&p, 1, -1);
	}
}

void errand_begin(const char *name, struct msg_settings *out)
{
	const struct ipc_message *m;
	char comm[16];

	snprintf(comm, sizeof(comm), "dejunk-%s", name);
	prctl(PR_SET_NAME, comm);
	m = errand_receive(MSG_SETTINGS);
	if (m->len != sizeof(*out))
		die(ERRAND_BROKEN, "settings of the wrong size");
	memcpy(out, m->body, sizeof(*out));
	if (out->log_level <= LOG_LEVEL_DEBUG)
		log_open(name, (enum log_level)out->log_level);
}
