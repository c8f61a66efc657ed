/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compile - the compile role: one rule image, built or taken from the cache, in a child without privileges, then the end
 *
 * The protocol on IPC_FD (messages.h), one packet each:
 *
 *   monitor -> compile	MSG_SETTINGS	struct msg_settings: uid and gid to become (sandbox_enter)
 *   monitor -> compile	MSG_RULES	descriptor: the cached image (rules_cache), to read, or none; struct msg_rules (the
 *					generation to put into the image),
 *					then the path of rules.yaml, not terminated, at most PATH_MAX - 1 bytes
 *   compile -> monitor	MSG_OPEN	body: a path, not terminated; seq grows by one with each.  The path of rules.yaml
 *					as it was given, then of each list, relative ones put behind the rules file's directory;
 *					of a list that is fetched its URL: the copy in the state directory is meant
 *   monitor -> compile	MSG_OPENED	same seq; the descriptor (O_RDONLY, a regular file), or struct msg_done with an errno
 *   ...				one OPEN at a time
 *   compile -> monitor	MSG_BUILT	descriptor: the sealed memfd; struct msg_built, then warnings as text, cut
 *			or MSG_FAILED	body: errors as text, several lines, cut at IPC_BODY_MAX; the end
 *   monitor -> compile	MSG_SAVE	only after a BUILT that asked for it: an empty file to be written as a cache; or MSG_STOP
 *
 * and the child ends: status 0 after BUILT (the cache, if there was one to write, is whole), 1 after FAILED, 2 when the
 * protocol was broken or IPC_FD closed, 3 when the cache could not be written.
 * MSG_COUNTERS is accepted and ignored.  No heartbeat: it answers no PING while it builds; the monitor bounds the
 * whole by LIMIT_COMPILE_MS.  MSG_READY is never sent.  What BUILT hands over is to be mapped by rules_map(), which
 * checks seals and content, before it is believed.
 */
#ifndef DEJUNK_COMPILE_H
#define DEJUNK_COMPILE_H

/* compile_main - returns the exit status of the child */
int compile_main(void);

#endif
