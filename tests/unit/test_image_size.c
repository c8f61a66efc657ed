/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_image_size - the first bytes of images, whole and cut
 *
 * links: image_size
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "container.h"
#include "guard.h"
#include "image_size.h"
#include "seed.h"

static const struct {
	const char *why;
	struct span in;
	enum parse want;
	uint32_t width, height;
} rows[] = {
	{ "nothing yet",	SPAN_LIT(""), PARSE_MORE, 0, 0 },
	{ "PNG",		SPAN_LIT("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\xd4\0\0\0\x3c"), PARSE_DONE, 468, 60 },
	{ "PNG begins",		SPAN_LIT("\x89PNG\r\n"), PARSE_MORE, 0, 0 },
	{ "PNG of width 0",	SPAN_LIT("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\x3c"), PARSE_BAD, 0, 0 },
	{ "PNG over 31 bits",	SPAN_LIT("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x80\0\0\0\0\0\0\x3c"), PARSE_BAD, 0, 0 },
	{ "PNG without IHDR",	SPAN_LIT("\x89PNG\r\n\x1a\n\0\0\0\x04gAMA"), PARSE_BAD, 0, 0 },
	{ "GIF87a",		SPAN_LIT("GIF87a\x01\0\x01\0"), PARSE_DONE, 1, 1 },
	{ "GIF89a",		SPAN_LIT("GIF89a\xd8\x02\x5a\0\x80"), PARSE_DONE, 728, 90 },
	{ "GIF88a",		SPAN_LIT("GIF88a\xd8\x02\x5a\0"), PARSE_BAD, 0, 0 },
	{ "GIF of height 0",	SPAN_LIT("GIF89a\xd8\x02\0\0"), PARSE_BAD, 0, 0 },
	{ "JPEG",		SPAN_LIT("\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x11\x08\0\x3c\x01\xd4"), PARSE_DONE, 468, 60 },
	{ "progressive, fill bytes", SPAN_LIT("\xff\xd8\xff\xff\xff\xc2\0\x11\x08\0\x3c\x01\xd4"), PARSE_DONE, 468, 60 },
	{ "tables first",	SPAN_LIT("\xff\xd8\xff\xc4\0\x03X\xff\xdb\0\x02\xff\xc1\0\x0b\x08\0\x01\0\x02"), PARSE_DONE, 2, 1 },
	{ "a long segment",	SPAN_LIT("\xff\xd8\xff\xe1\xff\xff" "Exif"), PARSE_MORE, 0, 0 },
	{ "scan before frame",	SPAN_LIT("\xff\xd8\xff\xda\0\x04"), PARSE_BAD, 0, 0 },
	{ "no marker",		SPAN_LIT("\xff\xd8\xff\xe0\0\x02X"), PARSE_BAD, 0, 0 },
	{ "segment of length 1", SPAN_LIT("\xff\xd8\xff\xe0\0\x01"), PARSE_BAD, 0, 0 },
	{ "JPEG of height 0",	SPAN_LIT("\xff\xd8\xff\xc0\0\x11\x08\0\0\x01\xd4"), PARSE_BAD, 0, 0 },
	{ "WebP, lossy",	SPAN_LIT("RIFF....WEBPVP8 ....\x10\0\0\x9d\x01\x2a\xd4\x41\x3c\0"), PARSE_DONE, 468, 60 },
	{ "not a key frame",	SPAN_LIT("RIFF....WEBPVP8 ....\x11"), PARSE_BAD, 0, 0 },
	{ "wrong start code",	SPAN_LIT("RIFF....WEBPVP8 ....\x10\0\0\x9d\x02"), PARSE_BAD, 0, 0 },
	{ "WebP, lossless",	SPAN_LIT("RIFF....WEBPVP8L....\x2f\xd3\xc1\x0e\0"), PARSE_DONE, 468, 60 },
	{ "wrong signature",	SPAN_LIT("RIFF....WEBPVP8L....\x2e"), PARSE_BAD, 0, 0 },
	{ "WebP, extended",	SPAN_LIT("RIFF....WEBPVP8X....\0\0\0\0\xd3\x01\0\x3b\0\0"), PARSE_DONE, 468, 60 },
	{ "WebP, unknown",	SPAN_LIT("RIFF....WEBPVP8Y"), PARSE_BAD, 0, 0 },
	{ "another RIFF",	SPAN_LIT("RIFF....WAVE"), PARSE_ALIEN, 0, 0 },
	{ "SVG",		SPAN_LIT("<svg"), PARSE_ALIEN, 0, 0 },
	{ "gzip",		SPAN_LIT("\x1f\x8b"), PARSE_ALIEN, 0, 0 },
};

static void sizes_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct image_size s = { 0 };
		enum parse got = image_size(guard_copy(rows[i].in), &s);

		seed("image_size", rows[i].in);
		if (got != rows[i].want || s.width != rows[i].width || s.height != rows[i].height)
			fail_msg("%s: %d, %u x %u", rows[i].why, got, s.width, s.height);
	}
}

static void a_cut_image_is_more_until_it_tells(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum parse got = PARSE_MORE;
		struct image_size s;

		for (size_t n = 0; n <= rows[i].in.len; n++) {
			enum parse now = image_size(guard_copy((struct span){ rows[i].in.p, n }), &s);

			if (got != PARSE_MORE && now != got)
				fail_msg("%s: %d became %d at %zu", rows[i].why, got, now, n);
			got = now;
		}
		assert_int_equal(got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(a_cut_image_is_more_until_it_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
