/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_stand_in - our own answers are whole, bounded, uncacheable, and say nothing they should not
 *
 * links: stand_in http1_head http1_frame image_size
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "http1_frame.h"
#include "image_size.h"
#include "limits.h"
#include "stand_in.h"

static struct http1_head head;
static char out[STAND_IN_BYTES + 1];

/* answer - build, parse and frame it; returns the body */
static struct span answer(const struct stand_in *s)
{
	struct http1_frame f;
	size_t body_at = 0, len = stand_in_write(s, out, STAND_IN_BYTES, &body_at);

	assert_true(len > 0);
	assert_int_equal(http1_response_parse((struct span){ out, len }, 0, &head), PARSE_DONE);
	assert_int_equal(head.len, body_at);
	assert_int_equal(http1_frame_response(&head, s->head_only ? METHOD_HEAD : METHOD_GET, &f), PARSE_DONE);
	assert_int_equal(f.kind == FRAME_LENGTH ? f.length : 0, len - body_at);
	const struct http1_field *cache = http1_find(&head, SPAN_LIT("Cache-Control"));

	assert_non_null(cache);
	assert_true(span_eq(cache->value, SPAN_LIT("no-store")));
	assert_null(http1_find(&head, SPAN_LIT("ETag")));
	assert_null(http1_find(&head, SPAN_LIT("Last-Modified")));
	return (struct span){ out + body_at, len - body_at };
}

static bool has(struct span s, const char *text)
{
	return memmem(s.p, s.len, text, strlen(text)) != NULL;
}

static void a_blocked_page_names_the_rule_and_escapes_it(void **state)
{
	struct stand_in s = { .status = 403, .url = SPAN_LIT("a.example/\"><script>alert('1')&\x01"),
			      .rule = SPAN_LIT("rules.yaml:17: block: requests"), .now = 784111777 };
	struct span page = answer(&s);

	(void)state;
	assert_int_equal(head.status, 403);
	assert_true(has(page, "rules.yaml:17: block: requests"));
	assert_true(has(page, "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&amp;?"));
	assert_false(has(page, "<script"));
	assert_true(span_eq(http1_find(&head, SPAN_LIT("date"))->value, SPAN_LIT("Sun, 06 Nov 1994 08:49:37 GMT")));
	assert_null(http1_first(&head, HTTP1_CONNECTION));
}

static void every_status_fits_with_the_longest_text(void **state)
{
	static const unsigned statuses[] = { 400, 403, 408, 414, 431, 502, 503, 504 };
	static char quotes[4096];

	(void)state;
	memset(quotes, '"', sizeof(quotes));
	struct span text = { quotes, sizeof(quotes) };

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		struct stand_in s = { .status = statuses[i], .url = text, .rule = text, .detail = text, .close = true,
				      .now = 1 };

		answer(&s);
		assert_int_equal(head.status, statuses[i]);
		assert_true(http1_has_token(&head, HTTP1_CONNECTION, SPAN_LIT("close")));
	}
	struct stand_in odd = { .status = 777 };

	answer(&odd);
	assert_int_equal(head.status, 502);
}

