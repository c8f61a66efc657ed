/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prove - the process of a new binary that shows whether it can take over from the running one
 *
 * Runs as root, as the monitor that it rehearses, and like it parses nothing that came from outside: the rules are built by a
 * compile process of its own.  Changes nothing but the rule image that is kept.
 */
#ifndef DEJUNK_PROVE_H
#define DEJUNK_PROVE_H

/* prove_main - "dejunk child prove"; the exit status is nobody's concern: the answer is PROVEN or FAILED */
int prove_main(void);

#endif
