/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_stream - the DNS messages in one direction of a TCP connection */
#include "dns_stream.h"

#include "limits.h"

enum { PREFIX = 2, HEADER = 12 };

enum dns_stream_result dns_stream_next(struct dns_stream *s, struct span *in, struct span *message)
{
	size_t len = s->skip < in->len ? s->skip : in->len;

	*in = span_skip(*in, len);
	s->skip -= (uint32_t)len;
	if (in->len < PREFIX)	/* the case, too, where there is still something to skip */
		return DNS_STREAM_MORE;
	len = (size_t)(uint8_t)in->p[0] << 8 | (uint8_t)in->p[1];
	if (len < HEADER)
		return DNS_STREAM_BAD;
	if (len > LIMIT_DNS_STREAM_BYTES) {
		*in = span_skip(*in, PREFIX);
		s->skip = (uint32_t)len;
		return DNS_STREAM_LONG;
	}
	if (in->len < PREFIX + len)
		return DNS_STREAM_MORE;
	*message = (struct span){ in->p + PREFIX, len };
	*in = span_skip(*in, PREFIX + len);
	return DNS_STREAM_MESSAGE;
}
