/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_store - where the copies of fetched lists are: STATE/lists/HASH and beside it HASH.state (list_state)
 *
 * HASH is of the URL.  Nothing here opens a file: the monitor does, and for the compile role it opens copies of lists
 * that rules.yaml names and no other file of the state directory.
 */
#ifndef DEJUNK_LIST_STORE_H
#define DEJUNK_LIST_STORE_H

#include <linux/limits.h>

#include "span.h"

enum { LIST_STORE_NAME = 33 };		/* bytes of HASH, NUL included */

/* list_is_url - does it begin as a URL that can be fetched (http:// or https://)? */
bool list_is_url(struct span text);
/* list_url_why - what is wrong with @url as the place of a list, or NULL: printable ASCII, http or https, with a host,
 * at most LIMIT_LIST_URL_BYTES */
const char *list_url_why(struct span url);
/* list_store_name - HASH */
void list_store_name(struct span url, char out[LIST_STORE_NAME]);
/* list_store_path - of the copy of @url; false: too long.  @state: the state directory, NULL: STATEDIR_DEFAULT */
bool list_store_path(const char *state, struct span url, char out[PATH_MAX]);

#endif
