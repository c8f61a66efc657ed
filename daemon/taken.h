/* SPDX-License-Identifier: GPL-3.0-or-later */
/* taken - which process has a port or a netfilter queue that we want: for one clear line of refusal (/proc) */
#ifndef DEJUNK_TAKEN_H
#define DEJUNK_TAKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAKEN_TEXT = 96 };	/* bytes of "nginx (pid 1234)" */

/* taken_port - who listens on TCP @port (host byte order) in this network namespace?
 * @who: filled: "nginx (pid 1234)", or "a process that cannot be seen"
 * false: nobody seems to. */
bool taken_port(uint16_t port, char who[TAKEN_TEXT]);
/* taken_queue - who is bound to netfilter queue @number?  As above. */
bool taken_queue(uint16_t number, char who[TAKEN_TEXT]);
/* taken_arriving - do connections to @port of this machine hang in the middle of their handshake (SYN_RECV)?
 * Then their first packets do arrive, whatever becomes of them. */
bool taken_arriving(uint16_t port);

struct taken_queue {
	uint16_t number;
	char who[TAKEN_TEXT];
};
/* taken_queues - all netfilter queues that somebody listens on; fills at most @max, returns how many */
unsigned taken_queues(struct taken_queue list[], unsigned max);
/* taken_udp - who receives UDP at @port?  As taken_port(). */
bool taken_udp(uint16_t port, char who[TAKEN_TEXT]);
/* taken_remote - who has an established TCP connection to @port elsewhere?  As taken_port(). */
bool taken_remote(uint16_t port, char who[TAKEN_TEXT]);

#endif
