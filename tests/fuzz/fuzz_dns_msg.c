/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_dns_msg - links: dns_msg dns_name addr
 *
 * Property: names hold only allowed bytes, are terminated, and differ from each other (but for '?'); there are never more addresses
 * than records (but for hints); bytes behind the end of a message change nothing; a message cut short tells the same or is refused.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static int same(const struct dns_msg *a, const struct dns_msg *b)
{
	if (a->id != b->id || a->qtype != b->qtype || a->rcode != b->rcode || a->truncated != b->truncated || a->more != b->more ||
	    a->names != b->names || a->addrs != b->addrs || a->ttl_s != b->ttl_s || a->ech_at != b->ech_at)
		return 0;
	for (unsigned i = 0; i < a->names; i++)
		if (!span_eq(dns_name_span(&a->name[i]), dns_name_span(&b->name[i])))
			return 0;
	return memcmp(a->addr, b->addr, a->addrs * sizeof(a->addr[0])) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_msg m, other;
	enum dns_msg_result r = dns_msg_parse((struct span){ (const char *)data, size }, &m);
	uint8_t *longer;

	check(dns_msg_why(r)[0] != '?');
	if (r != DNS_MSG_QUERY && r != DNS_MSG_ANSWER)
		return 0;
	check(m.names >= 1 && m.names <= 1 + DNS_CHAIN && m.addrs <= LIMIT_DNS_MESSAGE_RECORDS);
	/* a hint has several addresses and leads on to a name; an address takes four bytes */
	if (m.qtype != DNS_TYPE_SVCB && m.qtype != DNS_TYPE_HTTPS)
		check(m.addrs + m.names - 1 <= (data[6] << 8 | data[7]) && m.ech_at == 0);
	check(m.addrs * 4u <= size && m.names - 1 <= (data[6] << 8 | data[7]) + (data[10] << 8 | data[11]));
	check(m.ech_at == 0 || (r == DNS_MSG_ANSWER && m.ech_at + 4u <= size && data[m.ech_at] == 0 && data[m.ech_at + 1] == 5));
	check(r == DNS_MSG_ANSWER || (m.names == 1 && m.addrs == 0));
	for (unsigned i = 0; i < m.names; i++) {
		check(m.name[i].len <= DNS_TEXT && strlen(m.name[i].text) == m.name[i].len);
		check(strspn(m.name[i].text, "abcdefghijklmnopqrstuvwxyz0123456789-_?.") == m.name[i].len);
		for (unsigned j = 0; j < i; j++)
			check(strchr(m.name[i].text, '?') || !span_eq(dns_name_span(&m.name[i]), dns_name_span(&m.name[j])));
	}
	for (unsigned i = 0; i < m.addrs; i++)
		check(m.addr[i].family && !m.addr[i].port_be);
	if (size > 65000)
		return 0;
	longer = malloc(size + 64);
	memcpy(longer, data, size);
	memset(longer + size, 0xc0, 64);
	check(dns_msg_parse((struct span){ (char *)longer, size + 64 }, &other) == r && same(&m, &other));
	free(longer);
	longer = malloc(size - size / 8);
	memcpy(longer, data, size - size / 8);
	r = dns_msg_parse((struct span){ (char *)longer, size - size / 8 }, &other);
	check(r == DNS_MSG_BAD_SHORT || same(&m, &other));
	free(longer);
	return 0;
}
