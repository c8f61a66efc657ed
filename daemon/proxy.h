/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proxy - the role that accepts redirected connections and filters HTTP */
#ifndef DEJUNK_PROXY_H
#define DEJUNK_PROXY_H

/* proxy_main - what "child proxy" runs: talks messages.h on IPC_FD until STOP or the end of the
 * monitor; returns the exit status */
int proxy_main(void);

#endif
