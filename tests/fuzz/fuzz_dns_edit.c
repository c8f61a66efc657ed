/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_dns_edit - links: dns_edit dns_record dns_msg dns_name addr
 *
 * Property: an answer without its ech parameters is never longer (as long, where it must be), says the same as before but for
 * ech, and has none left; the second time there is nothing to do.
 */
#include "check.h"

#include "dns_edit.h"
#include "dns_msg.h"

static struct dns_msg before, after;

/* strip - in memory of exact size */
static struct span strip(struct span in, bool same)
{
	struct span exact = copy_of(in), out = copy_of(in);

	out.len = dns_edit_strip_ech(exact, same, (char *)(uintptr_t)out.p);
	CHECK(out.len <= in.len && (!same || out.len == in.len || out.len == 0));
	drop_copy(exact);
	return out;
}

static bool says_the_same(const struct dns_msg *a, const struct dns_msg *b)
{
	if (a->id != b->id || a->qtype != b->qtype || a->rcode != b->rcode || a->truncated != b->truncated ||
	    a->names != b->names || a->addrs != b->addrs || a->ttl_s != b->ttl_s)
		return false;
	for (unsigned i = 0; i < a->names; i++)
		if (!span_eq(dns_name_span(&a->name[i]), dns_name_span(&b->name[i])))
			return false;
	return memcmp(a->addr, b->addr, a->addrs * sizeof(a->addr[0])) == 0;
}

static void try(struct span in, bool same, bool is_answer)
{
	struct span out = strip(in, same), twice;

	if (out.len && is_answer) {
		CHECK(dns_msg_parse(out, &after) == DNS_MSG_ANSWER && says_the_same(&before, &after) && after.ech_at == 0);
		CHECK(before.more == after.more || same);	/* what fills it up may be one record too many */
		CHECK(before.ech_at == 0 || same || out.len <= in.len - 4);
	}
	/* over 128 records with what fills it up: not read at all */
	if (out.len) {
		twice = strip(out, same);
		CHECK(span_eq(out, twice) || (same && twice.len == 0));
		drop_copy(twice);
	}
	drop_copy(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	bool is_answer;

	if (size > UINT16_MAX)
		return 0;
	is_answer = dns_msg_parse(in, &before) == DNS_MSG_ANSWER;
	try(in, false, is_answer);
	try(in, true, is_answer);
	return 0;
}
