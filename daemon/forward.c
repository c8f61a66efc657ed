/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forward - a table of fixed size; each pair has one place, the newer takes it */
#include "forward.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "limits.h"

struct forward {
	struct addr client;	/* family 0: free; port 0 */
	struct addr server;	/* with port */
	bool passes;
};

static struct forward *table;	/* made when it is first needed: most policies let all through */
static uint32_t table_epoch;

static struct forward *forward_place(const struct addr *client, const struct addr *server)
{
	struct addr key[2] = { *client, *server };

	key[0].port_be = 0;
	key[0]._pad = key[1]._pad = 0;
	return &table[XXH3_64bits_withSeed(key, sizeof(key), (uintptr_t)table) % LIMIT_FORWARD_ANSWERS];
}

void forward_epoch(uint32_t epoch)
{
	if (epoch == table_epoch)
		return;
	table_epoch = epoch;
	free(table);
	table = NULL;
}

bool forward_known(const struct addr *client, const struct addr *server, bool *passes)
{
	const struct forward *f;

	if (!table)
		return false;
	f = forward_place(client, server);
	if (!addr_eq_ip(&f->client, client) || !addr_eq_ip(&f->server, server) || f->server.port_be != server->port_be)
		return false;
	*passes = f->passes;
	return true;
}

void forward_remember(const struct addr *client, const struct addr *server, bool passes)
{
	if (!table)
		table = calloc(LIMIT_FORWARD_ANSWERS, sizeof(*table));
	if (table)
		*forward_place(client, server) = (struct forward){ *client, *server, passes };
}
