/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_legacy - does iptables-legacy have rules here that could drop something?
 *
 * Its rules are not interpreted.  But its tables stay, empty, wherever the program was
 * once called, and an empty table that accepts is no reason for doubt.  Tables nat and
 * raw are left out: the one cannot drop, the other comes before our redirect.
 */
#include <net/if.h>	/* before linux/if.h, which the last two include */

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "ruleset_model.h"

enum { TABLE_BYTES = 65536, STANDARD_ACCEPT = -NF_ACCEPT - 1 };

/* the entry at a hook is its policy when the table has no rules: an unconditional verdict */
static bool accepts(const uint8_t *entries, size_t size, size_t at, size_t target_field)
{
	struct xt_standard_target t;
	uint16_t target;

	if (at + target_field + sizeof(target) > size)
		return false;
	memcpy(&target, entries + at + target_field, sizeof(target));
	if (at + target + sizeof(t) > size)
		return false;
	memcpy(&t, entries + at + target, sizeof(t));
	return t.target.u.user.name[0] == '\0' && t.verdict == STANDARD_ACCEPT;
}

/* has the table no rule, and every policy ACCEPT?  A table that cannot be read has rules. */
static bool table_is_idle(int fd, bool six, const char *name)
{
	struct ipt_getinfo info = { 0 };	/* both families have the same layout */
	struct ipt_get_entries *get;
	socklen_t len = sizeof(info);
	bool idle = true;

	_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "same layout");
	_Static_assert(sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries), "same layout");
	snprintf(info.name, sizeof(info.name), "%.31s", name);
	if (getsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IP6T_SO_GET_INFO : IPT_SO_GET_INFO,
		       &info, &len) < 0)
		return false;
	if (info.num_entries != (unsigned)__builtin_popcount(info.valid_hooks) + 1 ||
	    info.size > TABLE_BYTES)
		return false;
	len = (socklen_t)(sizeof(*get) + info.size);
	get = calloc(1, len);
	if (!get)
		return false;
	snprintf(get->name, sizeof(get->name), "%.31s", name);
	get->size = info.size;
	if (getsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP,
		       six ? IP6T_SO_GET_ENTRIES : IPT_SO_GET_ENTRIES, get, &len) < 0)
		idle = false;
	for (unsigned h = 0; h < NF_INET_NUMHOOKS && idle; h++)
		if (info.valid_hooks & (1u << h))
			idle = accepts((const uint8_t *)get->entrytable, info.size, info.hook_entry[h],
				       six ? offsetof(struct ip6t_entry, target_offset)
					   : offsetof(struct ipt_entry, target_offset));
	free(get);
	return idle;
}

static bool family_may_drop(bool six)
{
	FILE *f = fopen(six ? "/proc/self/net/ip6_tables_names" : "/proc/self/net/ip_tables_names", "re");
	char name[XT_TABLE_MAXNAMELEN + 2];
	bool may = false;
	int fd = -1;

	if (!f)
		return false;		/* no such kernel module: no tables */
	while (!may && fgets(name, sizeof(name), f)) {
		name[strcspn(name, "\n")] = '\0';
		if (strcmp(name, "nat") == 0 || strcmp(name, "raw") == 0)
			continue;
		if (fd < 0)
			fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		may = fd < 0 || !table_is_idle(fd, six, name);
	}
	fclose(f);
	if (fd >= 0)
		close(fd);
	return may;
}

bool rs_legacy_may_drop(void)
{
	return family_may_drop(false) || family_may_drop(true);
}
