/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_url - a URL or host as somebody typed it, taken apart as the proxy would see it */
#include "cli_url.h"

#include <stdio.h>
#include <string.h>

#include "container.h"

bool cli_url_read(struct cli_url *u, struct span in)
{
	static const struct { const char *scheme; const char *port; } schemes[] = {
		{ "http://", "80" }, { "https://", "443" }, { "ws://", "80" }, { "wss://", "443" },
	};
	struct span authority, host, port = SPAN_LIT("80");
	size_t len;
	int n;

	u->whole = memchr(in.p, '/', in.len) != NULL;
	u->plain = true;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		struct span s = span_of(schemes[i].scheme);

		if (in.len > s.len && span_eq_nocase((struct span){ in.p, s.len }, s)) {
			in = span_skip(in, s.len);
			port = span_of(schemes[i].port);
			u->plain = port.len == 2;
			break;
		}
	}
	in = span_until(in, '#');
	for (authority = in, len = 0; len < in.len && in.p[len] != '/' && in.p[len] != '?'; len++)
		;
	authority.len = len;
	host = authority;
	if (host.len && host.p[0] == '[') {
		host = span_until(host, ']');
		host.len += host.len < authority.len;
	} else if (host.len && memchr(host.p, ':', host.len) == memrchr(host.p, ':', host.len)) {
		host = span_until(host, ':');
	}
	if (host.len + 1 < authority.len && authority.p[host.len] == ':')
		port = span_skip(authority, host.len + 1);
	len = host_normalise(host, u->host_text);
	if (len == 0)
		return false;
	u->host = (struct span){ u->host_text, len };
	in = span_skip(in, authority.len);
	/* a URL as the proxy sees it; for https, as it would if it could */
	n = snprintf(u->url_text, sizeof(u->url_text), "%s%s%s%s%.*s%s%.*s", strchr(u->host_text, ':') ? "[" : "", u->host_text,
		     strchr(u->host_text, ':') ? "]" : "",
		     span_eq(port, SPAN_LIT("80")) || (!u->plain && span_eq(port, SPAN_LIT("443"))) ? "" : ":",
		     span_eq(port, SPAN_LIT("80")) || (!u->plain && span_eq(port, SPAN_LIT("443"))) ? 0 : (int)port.len, port.p,
		     in.len == 0 || in.p[0] != '/' ? "/" : "", SPAN_FMT(in));
	if (n < 0 || n >= (int)sizeof(u->url_text))
		return false;
	u->url = (struct span){ u->url_text, (size_t)n };
	return true;
}
