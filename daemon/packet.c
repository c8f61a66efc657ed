/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet - the queue process: start order, and the monitor's messages to those they are for */
#include "packet.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "child.h"
#include "learned.h"
#include "log.h"
#include "queue.h"
#include "sandbox.h"

static struct {
	struct child child;
	struct learned *learned;
	struct queue *queue;
	int peer;		/* came before the queue could be made; or -1 */
	int handed[HANDED_ALL];	/* so did these, from the process before; or -1 */
	int status;
} packet = { .peer = -1 };

/* the first settings: queues while /proc can be read, then privileges go */
static void packet_start(struct child *c)
{
	const struct msg_settings *s = &c->settings;
	uint64_t seed[2];
	int err;

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		die(1, "no random numbers");
	prctl(PR_SET_TIMERSLACK, 1);	/* queue.c rests for less than the default slack */
	packet.learned = learned_new(c, seed[0]);
	if (!packet.learned)
		die(1, "out of memory");
	if (packet.handed[HANDED_NAMES] >= 0)
		learned_take(packet.learned, packet.handed[HANDED_NAMES]);
	packet.queue = queue_new(c, packet.learned, seed[1], packet.handed);
	memset(packet.handed, -1, sizeof(packet.handed));
	if (!packet.queue)
		die(2, "the queues could not be had");
	err = sandbox_enter(ROLE_QUEUE, s->uid, s->gid, s->max_files);
	if (err)
		die(1, "could not drop privileges: %s", strerror(-err));
	queue_peer(packet.queue, packet.peer);
	packet.peer = -1;
}

static void packet_on_rules(struct child *c, struct ipc_message *m)
{
	char why[256];
	struct rules *r = rules_map(m->fd, why, sizeof(why));

	if (r) {
		queue_rules(packet.queue, rules_gateway(r));
		learned_rules(packet.learned, r);
		return;
	}
	log_error("rules: %s", why);
	if (!learned_is_on(packet.learned)) {
		packet.status = 1;
		child_end(c);
	}
}

static void packet_on_peer(struct ipc_message *m)
{
	if (packet.queue)
		queue_peer(packet.queue, m->fd);
	else
		packet.peer = m->fd;
	m->fd = -1;
}

/* from the process before; only of use before the queues are taken */
static void packet_on_take(struct ipc_message *m)
{
	struct msg_handed body;
	int *at;

	if (m->len != sizeof(body) || packet.queue)
		return;
	memcpy(&body, m->body, sizeof(body));
	if (body.what >= HANDED_ALL)
		return;
	at = &packet.handed[body.what];
	if (*at >= 0)
		close(*at);
	*at = m->fd;
	m->fd = -1;
}

/* the next one takes the queues: what comes from now on waits in their sockets */
static void packet_on_hand_over(struct child *c, const struct ipc_message *m)
{
	int err;

	if (!packet.queue || m->fd < 0)
		return;
	err = queue_hand_over(packet.queue);
	if (!err && learned_is_on(packet.learned))
		err = learned_hand_over(packet.learned, m->fd);
	if (err)
		log_warn("not all could be handed over: %s", strerror(-err));
	child_end(c);
}

static bool packet_on_message(struct child *c, struct ipc_message *m)
{
	struct msg_done done;

	switch (m->head.type) {
	case MSG_PEER:
		packet_on_peer(m);
		break;
	case MSG_TAKE:
		packet_on_take(m);
		break;
	case MSG_HAND_OVER:
		packet_on_hand_over(c, m);
		break;
	case MSG_SETTINGS:
		if (!c->has_settings)
			break;
		if (packet.queue)
			queue_settings(packet.queue);
		else
			packet_start(c);
		break;
	case MSG_RULES:
		if (packet.queue)
			packet_on_rules(c, m);
		break;
	case MSG_SETS_DONE:
		if (!packet.queue || m->len != sizeof(done))
			break;
		memcpy(&done, m->body, sizeof(done));
		learned_done(packet.learned, m->head.seq, done.error);
		queue_sets_done(packet.queue);
		break;
	}
	return false;
}

int packet_main(void)
{
	child_init(&packet.child, ROLE_QUEUE, packet_on_message, NULL);
	memset(packet.handed, -1, sizeof(packet.handed));
	child_run(&packet.child);
	queue_free(packet.queue);
	learned_free(packet.learned);
	return packet.status;
}
