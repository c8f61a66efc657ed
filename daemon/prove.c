/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prove - can this binary take over from the one that runs?
 *
 * In this order: what is handed over is understood; the rules build, and their image can be used; the port is free if it
 * is another one; nft takes the table.  PROVEN is said when the image has also been kept, so that a start finds it.
 */
#include "prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "child.h"
#include "container.h"
#include "firewall.h"
#include "handover.h"
#include "log.h"
#include "rules.h"
#include "sockets.h"
#include "statedir.h"

enum { PROVE_LOOK_MS = 10 };	/* between two looks whether the image is kept */

static struct {
	struct child child;
	struct handover from;
	struct build build;
	int image;		/* -1: not built yet */
	char *warnings;
	ev_timer kept;
} prove = { .image = -1 };

static void prove_failed(const char *text)
{
	size_t len = strlen(text);

	child_send(&prove.child, MSG_FAILED, 0, text, len < IPC_BODY_MAX ? len : IPC_BODY_MAX, -1);
	child_end(&prove.child);
}

static void prove_on_kept(struct ev_loop *loop, ev_timer *w, int revents)
{
	const char *text = prove.warnings ? prove.warnings : "";
	size_t len = strlen(text);

	(void)revents;
	if (prove.build.pid)
		return;
	ev_timer_stop(loop, w);
	child_send(&prove.child, MSG_PROVEN, 0, text, len < IPC_BODY_MAX ? len : IPC_BODY_MAX, prove.image);
	child_end(&prove.child);
}

/* only what is new needs a place: the rest is handed over */
static bool prove_sockets(const struct gateway *g, char *why, size_t why_len)
{
	struct addr none = { .family = 0 }, old = none, probe = g->probe;
	struct sockets s;
	bool ok = true;

	if (prove.from.probe_addr[0] && addr_parse_port(&old, span_of(prove.from.probe_addr)) && addr_eq_ip(&old, &probe) &&
	    old.port_be == probe.port_be)
		probe = none;
	if (g->listen != prove.from.port) {
		ok = sockets_open(&s, NULL, g->listen, 1, &probe, why, why_len) == 0;
		if (ok)
			sockets_close(&s);
	} else if (probe.family) {
		ok = sockets_open(&s, NULL, 0, 0, &probe, why, why_len) == 0;
		if (ok)
			sockets_close(&s);
	}
	return ok;
}

static bool prove_image(int fd, char *why, size_t why_len)
{
	char file[FIREWALL_PATH], err[FIREWALL_TEXT];
	struct rules *r = rules_map(fd, why, why_len);
	const struct gateway *g;
	bool ok;
	int e;

	if (!r)
		return false;
	g = rules_gateway(r);
	ok = prove_sockets(g, why, why_len);
	if (ok) {
		firewall_file(file);
		e = firewall_check(g, prove.child.settings.uid, file, err);
		ok = e == 0;
		if (!ok)
			snprintf(why, why_len, "the firewall table could not be loaded: %s", err[0] ? err : strerror(-e));
	}
	rules_put(r);
	return ok;
}

static bool prove_on_built(struct build *b, int fd, const char *text)
{
	char why[FIREWALL_TEXT + 256] = "";

	(void)b;
	if (fd < 0) {
		prove_failed(text);
		return false;
	}
	if (!prove_image(fd, why, sizeof(why) - 1)) {
		strcat(why, "\n");
		prove_failed(why);
		close(fd);
		return false;
	}
	prove.image = fd;
	prove.warnings = strdup(text);
	ev_timer_start(prove.child.loop, &prove.kept);
	return true;
}

static void prove_begin(const struct ipc_message *m)
{
	char why[HANDOVER_WHY + 1];
	int err;

	if (m->fd < 0 || handover_read(&prove.from, m->fd, why) < 0) {
		strcat(why, "\n");
		prove_failed(m->fd < 0 ? "nothing was handed over\n" : why);
		return;
	}
	err = build_init(&prove.build, prove.child.loop, prove.from.config, prove_on_built);
	if (!err) {
		prove.build.state = prove.from.state_dir;
		prove.build.dir = statedir_open(prove.from.state_dir);
		err = build_start(&prove.build, &prove.child.settings, (uint64_t)prove.from.generation);
	}
	if (err) {
		snprintf(why, sizeof(why), "the compile process could not be started: %s\n", strerror(-err));
		prove_failed(why);
	}
}

static bool prove_on_message(struct child *c, struct ipc_message *m)
{
	if (m->head.type == MSG_PROVE && c->has_settings)
		prove_begin(m);
	return false;
}

int prove_main(void)
{
	child_init(&prove.child, ROLE_PROVE, prove_on_message, NULL);
	ev_timer_init(&prove.kept, prove_on_kept, 0., PROVE_LOOK_MS / 1000.);
	return child_run(&prove.child);
}
