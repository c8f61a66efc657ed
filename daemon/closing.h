/* SPDX-License-Identifier: GPL-3.0-or-later */
/* closing - descriptors to be closed when the loop is about to sleep, neighbours with one call
 *
 * Two things are gained.  The number of a descriptor that is closed at once is given to the next socket while
 * the event loop still has the old one's changes before it: it then asks the kernel to modify what is not
 * there, and has to ask again.  And many connections end in one turn of the loop, their descriptors next to
 * each other: close_range(2) takes them together.
 *
 * Who is kept here is open for the world: its FIN leaves when closing_run() is called, at the end of the turn.
 */
#ifndef DEJUNK_CLOSING_H
#define DEJUNK_CLOSING_H

/* closing_add - close @fd (taken) at the next closing_run(); at once when very many wait already */
void closing_add(int fd);
/* closing_run - close all that wait */
void closing_run(void);
/* closing_count - how many wait: they still count as open */
unsigned closing_count(void);

#endif
