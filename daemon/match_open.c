/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match_open - the sections of an instance, checked: their sizes, and whatever there is little of (match_mapped.h has the rest) */
#include <stdlib.h>

#include "limits.h"
#include "match_mapped.h"

static const char *open_group(struct match *m, const struct image *im, uint32_t instance, unsigned g)
{
	struct match_table *t = &m->table[g];
	size_t words, slots;

	t->head = &m->head->group[g];
	if (!t->head->filters)
		return NULL;
	if (t->head->bits_log2 < 6 || t->head->bits_log2 > 31 || t->head->slots_log2 < 1 || t->head->slots_log2 > 30)
		return "a table of filters has an impossible size";
	if (!image_find(im, SECTION_MATCH_BITMAP + g, instance, sizeof(uint64_t), (const void **)&t->bitmap, &words) ||
	    !image_find(im, SECTION_MATCH_SLOTS + g, instance, sizeof(struct match_slot), (const void **)&t->slot, &slots) ||
	    words != (size_t)1 << (t->head->bits_log2 - 6) || slots != (size_t)1 << t->head->slots_log2)
		return "a table of filters is cut";
	return match_range_ok(m, &t->head->unfiled) ? NULL : "a filter lies outside of its table";
}

static const char *open_tables(struct match *m, const struct image *im, uint32_t instance)
{
	const void *head, *text;
	size_t heads, bloom, len, probes, needles;

	if (!image_find(im, SECTION_MATCH_HEAD, instance, sizeof(struct match_head), &head, &heads) || heads > 1)
		return "the head of the filters is malformed";
	if (heads == 0)
		return "";
	m->head = head;
	m->key = url_key_of(m->head->seed);
#define FIND(type, record, p, n)	\
	if (!image_find(im, type, instance, sizeof(record), (const void **)&(p), &(n)))	\
		return "a section of filters is cut"
	FIND(SECTION_MATCH_BLOOM, uint64_t, m->bloom, bloom);
	FIND(SECTION_MATCH_HOSTS, struct match_bucket, m->bucket, m->buckets);
	FIND(SECTION_MATCH_RECORDS, struct match_record, m->record, m->record_count);
	FIND(SECTION_MATCH_PROBES, struct match_probe, m->probe, probes);
	FIND(SECTION_MATCH_NEEDLES, struct match_needles, m->needles, needles);
	FIND(SECTION_MATCH_SETS, uint64_t, m->set, m->set_words);
	FIND(SECTION_MATCH_REGEXES, struct match_regex, m->regex, m->regex_count);
	FIND(SECTION_MATCH_EXCEPTED, uint64_t, m->excepted, m->excepted_count);
	FIND(SECTION_MATCH_TEXT, char, text, len);
#undef FIND
	m->text = (struct span){ text, len };
	m->bloom_words = bloom;
	if (probes != m->record_count || needles != 1)
		return "a section of filters is cut";
	if (bloom == 0 || bloom & (bloom - 1) || m->buckets == 0 || m->buckets > UINT32_MAX)
		return "the table of blocked hosts has an impossible size";
	if (len == 0 || m->text.p[len - 1] != '\n')
		return "the text of the filters is cut";
	return NULL;
}

static const char *check_records(const struct match *m)
{
	unsigned need = 0;

	/* all probes of a key are read for a request, so they are looked at here and not there */
	for (size_t i = 0; i < m->record_count; i++)
		need |= (m->probe[i].need[0] >= URL_SET_BITS + URL_SET_MORE) | (m->probe[i].need[1] >= URL_SET_BITS + URL_SET_MORE);
	if (need)
		return "a filter asks for what no URL has";
	for (size_t i = 0; i < m->regex_count; i++)
		if (!match_text_ok(m, m->regex[i].pattern, m->regex[i].pattern_len) ||
		    !match_text_ok(m, m->regex[i].literal, m->regex[i].literal_len))
			return "an expression lies outside of the text";
	return NULL;
}

struct match *match_open(const struct image *im, uint32_t instance, const psl_ctx_t *psl, const char **why)
{
	struct match *m = calloc(1, sizeof(*m));

	*why = "out of memory";
	if (!m)
		return NULL;
	m->psl = psl;
	*why = open_tables(m, im, instance);
	for (unsigned g = 0; !*why && g < MATCH_GROUPS; g++)
		*why = open_group(m, im, instance, g);
	if (!*why)
		*why = check_records(m);
	if (*why) {
		if (**why == '\0')
			*why = NULL;
		match_close(m);
		return NULL;
	}
	m->page[MATCH_PAGES].bits = 1;
	m->compiled = calloc(m->regex_count + 1, sizeof(*m->compiled));
	m->scratch = regex_scratch_new();
	m->lower = calloc(1, LIMIT_MATCH_URL_BYTES + 8 + URL_TOKENS_PAD);
	m->original = calloc(1, LIMIT_MATCH_URL_BYTES + 8 + URL_TOKENS_PAD);
	m->keys = calloc(MATCH_LABELS + LIMIT_MATCH_URL_BYTES / 2 + 16, sizeof(*m->keys));
	m->hit = calloc(4 * MATCH_LABELS + LIMIT_MATCH_URL_BYTES / 2 + 16, sizeof(*m->hit));
	m->slot = calloc(4 * MATCH_LABELS + LIMIT_MATCH_URL_BYTES / 2 + 16, sizeof(*m->slot));
	if (m->compiled && m->scratch && m->lower && m->original && m->keys && m->hit && m->slot)
		return m;
	*why = "out of memory";
	match_close(m);
	return NULL;
}

void match_close(struct match *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->compiled && i < m->regex_count; i++)
		regex_free(m->compiled[i]);
	free(m->compiled);
	regex_scratch_free(m->scratch);
	free(m->lower);
	free(m->original);
	free(m->keys);
	free(m->hit);
	free(m->slot);
	free(m);
}
