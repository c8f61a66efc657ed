/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch_http - one request for a list, by libcurl, which only the fetch role loads
 *
 * http and https only, also after a redirect, and from https no way back to http; proxies of the environment are not
 * used; a redirect leads from a public address to no private one.
 */
#ifndef DEJUNK_FETCH_HTTP_H
#define DEJUNK_FETCH_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "list_state.h"

struct fetch_request {
	char url[LIMIT_LIST_URL_BYTES + 1];
	char etag[LIST_ETAG_BYTES + 1];		/* of the copy that there is; empty: not known */
	char modified[LIST_MODIFIED_BYTES + 1];
	int fd;					/* where the body goes */
	uint64_t room;				/* bytes it may have, decoded */
	bool from_public;			/* part of a list that a public server sent: a private one is not asked */
};

struct fetch_answer {
	long status;		/* of HTTP; 0: none, @why says why */
	uint64_t bytes;		/* of the body, decoded */
	bool is_public;		/* the first server has a public address */
	char etag[LIST_ETAG_BYTES + 1];		/* empty: none, or one that is longer */
	char modified[LIST_MODIFIED_BYTES + 1];
	char why[LIST_ERROR_BYTES + 1];
};

/* fetch_http_load - find libcurl; false: it is not there, @why (borrowed) says why.  Before the sandbox */
bool fetch_http_load(const char **why);
/* fetch_http_get - do it; @out filled.  Connections are kept for the next */
void fetch_http_get(const struct fetch_request *r, struct fetch_answer *out);

#endif
