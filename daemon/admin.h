/* SPDX-License-Identifier: GPL-3.0-or-later */
/* admin - the role that serves the control socket: status and reload
 *
 * One request a connection: a line, "status", "status text", "reload" or "reload text".  The answer
 * runs to the close: one JSON object, or text for people.  An answer to "reload text" begins with a line "ok" or
 * "failed".  Only root and the owner of the run directory are answered (SO_PEERCRED).
 */
#ifndef DEJUNK_ADMIN_H
#define DEJUNK_ADMIN_H

/* admin_main - returns the exit status of the child */
int admin_main(void);

#endif
