/* SPDX-License-Identifier: GPL-3.0-or-later */
/* accept_all - what does a verdict of user space cost that is no decision at all?
 *
 *	accept_all [packets at which to rest, microseconds for each]
 *
 * Takes the place of the queue process in a table of dejunk's that nobody serves: puts the queue's rule into it and lets
 * every first packet pass, by the daemon's own code for queues (nfq.c), until it is ended.  Prints "ready" when it listens.
 * What the daemon costs above that is what it looks up, and its loop.
 *
 * links: nfq nftset nftlan kset addr
 */
#include "bench.h"

#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "firewall_numbers.h"
#include "nfq.h"
#include "nftset.h"

static void on_packet(void *ctx, const struct nfq_packet *p)
{
	nfq_verdict(ctx, p->id, NFQ_ACCEPT);
}

int main(int argc, char **argv)
{
	struct nfq_setup setup = { .number = FIREWALL_QUEUE_SYN, .flags = NFQ_FAIL_OPEN | NFQ_JOINED, .copy_bytes = 128, .length = 4096 };
	struct nftset_queues queues = { FIREWALL_QUEUE_SYN, FIREWALL_QUEUE_DNS, FIREWALL_QUEUE_HELLO };
	long rest_us = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	int at = argc == 3 ? (int)strtol(argv[1], NULL, 10) : 0, err, n;
	struct pollfd p = { .events = POLLIN };
	struct nftset *nft;
	struct nfq *q = nfq_new(&setup, &err);

	WRONG_IF(!q, "queue %u: %s", setup.number, strerror(-err));
	WRONG_IF(nftset_new(&nft) < 0 || nftset_queue_rules(nft, &queues, true) < 0, "the queue's rule cannot be put into the table");
	prctl(PR_SET_TIMERSLACK, 1);
	p.fd = nfq_socket(q);
	puts("ready");
	fflush(stdout);
	while (poll(&p, 1, -1) >= 0) {
		n = nfq_recv(q, on_packet, q);
		nfq_flush(q);
		if (at && n >= at && n < NFQ_BATCH)
			nanosleep(&(struct timespec){ .tv_nsec = n * rest_us * 1000 }, NULL);
	}
	return 0;
}
