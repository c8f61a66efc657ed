/* SPDX-License-Identifier: GPL-3.0-or-later */
/* regex - PCRE2 with limits */
#include "regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "limits.h"

/* struct regex is a pcre2_code by another name: nobody else sees PCRE2 */

struct regex_scratch {
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
};

struct regex *regex_new(struct span pattern, bool ignore_case, char *why, size_t why_len, size_t *at)
{
	uint32_t options = PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF | (ignore_case ? PCRE2_CASELESS : 0);
	pcre2_compile_context *context = NULL;
	PCRE2_SIZE where = 0;
	pcre2_code *code = NULL;
	int error = PCRE2_ERROR_NOMEMORY;

	if (why && why_len)
		why[0] = '\0';
	if (at)
		*at = 0;
	if (pattern.len > LIMIT_REGEX_PATTERN_BYTES) {
		if (why)
			snprintf(why, why_len, "longer than %d bytes", LIMIT_REGEX_PATTERN_BYTES);
		return NULL;
	}
	context = pcre2_compile_context_create(NULL);
	if (context) {
		pcre2_set_parens_nest_limit(context, 50);
		code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.len, options, &error, &where, context);
		pcre2_compile_context_free(context);
	}
	if (!code) {
		PCRE2_UCHAR text[160];

		if (at)
			*at = where <= pattern.len ? where : pattern.len;
		if (why && pcre2_get_error_message(error, text, sizeof(text)) > 0)
			snprintf(why, why_len, "%s", (const char *)text);
		return NULL;
	}
	/* without JIT (no executable memory allowed) pcre2_match() interprets: slower, same answers */
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	return (struct regex *)code;
}

void regex_free(struct regex *r)
{
	pcre2_code_free((pcre2_code *)r);
}

struct regex_scratch *regex_scratch_new(void)
{
	struct regex_scratch *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->context = pcre2_match_context_create(NULL);
	s->data = pcre2_match_data_create(1, NULL);
	if (!s->context || !s->data) {
		regex_scratch_free(s);
		return NULL;
	}
	pcre2_set_heap_limit(s->context, LIMIT_REGEX_HEAP_KIB);
	s->stack = pcre2_jit_stack_create(32 * 1024, LIMIT_REGEX_HEAP_KIB * 1024, NULL);
	if (s->stack)
		pcre2_jit_stack_assign(s->context, NULL, s->stack);
	return s;
}

void regex_scratch_free(struct regex_scratch *s)
{
	if (!s)
		return;
	pcre2_jit_stack_free(s->stack);
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->context);
	free(s);
}

bool regex_match(const struct regex *r, struct regex_scratch *s, struct span text)
{
	size_t steps;
	int status;

	if (text.len > LIMIT_REGEX_SUBJECT_BYTES)
		text.len = LIMIT_REGEX_SUBJECT_BYTES;
	/* a plain URL of 64 bytes may use the whole limit at each place; a long one less, but two passes of it */
	steps = (size_t)LIMIT_REGEX_STEPS * 64 / (text.len + 1);
	if (steps < 2 * text.len)
		steps = 2 * text.len;
	if (steps > LIMIT_REGEX_STEPS)
		steps = LIMIT_REGEX_STEPS;
	pcre2_set_match_limit(s->context, (uint32_t)steps);
	/* directly into the compiled code where there is some: what pcre2_match() checks before it is known here */
	status = pcre2_jit_match((const pcre2_code *)r, (PCRE2_SPTR)(text.p ? text.p : ""), text.len, 0, 0, s->data, s->context);
	if (status == PCRE2_ERROR_JIT_BADOPTION)
		status = pcre2_match((const pcre2_code *)r, (PCRE2_SPTR)(text.p ? text.p : ""), text.len, 0, 0, s->data,
				     s->context);
	return status >= 0;
}
