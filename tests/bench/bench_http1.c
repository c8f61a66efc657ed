/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_http1 - heads parsed, cookies taken out of them, chunked bodies followed; on heads of real sites
 *
 * links: http1_head http1_frame http1_edit cookie
 */
#include "bench.h"
#include "../unit/shared.h"

#include "cookie.h"
#include "http1_edit.h"
#include "http1_frame.h"
#include "http1_head.h"

enum { HEADS_MAX = 4096, BODY_BYTES = 8 << 20 };
#define ROUTING_GBS 2.11	/* DESIGN section 11 */

typedef enum parse head_parse(struct span in, size_t seen, struct http1_head *out);

static struct http1_head head;
static struct span heads[HEADS_MAX];

/* the heads of a file that holds one after the other; returns how many */
static size_t split(struct span all, head_parse *parse)
{
	size_t n = 0;

	while (all.len && n < HEADS_MAX) {
		WRONG_IF(parse(all, 0, &head) != PARSE_DONE, "head %zu of the file is not a head", n);
		heads[n++] = (struct span){ all.p, head.len };
		all = span_skip(all, head.len);
	}
	return n;
}

static void bench_heads(const char *name, const char *file, head_parse *parse)
{
	struct span all = shared_read(file);
	size_t n, fields = 0, count = 0;

	if (!all.p)
		return;
	n = split(all, parse);
	for (size_t i = 0; i < n; i++) {
		parse(heads[i], 0, &head);
		fields += head.count;
	}
	struct passes p = passes_begin();

	while (passes_more(&p)) {
		count = 0;
		for (size_t i = 0; i < n; i++) {
			WRONG_IF(parse(heads[i], 0, &head) != PARSE_DONE || head.len != heads[i].len, "head %zu", i);
			count += head.count;
		}
		passes_end(&p, n);
	}
	WRONG_IF(count != fields, "%zu fields, then %zu", fields, count);
	figure(name, passes_median(&p), "ns/head", 0, NULL);
	free((char *)all.p);
}

/* a browser's request with as many cookies as a news site gives it; every second one goes */
static bool keep_every_second(const struct cookie *c, void *arg)
{
	(void)arg;
	return c->name.p[c->name.len - 1] % 2;
}

static void bench_cookies(void)
{
	char in[4096], out[4096];
	size_t len = (size_t)sprintf(in, "GET /news/2026/11/a-story.html HTTP/1.1\r\nHost: www.news.example\r\n"
				     "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
				     "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nCookie: ");
	size_t new_len = 0;

	for (int i = 0; i < 16; i++)
		len += (size_t)sprintf(in + len, "%scookie%02d=GA1.2.1234567890.987654321%d", i ? "; " : "", i, i);
	len += (size_t)sprintf(in + len, "\r\nConnection: keep-alive\r\n\r\n");
	WRONG_IF(http1_request_parse((struct span){ in, len }, 0, &head) != PARSE_DONE, "our own head");
	struct passes p = passes_begin();

	while (passes_more(&p)) {
		for (int i = 0; i < 1000; i++) {
			struct http1_edit e;

			http1_edit_begin(&e, (struct span){ in, len }, &head, out, sizeof(out));
			WRONG_IF(http1_edit_cookies(&e, http1_first(&head, HTTP1_COOKIE), keep_every_second, NULL) != 8,
				 "not 8 cookies removed");
			new_len = http1_edit_end(&e);
		}
		passes_end(&p, 1000);
	}
	WRONG_IF(http1_request_parse((struct span){ out, new_len }, 0, &head) != PARSE_DONE || new_len >= len,
		 "the head after the filter is broken");
	figure("cookie_filter_16_cookies", passes_median(&p), "ns/head", 0, NULL);
}

static void bench_set_cookies(void)
{
	struct span all = shared_read("cookies/setcookie.tsv.gz"), rest, line;
	struct span *value;
	size_t n = 0, good = 0;

	if (!all.p)
		return;
	value = malloc(100000 * sizeof(*value));
	for (rest = all; value && rest.len && n < 100000; rest = span_skip(rest, line.len + 1)) {
		line = span_until(rest, '\n');
		value[n] = line;
		for (int tab = 0; tab < 4; tab++)
			value[n] = span_skip(value[n], span_until(value[n], '\t').len + 1);
		n += value[n].len != 0 && *line.p != '#';
	}
	WRONG_IF(n < 1000, "%zu Set-Cookie values", n);
	struct passes p = passes_begin();

	while (passes_more(&p)) {
		good = 0;
		for (size_t i = 0; i < n; i++) {
			struct set_cookie c;

			good += cookie_set_parse(value[i], &c) && !cookie_is_deletion(&c, 1774000000);
		}
		passes_end(&p, n);
	}
	WRONG_IF(good < n / 2 || good == n, "%zu of %zu Set-Cookie fields set a cookie", good, n);
	figure("set_cookie_parse", passes_median(&p), "ns/field", 0, NULL);
	free(value);
	free((char *)all.p);
}

static void bench_chunks(const char *name, size_t chunk)
{
	char *body = malloc(BODY_BYTES + 2 * chunk + 64);
	size_t len = 0, taken = 0;

	WRONG_IF(!body, "out of memory");
	while (len < BODY_BYTES) {
		len += (size_t)sprintf(body + len, "%zx\r\n", chunk);
		memset(body + len, 'x', chunk);
		len += chunk;
		memcpy(body + len, "\r\n", 2);
		len += 2;
	}
	len += (size_t)sprintf(body + len, "0\r\n\r\n");
	struct passes p = passes_begin();

	while (passes_more(&p)) {
		struct http1_body b;
		enum parse answer = PARSE_MORE;

		/* as it comes from a socket: 64 KiB at a time */
		http1_body_init(&b, &(struct http1_frame){ .kind = FRAME_CHUNKED }, true);
		for (size_t at = 0; at < len; at += taken) {
			struct span in = { body + at, len - at < 65536 ? len - at : 65536 };

			answer = http1_body_scan(&b, in, &taken);
			WRONG_IF(taken != in.len, "%zu bytes of %zu taken", taken, in.len);
		}
		WRONG_IF(answer != PARSE_DONE, "the body does not end");
		passes_end(&p, len);
	}
	figure(name, 1 / passes_median(&p), "GB/s", ROUTING_GBS, "plain routing of bodies in the lab of the design");
	free(body);
}

int main(void)
{
	bench_heads("request_head_parse", "heads/http1-request-heads-2012.raw.gz", http1_request_parse);
	bench_heads("response_head_parse", "heads/http1-response-heads-2012.raw.gz", http1_response_parse);
	bench_cookies();
	bench_set_cookies();
	bench_chunks("chunk_scan_100_byte_chunks", 100);
	bench_chunks("chunk_scan_8_kib_chunks", 8192);
	return 0;
}
