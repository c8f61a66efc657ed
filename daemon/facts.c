/* SPDX-License-Identifier: GPL-3.0-or-later */
/* facts - host, URL, source, type and third party of one request */
#include "facts.h"

#include <stdio.h>

#include "resource.h"

/* localtime() for every request would be a waste: the answer changes with the minute */
static uint16_t facts_minute(time_t now)
{
	static time_t last = -1;
	static uint16_t minute;

	if (now / 60 != last) {
		last = now / 60;
		minute = rules_minute(now);
	}
	return minute;
}

static struct span facts_host(struct facts_room *room, const struct url *u, const struct addr *server)
{
	size_t len = u->host.len ? host_normalise(u->host, room->host) : 0;
	char text[ADDR_TEXT];

	if (len == 0) {
		len = strlen(addr_format(server, text));
		memcpy(room->host, text, len + 1);
	}
	return (struct span){ room->host, len };
}

static struct span facts_url(struct facts_room *room, const struct url *u, struct span host)
{
	size_t len = url_write(u, host, room->url, sizeof(room->url));

	if (len == 0) {		/* CONNECT: there is no path */
		bool colon = memchr(host.p, ':', host.len) != NULL;
		int n = snprintf(room->url, sizeof(room->url), colon ? "[%.*s]:%u/" : "%.*s:%u/",
				 SPAN_FMT(host), u->port);

		len = n > 0 ? (size_t)n : 0;
	}
	return (struct span){ room->url, len };
}

static uint16_t facts_method(uint8_t method)
{
	static const uint16_t methods[] = {
		[METHOD_OTHER] = FILTER_METHOD_OTHER, [METHOD_GET] = FILTER_METHOD_GET, [METHOD_HEAD] = FILTER_METHOD_HEAD,
		[METHOD_POST] = FILTER_METHOD_POST, [METHOD_PUT] = FILTER_METHOD_PUT, [METHOD_DELETE] = FILTER_METHOD_DELETE,
		[METHOD_CONNECT] = FILTER_METHOD_CONNECT, [METHOD_OPTIONS] = FILTER_METHOD_OPTIONS,
		[METHOD_TRACE] = FILTER_METHOD_OTHER, [METHOD_PATCH] = FILTER_METHOD_PATCH,
	};

	return methods[method];
}

/* who caused the request: Referer, else Origin */
static struct span facts_source(struct facts_room *room, const struct http1_head *h)
{
	struct span host = url_host(http1_value(h, HTTP1_REFERER));
	size_t len;

	if (host.len == 0)
		host = url_host(http1_value(h, HTTP1_ORIGIN));
	len = host.len ? host_normalise(host, room->source) : 0;
	return (struct span){ room->source, len };
}

void facts_read(struct facts *f, struct facts_room *room, const struct rules *r, const struct http1_head *h,
		const struct url *u, const struct station *client, const struct addr *server, time_t now)
{
	bool cross;

	*f = (struct facts){ .client = client, .server = server, .minute = facts_minute(now) };
	f->host = facts_host(room, u, server);
	f->url = facts_url(room, u, f->host);
	f->source_host = facts_source(room, h);
	cross = f->source_host.len && rules_third_party(r, f->host, f->source_host);
	f->type = resource_guess(h, url_extension(u->path), cross);
	f->method = facts_method((uint8_t)h->method);
	f->third_party = cross && !resource_is_navigation(http1_value(h, HTTP1_ACCEPT));
}

struct span facts_extension(const struct facts *f)
{
	return url_extension(span_skip(f->url, span_until(f->url, '/').len));
}
