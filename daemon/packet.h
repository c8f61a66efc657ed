/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet - the queue process: its loop and what it owns (role: queue)
 *
 * Holds CAP_NET_ADMIN, so it parses no payload: IP and TCP headers only.
 */
#ifndef DEJUNK_PACKET_H
#define DEJUNK_PACKET_H

/* packet_main - the role; returns the exit status: 0, 1 (a system call failed), 2 (a queue is in use) */
int packet_main(void);

#endif
