/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch - the fetch role: one list by HTTP or HTTPS, in a child without privileges, judged there, then the end
 *
 * The protocol on IPC_FD (messages.h):
 *
 *   monitor -> fetch	MSG_SETTINGS	struct msg_settings: uid and gid to become (sandbox_enter)
 *   monitor -> fetch	MSG_FETCH	descriptor: an empty file, open for reading and writing; body: struct msg_fetch, then
 *					URL, ETag and Last-Modified of the copy that there is, not terminated
 *   fetch -> monitor	MSG_FETCHED	body: struct msg_fetched, then ETag, Last-Modified, and why it failed, not terminated
 *
 * and the child ends.  The body of the answer goes into the file, decoded, synced, at most LIMIT_LIST_BYTES; it is the
 * list only where MSG_FETCHED says FETCH_NEW.  One child a list: what a server does to it stays between the two.  The
 * monitor bounds the whole by LIMIT_FETCH_MS.
 */
#ifndef DEJUNK_FETCH_H
#define DEJUNK_FETCH_H

/* fetch_main - returns the exit status of the child */
int fetch_main(void);

#endif
