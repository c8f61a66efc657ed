/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_stand_in - the answers that take the place of what was blocked
 *
 * links: stand_in image_size
 */
#include "bench.h"

#include "image_size.h"
#include "stand_in.h"

static void bench(const char *name, const struct stand_in *s)
{
	static char out[STAND_IN_BYTES];
	size_t len = 0, body_at = 0;
	struct passes p = passes_begin();

	while (passes_more(&p)) {
		for (int i = 0; i < 1000; i++) {
			len = stand_in_write(s, out, sizeof(out), &body_at);
			bench_keep(len);
		}
		passes_end(&p, 1000);
	}
	WRONG_IF(len == 0 || memcmp(out, "HTTP/1.1 ", 9) != 0, "%s: no answer", name);
	if (s->status == 200) {
		struct image_size size;

		WRONG_IF(image_size((struct span){ out + body_at, len - body_at }, &size) != PARSE_DONE ||
			 size.width != s->width || size.height != s->height, "%s: no such image", name);
	}
	figure(name, passes_median(&p) / 1000, "us", 0, NULL);
}

int main(void)
{
	bench("stand_in_image_1x1", &(struct stand_in){ .status = 200, .type = RES_IMAGE, .width = 1, .height = 1,
							.now = 1774000000 });
	bench("stand_in_image_468x60", &(struct stand_in){ .status = 200, .type = RES_IMAGE, .width = 468, .height = 60,
							   .now = 1774000000 });
	bench("stand_in_page", &(struct stand_in){ .status = 403, .url = SPAN_LIT("ads.example/a?b=<c>"),
						   .rule = SPAN_LIT("rules.yaml:17: block: requests"), .now = 1774000000 });
	return 0;
}
