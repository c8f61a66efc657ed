/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_url - a URL or host as somebody typed it, taken apart as the proxy would see it */
#ifndef DEJUNK_CLI_URL_H
#define DEJUNK_CLI_URL_H

#include <stdbool.h>

#include "host.h"
#include "span.h"

enum { CLI_URL_BYTES = 65536 };

struct cli_url {
	struct span host, url;		/* as struct facts has them; they point into the texts */
	bool whole;			/* it was a URL, not a host alone */
	bool plain;			/* http, which dejunk reads */
	char host_text[HOST_MAX + 1], url_text[CLI_URL_BYTES];
};

/* cli_url_read - "http://host:port/path", "host/path" or "host"; false: there is no host in it, or it is too long */
bool cli_url_read(struct cli_url *u, struct span in);

#endif
