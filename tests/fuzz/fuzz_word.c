/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_word - links: word addr
 *
 * Property: a word that was read holds as many names as it says and addresses of two families only; what was read, put
 * together again, is read as the same.
 */
#include <string.h>

#include "check.h"
#include "word.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char again[WORD_BYTES];
	struct span in = copy_of((struct span){ (const char *)data, size }), rest, name;
	static struct word w, v;
	unsigned names = 0;
	size_t n = sizeof(w.head);

	if (word_read(in, &w)) {
		rest = w.chain;
		while (chain_next(&rest, &name))
			names++;
		CHECK(rest.len == 0 && names == w.head.names);
		CHECK(w.head.addrs <= LIMIT_DNS_MESSAGE_RECORDS);
		for (unsigned i = 0; i < w.head.addrs; i++)
			CHECK((w.addr[i].family == AF_INET || w.addr[i].family == AF_INET6) && w.addr[i].port_be == 0);
		memcpy(again, &w.head, n);
		memcpy(again + n, w.chain.p, w.chain.len);
		n += w.chain.len;
		memcpy(again + n, w.addr, w.head.addrs * sizeof(w.addr[0]));
		n += w.head.addrs * sizeof(w.addr[0]);
		CHECK(w.refused.len <= WORD_MESSAGE && w.stripped.len <= WORD_MESSAGE);
		memcpy(again + n, w.refused.p, w.refused.len);
		n += w.refused.len;
		memcpy(again + n, w.stripped.p, w.stripped.len);
		n += w.stripped.len;
		CHECK(word_read((struct span){ again, n }, &v));
		CHECK(span_eq(w.refused, v.refused) && span_eq(w.stripped, v.stripped) && w.head.links <= names);
		CHECK(span_eq(w.chain, v.chain) && w.head.addrs == v.head.addrs);
		CHECK(memcmp(w.addr, v.addr, w.head.addrs * sizeof(w.addr[0])) == 0);
	}
	drop_copy(in);
	return 0;
}
