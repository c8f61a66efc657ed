/* SPDX-License-Identifier: GPL-3.0-or-later */
/* word - a DNS answer between reader and queue, as bytes */
#include "word.h"

#include <string.h>

static size_t put(char *body, size_t n, struct span s)
{
	if (s.len)
		memcpy(body + n, s.p, s.len);
	return n + s.len;
}

size_t word_write(char body[WORD_BYTES], struct msg_dns_read *head, const struct dns_msg *m, struct span refused, struct span stripped)
{
	size_t n = sizeof(*head);

	head->links = m ? m->links : 0;
	head->refused = (uint16_t)refused.len;
	head->stripped = (uint16_t)stripped.len;
	head->names = m ? m->names : 0;
	head->addrs = m ? m->addrs : 0;
	head->ttl_s = m ? m->ttl_s : 0;
	for (unsigned i = 0; i < head->names; i++) {
		body[n++] = (char)m->name[i].len;
		memcpy(body + n, m->name[i].text, m->name[i].len);
		n += m->name[i].len;
	}
	if (head->addrs)
		memcpy(body + n, m->addr, head->addrs * sizeof(m->addr[0]));
	n += head->addrs * sizeof(struct addr);
	n = put(body, put(body, n, refused), stripped);
	memcpy(body, head, sizeof(*head));
	return n;
}

bool word_read(struct span body, struct word *out)
{
	struct msg_dns_read *head = &out->head;
	struct span rest, name;
	unsigned kept = 0;

	if (body.len < sizeof(*head))
		return false;
	memcpy(head, body.p, sizeof(*head));
	out->chain = rest = span_skip(body, sizeof(*head));
	for (unsigned i = 0; i < head->names; i++)
		if (!chain_next(&rest, &name))
			return false;
	out->chain.len -= rest.len;
	if (out->chain.len > NAMES_CHAIN_BYTES || head->addrs > LIMIT_DNS_MESSAGE_RECORDS || head->links > head->names ||
	    head->refused > WORD_MESSAGE || head->stripped > WORD_MESSAGE ||
	    rest.len != head->addrs * sizeof(struct addr) + head->refused + head->stripped)
		return false;
	out->stripped = span_skip(rest, rest.len - head->stripped);
	out->refused = (struct span){ out->stripped.p - head->refused, head->refused };
	for (unsigned i = 0; i < head->addrs; i++) {
		struct addr a;

		memcpy(&a, rest.p + i * sizeof(a), sizeof(a));
		if (a.family == AF_INET || a.family == AF_INET6)
			addr_from_ip(&out->addr[kept++], a.family, a.ip);
	}
	head->addrs = (uint16_t)kept;
	return true;
}
