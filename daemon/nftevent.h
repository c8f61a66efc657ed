/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nftevent - what changed in nf_tables: our table deleted, or somebody's rules
 *
 * Changes of the elements of our own sets are filtered out in the kernel (by a socket filter), or the lease and each
 * learned address would wake the monitor.
 */
#ifndef DEJUNK_NFTEVENT_H
#define DEJUNK_NFTEVENT_H

enum nftevent {
	NFTEVENT_OWN = 1,	/* something in our table other than elements */
	NFTEVENT_OTHERS = 2,	/* something in another table */
	NFTEVENT_GONE = 4,	/* our table was deleted and not put back in the same breath; nftset_table() is sure */
	NFTEVENT_LOST = 8,	/* events were lost: take everything as changed */
};
/* nftevent_open - a non-blocking, close-on-exec descriptor to watch for reading; or a negative errno */
int nftevent_open(void);
/* nftevent_read - read all that waits; returns enum nftevent bits, 0: nothing of interest, or a negative errno */
int nftevent_read(int fd);

#endif
