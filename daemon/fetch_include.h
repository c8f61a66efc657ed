/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch_include - the files that a fetched list includes ("!#include"), each by a request of its own */
#ifndef DEJUNK_FETCH_INCLUDE_H
#define DEJUNK_FETCH_INCLUDE_H

#include <stdbool.h>

#include "fetch_http.h"
#include "messages.h"
#include "span.h"

/* fetch_include_needed - is @list, as it came, one that may include others? */
bool fetch_include_needed(struct span list);
/* fetch_include - get them, write the whole list to @r->fd
 * @r: the request of the list itself; its file is overwritten
 * @list: its text, kept by the caller, not in the file
 * @a: its answer; bytes are those of the whole, and its validators none, which would tell of this part alone
 * true: done, or there was nothing to follow and the file has @list; false: @what (FETCH_FAILED, FETCH_REFUSED) and @a->why */
bool fetch_include(const struct fetch_request *r, struct span list, struct fetch_answer *a, enum fetch_what *what);

#endif
