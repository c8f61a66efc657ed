/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reader - the process that reads DNS payload, without any privilege (role: reader)
 *
 * Takes DNS messages from the queue process, answers with names and addresses of those
 * answers that were asked for, and resolves the hosts of rules.yaml ahead.  It decides nothing.
 */
#ifndef DEJUNK_READER_H
#define DEJUNK_READER_H

/* reader_main - the role; returns the exit status: 0, or 1 (a system call failed) */
int reader_main(void);

#endif