static void empty_answers_have_their_type(void **state)
{
	static const struct { enum resource type; struct span ext; const char *want; } rows[] = {
		{ RES_SCRIPT, SPAN_LIT("js"), "text/javascript" },
		{ RES_SCRIPT, SPAN_LIT(""), "text/javascript" },
		{ RES_STYLE, SPAN_LIT(""), "text/css" },
		{ RES_XHR, SPAN_LIT(""), "text/plain" },
		{ RES_XHR, SPAN_LIT("JSON"), "application/json" },
		{ RES_FONT, SPAN_LIT("ttf"), "font/ttf" },
		{ RES_MEDIA, SPAN_LIT("mp3"), "audio/mpeg" },
		{ RES_MEDIA, SPAN_LIT("xyz"), "video/mp4" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct stand_in s = { .status = stand_in_status(rows[i].type), .type = rows[i].type, .extension = rows[i].ext,
				      .http10 = true };
		struct span body = answer(&s);

		assert_int_equal(head.status, 200);
		assert_int_equal(body.len, 0);
		assert_true(span_eq(http1_value(&head, HTTP1_CONTENT_TYPE), span_of(rows[i].want)));
		assert_true(http1_has_token(&head, HTTP1_CONNECTION, SPAN_LIT("keep-alive")));
	}
	assert_int_equal(stand_in_status(RES_DOCUMENT), 403);
	assert_int_equal(stand_in_status(RES_UNKNOWN), 403);
}

static void resources_of_redirect_filters_are_what_they_are_called(void **state)
{
	static const struct { const char *name; enum filter_resource is; } names[] = {
#define FILTER_RESOURCE(text, what) { text, FILTER_RESOURCE_##what },
#include "tbl/filter_resource.h"
#undef FILTER_RESOURCE
	};
	static const struct { enum filter_resource is; const char *media, *holds; uint32_t width, height; } rows[] = {
		{ FILTER_RESOURCE_TEXT, "text/plain; charset=utf-8", "", 0, 0 },
		{ FILTER_RESOURCE_SCRIPT, "text/javascript; charset=utf-8", "", 0, 0 },
		{ FILTER_RESOURCE_STYLE, "text/css; charset=utf-8", "", 0, 0 },
		{ FILTER_RESOURCE_JSON, "application/json", "{}", 0, 0 },
		{ FILTER_RESOURCE_VAST2, "application/xml", "<VAST version=\"2.0\"></VAST>", 0, 0 },
		{ FILTER_RESOURCE_VAST3, "application/xml", "<VAST version=\"3.0\"></VAST>", 0, 0 },
		{ FILTER_RESOURCE_VAST4, "application/xml", "<VAST version=\"4.0\"></VAST>", 0, 0 },
		{ FILTER_RESOURCE_VMAP, "application/xml", "</vmap:VMAP>", 0, 0 },
		{ FILTER_RESOURCE_FRAME, "text/html; charset=utf-8", "<!DOCTYPE html>", 0, 0 },
		{ FILTER_RESOURCE_IMAGE, "image/gif", "GIF89a", 1, 1 },
		{ FILTER_RESOURCE_IMAGE_2X2, "image/png", "", 2, 2 },
		{ FILTER_RESOURCE_IMAGE_3X2, "image/png", "", 3, 2 },
		{ FILTER_RESOURCE_IMAGE_32X32, "image/png", "", 32, 32 },
		{ FILTER_RESOURCE_AUDIO, "audio/mpeg", "\xff\xfb", 0, 0 },
		{ FILTER_RESOURCE_VIDEO, "video/mp4", "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (stand_in_named(names[i].is) != (names[i].is != FILTER_RESOURCE_TYPED))
			fail_msg("%s", names[i].name);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* whatever the request seemed to be for */
		struct stand_in s = { .status = 200, .type = RES_STYLE, .resource = rows[i].is, .width = 9 };
		struct span body = answer(&s);
		struct image_size size;

		assert_int_equal(head.status, 200);
		assert_true(span_eq(http1_value(&head, HTTP1_CONTENT_TYPE), span_of(rows[i].media)));
		assert_true(has(body, rows[i].holds));
		if (rows[i].width) {
			assert_int_equal(image_size(body, &size), PARSE_DONE);
			assert_int_equal(size.width, rows[i].width);
			assert_int_equal(size.height, rows[i].height);
		}
	}
	assert_false(stand_in_named(FILTER_RESOURCE_NONE));
}

static void images_have_the_size_asked_for(void **state)
{
	static const struct { uint32_t w, h, want_w, want_h; } rows[] = {
		{ 1, 1, 1, 1 }, { 468, 60, 468, 60 }, { 4096, 4096, 4096, 4096 }, { 0, 0, 1, 1 }, { 4097, 10, 1, 1 },
		{ 10, UINT32_MAX, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct stand_in s = { .status = 200, .type = RES_IMAGE, .width = rows[i].w, .height = rows[i].h };
		struct image_size size;
		struct span body = answer(&s);

		assert_true(span_eq(http1_value(&head, HTTP1_CONTENT_TYPE), SPAN_LIT("image/png")));
		assert_int_equal(image_size(body, &size), PARSE_DONE);
		assert_int_equal(size.width, rows[i].want_w);
		assert_int_equal(size.height, rows[i].want_h);
	}
}

static void head_gets_the_length_without_the_body(void **state)
{
	struct stand_in s = { .status = 200, .type = RES_IMAGE, .width = 8, .height = 8 };
	char length[16];

	(void)state;
	snprintf(length, sizeof(length), "%zu", answer(&s).len);
	s.head_only = true;
	assert_int_equal(answer(&s).len, 0);
	assert_true(span_eq(http1_value(&head, HTTP1_CONTENT_LENGTH), span_of(length)));
}

static void a_small_buffer_is_told_and_kept(void **state)
{
	struct stand_in s = { .status = 200, .type = RES_IMAGE, .width = 8, .height = 8, .now = 1 };
	size_t whole = stand_in_write(&s, out, STAND_IN_BYTES, NULL);

	(void)state;
	for (size_t cap = 0; cap < whole; cap++) {
		char *tight = malloc(cap ? cap : 1);	/* the sanitizer watches its end */

		assert_int_equal(stand_in_write(&s, tight, cap, NULL), 0);
		free(tight);
	}
}

/* another implementation of inflate, CRC-32 and Adler-32 must agree: every pixel there, and transparent */
static void images_are_valid_png(void **state)
{
	static const char script[] =
		"import sys,zlib,struct\n"
		"d=open(sys.argv[1],'rb').read(); w,h=int(sys.argv[2]),int(sys.argv[3]); assert d[:8]==b'\\x89PNG\\r\\n\\x1a\\n'\n"
		"p=8; c=[]\n"
		"while p<len(d):\n"
		" n,=struct.unpack('>I',d[p:p+4]); t=d[p+4:p+8]; b=d[p+8:p+8+n]\n"
		" assert struct.unpack('>I',d[p+8+n:p+12+n])[0]==zlib.crc32(t+b); c.append((t,b)); p+=12+n\n"
		"assert [t for t,b in c]==[b'IHDR',b'tRNS',b'IDAT',b'IEND']\n"
		"assert c[0][1]==struct.pack('>IIBBBBB',w,h,1,0,0,0,0) and c[1][1]==b'\\0\\0'\n"
		"assert zlib.decompress(c[2][1])==bytes((1+(w+7)//8)*h)\n";
	static const uint32_t sizes[][2] = { { 1, 1 }, { 1, 129 }, { 9, 86 }, { 468, 60 }, { 728, 90 }, { 1, 4096 },
					     { 4096, 1 }, { 4095, 4093 }, { 4096, 4096 } };
	char file[] = "/tmp/dejunk-png-XXXXXX", command[2048];
	int fd = mkstemp(file);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	if (system("/usr/bin/python3 -c 'import zlib' 2>/dev/null") != 0) {
		unlink(file);
		print_message("SKIP: no /usr/bin/python3 to check images with\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t n = stand_in_image(sizes[i][0], sizes[i][1], out, sizeof(out));
		FILE *f = fopen(file, "wb");

		assert_true(n && f && fwrite(out, 1, n, f) == n);
		fclose(f);
		setenv("SCRIPT", script, 1);
		snprintf(command, sizeof(command), "/usr/bin/python3 -c \"$SCRIPT\" %s %u %u", file, sizes[i][0], sizes[i][1]);
		if (system(command) != 0)
			fail_msg("%u x %u", sizes[i][0], sizes[i][1]);
	}
	unlink(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blocked_page_names_the_rule_and_escapes_it),
		cmocka_unit_test(every_status_fits_with_the_longest_text),
		cmocka_unit_test(empty_answers_have_their_type),
		cmocka_unit_test(resources_of_redirect_filters_are_what_they_are_called),
		cmocka_unit_test(images_have_the_size_asked_for),
		cmocka_unit_test(head_gets_the_length_without_the_body),
		cmocka_unit_test(a_small_buffer_is_told_and_kept),
		cmocka_unit_test(images_are_valid_png),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
