/* SPDX-License-Identifier: GPL-3.0-or-later */
/* see_tell - rows for what was read: which name, where from, or why there is none */
#include "see_tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "host.h"
#include "url.h"

void see_row_init(struct see_row *r, enum see_proto proto, const struct addr *client, const struct addr *server)
{
	*r = (struct see_row){ .proto = proto, .client = *client, .server = *server, .name = "", .alpn = "" };
}

void see_tell(struct see_tell *t, struct see_row *r, const char *fmt, ...)
{
	char key[2 * sizeof(struct addr) + 1 + HOST_MAX + 1 + SEE_HOW];
	size_t n = 0, name = strlen(r->name);
	uint64_t hash;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->how, sizeof(r->how), fmt, ap);
	va_end(ap);
	memcpy(key, &r->client, sizeof(r->client));
	memcpy(key + sizeof(r->client), &r->server, sizeof(r->server));
	n = 2 * sizeof(r->client);
	key[n++] = (char)r->proto;
	memcpy(key + n, r->name, name);
	n += name;
	if (name == 0 || r->failed) {	/* a name is told once, however it was learned */
		memcpy(key + n, r->how, strlen(r->how));
		n += strlen(r->how);
	}
	hash = XXH3_64bits(key, n);
	if (t->told[hash % SEE_TELL_ROWS] == hash)
		return;
	t->told[hash % SEE_TELL_ROWS] = hash;
	t->counts->rows++;
	t->on_row(t->ctx, r);
}

void see_tell_bad(struct see_tell *t, struct see_row *r, const char *what)
{
	r->failed = true;
	see_tell(t, r, "malformed: %s", what);
}

void see_tell_head(struct see_tell *t, struct see_row *r, const struct http1_head *head)
{
	struct span host = http1_value(head, HTTP1_HOST), in;
	char name[HOST_MAX + 1];
	struct url url;
	uint16_t port;

	if (url_from_request(head, &url) == PARSE_DONE) {
		if (url.host.len && host_normalise(url.host, name))
			r->name = name;
		see_tell(t, r, !r->name[0] ? "no Host" : url.form == URL_ORIGIN ? "Host" : "request target");
		return;
	}
	/* what the proxy would refuse */
	r->failed = true;
	if (url_split_authority(host, &in, &port) && host_normalise(in, name))
		r->name = name;
	see_tell(t, r, "%s%s", r->name[0] ? "Host, but refused: " : "malformed: ", http1_fault_text(url.fault));
}

bool see_tell_refused(struct see_tell *t, struct see_row *r, struct span in, enum http1_fault fault)
{
	struct span line = span_until(in, '\n'), host;
	char name[HOST_MAX + 1];
	uint16_t port;

	if (!memmem(line.p, line.len, " HTTP/", 6))
		return false;
	for (in = span_skip(in, line.len + 1); in.len; in = span_skip(in, line.len + 1)) {
		line = span_until(in, '\n');
		if (line.len == 0 || line.p[0] == '\r')
			break;
		if (line.len < 5 || !span_eq_nocase((struct span){ line.p, 5 }, SPAN_LIT("host:")))
			continue;
		host = span_trim(span_until(span_skip(line, 5), '\r'));
		if (!url_split_authority(host, &host, &port) || !host_normalise(host, name))
			continue;
		r->name = name;
		r->failed = true;
		see_tell(t, r, "Host, but refused: %s", http1_fault_text(fault));
		return true;
	}
	return false;
}

void see_tell_hello(struct see_tell *t, struct see_row *r, const struct tls_hello *h)
{
	r->name = h->name;
	r->alpn = h->alpn;
	r->ech = h->ech;
	see_tell(t, r, "%s", h->v2 ? "no server name: hello in the form of SSL 2" :
	     !h->name_len ? h->ech ? "no server name, but an encrypted ClientHello" : "no server name" :
	     h->ech ? "outer server name" : "server name");
}

void see_tell_bad_hello(struct see_tell *t, struct see_row *r, const struct tls_hello *h)
{
	r->name = h->name;
	r->failed = true;
	see_tell(t, r, "%s%s", h->name_len ? "server name, but malformed: " : "malformed: ", tls_fault_text(h->fault));
}
