/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_hello - a ClientHello as browsers send it today: in one record, and cut into records of 100 bytes
 *
 * links: tls_hello host addr
 */
#include "bench.h"
#include "../unit/hello.h"

#include "tls_hello.h"


static struct span browser_hello(void)
{
	static char exts[4096];
	size_t n = 0;

	n = hello_put(exts, n, SPAN_LIT("\x2a\x2a\x00\x00" "\x00\x17\x00\x00" "\x00\x23\x00\x00" "\xff\x01\x00\x01\x00"));
	n = hello_put(exts, n, SPAN_LIT("\x00\x0a\x00\x06\x00\x04\x11\xec\x00\x1d" "\x00\x0b\x00\x02\x01\x00"));
	n = hello_put(exts, n, SPAN_LIT("\x00\x33\x04\xc6"));
	memset(exts + n, 0x11, 0x4c6);
	n += 0x4c6;
	n = hello_put(exts, n, SPAN_LIT("\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1"));
	n = hello_put(exts, n, hello_name("securepubads.g.ads.example"));
	n = hello_put(exts, n, SPAN_LIT("\xfe\x0d\x00\xfa\x00"));
	memset(exts + n, 0x22, 0xf9);
	n += 0xf9;
	n = hello_put(exts, n, SPAN_LIT("\x3a\x3a\x00\x01\x00"));
	return hello_good((struct span){ exts, n });
}

static void bench(const char *name, struct span in, double bound)
{
	struct passes p = passes_begin();
	struct tls_hello h;

	while (passes_more(&p)) {
		for (int i = 0; i < 1000; i++) {
			bench_keep((uint64_t)(uintptr_t)in.p);
			WRONG_IF(tls_hello_parse(in, &h) != PARSE_DONE || h.name_len != 26 || !h.ech, "hello of %zu bytes", in.len);
		}
		passes_end(&p, 1000);
	}
	figure(name, passes_median(&p) / 1000, "us", bound, "the bound of the project");
}

int main(void)
{
	struct span message = browser_hello();

	bench("client_hello_parse", hello_records(message, 16384), 0.5);
	bench("client_hello_parse_records_of_100", hello_records(message, 100), 0);
	return 0;
}
