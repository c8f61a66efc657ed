/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_domain - hosts: their parents, their registrable domain, and whether a set of hosts holds them */
#include "match_mapped.h"

static bool is_address(struct span host)
{
	size_t dots = 0;

	if (host.len && host.p[0] == '[')
		return true;
	if (!host.len || host.p[host.len - 1] < '0' || host.p[host.len - 1] > '9')
		return false;
	for (size_t i = 0; i < host.len; i++) {
		if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9'))
			return memchr(host.p, ':', host.len);
		dots += host.p[i] == '.';
	}
	return dots == 3;
}

void match_names_of(const struct url_key *k, struct span host, struct match_names *out)
{
	uint64_t fp = match_root(k);
	size_t end = host.len;
	unsigned n = 0;

	out->host = host;
	out->address = is_address(host);
	for (size_t i = host.len; host.len && n < MATCH_LABELS; ) {
		if (i && host.p[i - 1] != '.') {
			i--;
			continue;
		}
		fp = match_label(k, fp, host.p + i, end - i);
		out->fp[n] = fp ? fp : 1;
		out->start[n++] = (uint16_t)i;
		if (i == 0)
			break;
		end = --i;
	}
	if (out->address && n) {
		out->fp[0] = out->fp[n - 1];
		out->start[0] = 0;
		n = 1;
	}
	out->count = n;
}

unsigned match_domain_labels(struct match *m, const struct match_names *n, unsigned *suffix)
{
	uint64_t fp = n->fp[n->count - 1];
	size_t slot = (size_t)fp & (MATCH_DOMAINS - 1);

	if (m->domain[slot].fp != fp) {
		char host[HOST_MAX + 1];
		const char *domain = NULL;
		unsigned labels = n->count, suffixes = n->count;

		if (!n->address && n->host.len <= HOST_MAX && n->count > 1 && m->psl) {
			memcpy(host, n->host.p, n->host.len);
			host[n->host.len] = '\0';
			domain = psl_registrable_domain(m->psl, host);
		}
		for (unsigned i = 0; domain && i < n->count; i++)
			if (n->start[i] == domain - host) {
				labels = i + 1;
				suffixes = i;
			}
		m->domain[slot].fp = fp;
		m->domain[slot].labels = (uint8_t)labels;
		m->domain[slot].suffix = (uint8_t)suffixes;
	}
	if (suffix)
		*suffix = m->domain[slot].suffix;
	return m->domain[slot].labels;
}

static bool among(const uint64_t *v, size_t count, uint64_t fp)
{
	while (count > 8) {
		size_t half = count / 2;

		if (v[half] <= fp) {
			v += half;
			count -= half;
		} else {
			count = half;
		}
	}
	for (size_t i = 0; i < count; i++)
		if (v[i] == fp)
			return true;
	return false;
}

static bool any_among(const uint64_t *v, size_t count, const uint64_t *fp, unsigned fps)
{
	for (unsigned i = 0; count && i < fps; i++)
		if (among(v, count, fp[i]))
			return true;
	return false;
}

/* the fingerprints of "name.*" that hold for the host */
static unsigned any_tld_of(struct match *m, const struct match_names *n, uint64_t *fp)
{
	unsigned suffix, count = 0;
	uint64_t h = match_root(&m->key);

	if (n->count == 0 || n->address)
		return 0;
	match_domain_labels(m, n, &suffix);
	for (unsigned i = suffix; i < n->count; i++) {
		size_t end = n->start[i - 1] - 1u;	/* a suffix has at least one label */

		h = match_label(&m->key, h, n->host.p + n->start[i], end - n->start[i]);
		fp[count++] = match_any_tld(h ? h : 1);
	}
	return count;
}

static void page_fill(struct match *m, struct match_page *page, struct span source)
{
	uint64_t tld[MATCH_LABELS];
	unsigned tlds;

	memcpy(page->sent, source.p, source.len);
	page->sent_len = source.len;
	for (size_t i = 0; i < source.len; i++)
		page->lower[i] = char_lower(source.p[i]);
	memset(page->lower + source.len, 0, URL_TOKENS_PAD);
	match_names_of(&m->key, (struct span){ page->lower, source.len }, &page->names);
	page->bits = 1;
	page->keys = 0;
	for (unsigned i = 0; i < page->names.count; i++) {
		page->key[page->keys++] = match_key_source(page->names.fp[i]);
		page->bits |= match_page_bit(page->names.fp[i]);
	}
	tlds = m->head->any_tld ? any_tld_of(m, &page->names, tld) : 0;
	for (unsigned i = 0; i < tlds; i++) {
		page->key[page->keys++] = match_key_source(tld[i]);
		page->bits |= match_page_bit(tld[i]);
	}
}

const struct match_page *match_page_of(struct match *m, struct span source)
{
	char ends[16] = { 0 };
	struct match_page *page;

	if (source.len == 0 || source.len > HOST_MAX)
		return &m->page[MATCH_PAGES];
	memcpy(ends, source.p, source.len < 8 ? source.len : 8);
	memcpy(ends + 8, source.p + (source.len < 8 ? 0 : source.len - 8), source.len < 8 ? source.len : 8);
	page = &m->page[url_mum(url_load(ends) ^ m->key.a, url_load(ends + 8) ^ m->key.b ^ source.len) & (MATCH_PAGES - 1)];
	if (page->sent_len != source.len || memcmp(page->sent, source.p, source.len) != 0)
		page_fill(m, page, source);
	return page;
}

bool match_set_holds(struct match *m, uint32_t index, const struct match_names *n)
{
	const uint64_t *v;
	uint64_t tld[MATCH_LABELS];
	unsigned tlds = 0;
	struct match_set s;

	if (!match_set_ok(m, index))
		return false;
	v = m->set + index;
	memcpy(&s, v - 1, sizeof(s));
	if (s.any_tld)
		tlds = any_tld_of(m, n, tld);
	if (s.included && !any_among(v, s.included, n->fp, n->count) && !any_among(v, s.included, tld, tlds))
		return false;
	v += s.included;
	return !any_among(v, s.excluded, n->fp, n->count) && !any_among(v, s.excluded, tld, tlds);
}

bool match_set_names(struct match *m, uint32_t index, const struct match_names *n)
{
	struct match_set s;

	if (!match_set_ok(m, index))
		return false;
	memcpy(&s, m->set + index - 1, sizeof(s));
	return s.included && match_set_holds(m, index, n);
}
