/* SPDX-License-Identifier: GPL-3.0-or-later */
/* child - what every role but the monitor does first, and its side of the talk with the monitor
 *
 *	static struct child child;
 *
 *	int proxy_main(void)
 *	{
 *		child_init(&child, ROLE_PROXY, proxy_on_message, proxy_on_ping);
 *		...
 *		return child_run(&child);
 *	}
 *
 * child.c itself maps the page of counters (COUNTERS, not for admin), keeps SETTINGS in
 * child.settings and adopts its log level, answers PING, and ends the process when the monitor
 * is gone.  Everything else goes to on_message; SETTINGS and STOP go there too, after that.
 * A role whose on_message leaves STOP alone ends at once.
 */
#ifndef DEJUNK_CHILD_H
#define DEJUNK_CHILD_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc.h"
#include "messages.h"

struct child;
/* one message from the monitor.  @m is lent for the call; a descriptor that the callee keeps is
 * taken by setting m->fd = -1, else it is closed after the call.  For MSG_STOP: true means "I end
 * the loop myself, later" (within a second); otherwise the answer is not looked at. */
typedef bool child_on_message(struct child *c, struct ipc_message *m);
/* fill in the body of a PONG (all zero on entry); may be NULL */
typedef void child_on_ping(struct child *c, struct msg_pong *pong);

struct child {
	struct ev_loop *loop;		/* the default loop */
	enum role role;
	bool has_settings;		/* settings were received */
	struct msg_settings settings;
	child_on_message *on_message;
	child_on_ping *on_ping;
	ev_io io;
	char name[24];			/* "proxy 0" */
};

/* child_init - name the process, open the log, watch IPC_FD; ends the process with 2 where IPC_FD
 * is not a socket of the monitor.  Makes the default loop.  SIGPIPE is ignored; SIGINT, SIGTERM and
 * SIGHUP are ignored too: they are the monitor's (a terminal sends them to all), which then says STOP. */
void child_init(struct child *c, enum role role, child_on_message *on_message, child_on_ping *on_ping);
/* child_run - the loop, until child_end() or the end of the monitor; returns the exit status */
int child_run(struct child *c);
/* child_end - make child_run() return */
void child_end(struct child *c);
/* child_send - to the monitor; as ipc_send().  When the monitor is gone the loop ends. */
int child_send(struct child *c, enum message type, uint32_t seq, const void *body, size_t len, int fd);
/* child_pong - what on_ping says, as the answer to a PING of @seq; 0: nobody asked, but the monitor is to know it now */
void child_pong(struct child *c, uint32_t seq);
/* child_ready - tell the monitor that rules of @generation are being served and privileges are dropped */
void child_ready(struct child *c, uint64_t generation);
/* role_name - "proxy"; "?" for what is no role */
const char *role_name(enum role role);

#endif
