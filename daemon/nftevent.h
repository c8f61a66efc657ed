/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nftevent - what changed in nf_tables: our table deleted, or somebody's rules
 *
 * What we ourselves change in our own sets is filtered out in the kernel (by a socket filter), or the lease and each
 * learned address would wake the monitor; so are elements that others add.
 */
#ifndef DEJUNK_NFTEVENT_H
#define DEJUNK_NFTEVENT_H

#include <stdint.h>

enum nftevent {
	NFTEVENT_OWN = 1,	/* something in our table other than elements */
	NFTEVENT_OTHERS = 2,	/* something in another table */
	NFTEVENT_GONE = 4,	/* our table was deleted and not put back in the same breath; nftset_table() is sure */
	NFTEVENT_LOST = 8,	/* events were lost: take everything as changed */
	NFTEVENT_ELEMENTS = 16,	/* another program took elements out of our sets */
};
/* nftevent_open - a non-blocking, close-on-exec descriptor to watch for reading; or a negative errno
 * @own: netlink port of the socket that writes our sets (nftset_port) */
int nftevent_open(uint32_t own);
/* nftevent_read - read all that waits; returns enum nftevent bits, 0: nothing of interest, or a negative errno */
int nftevent_read(int fd);

#endif
