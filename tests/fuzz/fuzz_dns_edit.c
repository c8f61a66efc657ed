/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_dns_edit - links: dns_edit dns_msg dns_name addr
 *
 * Property: an answer without its ech parameters is never longer, says the same as before but for ech, and has none left;
 * a refused one says NXDOMAIN to the same question, and neither edit has anything to do the second time.
 */
#include "check.h"

#include "dns_edit.h"
#include "dns_msg.h"

static struct dns_msg before, after;

/* edit - in memory of exact size */
static struct span edit(size_t (*how)(struct span, char *), struct span in)
{
	struct span exact = copy_of(in), out = copy_of(in);

	out.len = how(exact, (char *)(uintptr_t)out.p);
	CHECK(out.len <= in.len);
	drop_copy(exact);
	return out;
}

static bool same(const struct dns_msg *a, const struct dns_msg *b)
{
	if (a->id != b->id || a->qtype != b->qtype || a->rcode != b->rcode || a->truncated != b->truncated || a->more != b->more ||
	    a->names != b->names || a->addrs != b->addrs || a->ttl_s != b->ttl_s)
		return false;
	for (unsigned i = 0; i < a->names; i++)
		if (!span_eq(dns_name_span(&a->name[i]), dns_name_span(&b->name[i])))
			return false;
	return memcmp(a->addr, b->addr, a->addrs * sizeof(a->addr[0])) == 0;
}

static void again(size_t (*how)(struct span, char *), struct span once)
{
	struct span twice = edit(how, once);

	CHECK(span_eq(once, twice));
	drop_copy(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size }, out;
	enum dns_msg_result was;

	if (size > UINT16_MAX)
		return 0;
	was = dns_msg_parse(in, &before);
	out = edit(dns_edit_strip_ech, in);
	if (out.len && was == DNS_MSG_ANSWER) {
		CHECK(dns_msg_parse(out, &after) == DNS_MSG_ANSWER && same(&before, &after) && after.ech_at == 0);
		CHECK(before.ech_at == 0 || out.len <= in.len - 4);
	}
	if (out.len)
		again(dns_edit_strip_ech, out);
	drop_copy(out);

	out = edit(dns_edit_refuse, in);
	if (out.len && was == DNS_MSG_ANSWER) {
		CHECK(dns_msg_parse(out, &after) == DNS_MSG_ANSWER && after.rcode == 3 && after.names == 1 && after.addrs == 0);
		CHECK(after.id == before.id && after.qtype == before.qtype && !after.truncated);
		CHECK(span_eq(dns_name_span(&before.name[0]), dns_name_span(&after.name[0])));
	}
	if (out.len)
		again(dns_edit_refuse, out);
	drop_copy(out);
	return 0;
}
