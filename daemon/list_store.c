/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list_store - where the copies of fetched lists are */
#include "list_store.h"

#include <stdio.h>

#include <xxhash.h>

#include "container.h"
#include "limits.h"
#include "statedir.h"

static const struct span schemes[] = { { "https://", 8 }, { "http://", 7 } };

/* bytes of its scheme, 0: none that can be fetched */
static size_t scheme_len(struct span text)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (text.len >= schemes[i].len &&
		    span_eq_nocase((struct span){ text.p, schemes[i].len }, schemes[i]))
			return schemes[i].len;
	return 0;
}

bool list_is_url(struct span text)
{
	return scheme_len(text) != 0;
}

const char *list_url_why(struct span url)
{
	size_t scheme = scheme_len(url);
	struct span rest = span_skip(url, scheme);

	if (!scheme)
		return "expected http:// or https://";
	if (url.len > LIMIT_LIST_URL_BYTES)
		return "it is too long";
	for (size_t i = 0; i < url.len; i++)
		if (url.p[i] <= ' ' || url.p[i] >= 0x7f || strchr("\"<>\\^`{|}", url.p[i]))
			return "a URL has no such characters; write them as %XX";
	if (rest.len == 0 || strchr("/?#:@", rest.p[0]))
		return "it has no host";
	return NULL;
}

void list_store_name(struct span url, char out[LIST_STORE_NAME])
{
	XXH128_canonical_t canonical;
	char *to = out;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(url.p, url.len));
	for (size_t i = 0; i < sizeof(canonical.digest); i++, to += 2)
		snprintf(to, 3, "%02x", canonical.digest[i]);
}

bool list_store_path(const char *state, struct span url, char out[PATH_MAX])
{
	char name[LIST_STORE_NAME];

	list_store_name(url, name);
	return snprintf(out, PATH_MAX, "%s/lists/%s", state ? state : STATEDIR_DEFAULT, name) < PATH_MAX;
}
