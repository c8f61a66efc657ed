/* SPDX-License-Identifier: GPL-3.0-or-later */
/* http1_frame - how long is the body?  And a scanner that follows it as it passes
 *
 * Pure: decides from a parsed head, then counts bytes it is shown; never copies or
 * changes one.  What has two readings is BAD, never a guess.  RFC 9112, section 6 and 7.
 */
#ifndef DEJUNK_HTTP1_FRAME_H
#define DEJUNK_HTTP1_FRAME_H

#include "http1_head.h"

enum http1_frame_kind {
	FRAME_NONE,	/* no body: the message ended with its head */
	FRAME_LENGTH,	/* exactly @length bytes (1 or more; length 0 is FRAME_NONE) */
	FRAME_CHUNKED,	/* chunks, then trailers */
	FRAME_CLOSE,	/* until the sender closes (responses only) */
	FRAME_TUNNEL,	/* no longer HTTP after this head: 101, or 2xx to CONNECT */
};

struct http1_frame {
	enum http1_frame_kind kind;
	uint64_t length;	/* FRAME_LENGTH: bytes of the body */
	bool drop_length;	/* response with Transfer-Encoding and Content-Length: the latter must not be
				 * passed on (RFC 9112 s.6.3); drop it with http1_edit */
	enum http1_fault fault;	/* filled when the answer is BAD */
};

/* http1_frame_request - the frame of a request's body
 * Returns DONE (@out filled: NONE, LENGTH or CHUNKED) or BAD (refuse with 400, close).
 * BAD: malformed or differing Content-Length; Content-Length with Transfer-Encoding;
 * Transfer-Encoding in HTTP/1.0, with an unknown coding, or not ending in exactly one "chunked";
 * CONNECT with a body.  RFC 9112, section 6.1 to 6.3. */
enum parse http1_frame_request(const struct http1_head *h, struct http1_frame *out);

/* http1_frame_response - the frame of a response's body
 * @method: of the request it answers
 * Returns DONE or BAD (502, or cut).  A 1xx other than 101 is NONE and not the final response:
 * the caller goes on to read the next head. */
enum parse http1_frame_response(const struct http1_head *h, enum http1_method method, struct http1_frame *out);

/* http1_persists - does the sender of this head keep the connection open after the message?
 * 1.1: unless "Connection: close"; 1.0: only with "Connection: keep-alive" and without "close".
 * For a response the caller also asks that its frame is neither CLOSE nor TUNNEL.  RFC 9112 s.9.3. */
bool http1_persists(const struct http1_head *h);

/* http1_expects_continue - does the client wait for a 100 before it sends the body?
 * HTTP/1.1 only.  RFC 9110 s.10.1.1. */
bool http1_expects_continue(const struct http1_head *h);

/* http1_upgrades - does the head ask for (or grant) an upgrade?  Upgrade field and Connection: upgrade */
bool http1_upgrades(const struct http1_head *h);

/* --- the body as it passes ------------------------------------------------ */

/* one body in one direction; embed it, look only at @kind and @fault */
struct http1_body {		/* 16 bytes: each idle connection has two */
	uint64_t left;		/* bytes of body or of this chunk's data that are still to come */
	uint16_t line;		/* bytes of the chunk line or trailer section so far, at most one beyond the limit of either */
	enum http1_frame_kind kind : 8;
	enum http1_fault fault : 8;	/* filled when the answer is BAD */
	uint8_t state;
	uint8_t digits;		/* of a chunk's size; in a trailer: bytes of its name, at most 255 */
	uint8_t name_may;	/* bits: which refused names a trailer's can still be */
	bool lax : 1;		/* a response: blanks after the chunk size are tolerated */
	bool hold : 1;		/* stop before certain trailers */
};

/* http1_body_init - begin the body that follows a head with this frame
 * @response: read like a response (chunk lines as servers really write them) */
void http1_body_init(struct http1_body *b, const struct http1_frame *frame, bool response);

/* http1_body_scan - look at the next bytes of the connection
 * @in:    bytes that follow those taken before (borrowed for the call)
 * @taken: filled: how many of them belong to the body and may be passed on
 *
 * DONE: the body ends after @taken bytes; what follows is the next message.  Also the answer,
 *       with 0 taken, whenever it is called on a body that has ended (or FRAME_NONE)
 * MORE: all of @in was taken, the body goes on (always so for CLOSE and TUNNEL)
 * BAD:  broken chunked coding; @taken bytes before it were fine; nothing can follow
 * However the bytes are cut, the sum of @taken and the final answer are the same.
 * Chunk lines are bounded by LIMIT_CHUNK_LINE_BYTES, trailers by LIMIT_TRAILER_BYTES.  In a request an
 * extension whose quoted value does not end on its line is BAD (RFC 9112 s.7.1.1), and so is a
 * trailer called Content-Length, Transfer-Encoding or Host: servers that merge trailers into the
 * head would read another request (RFC 9110 s.6.5.1). */
enum parse http1_body_scan(struct http1_body *b, struct span in, size_t *taken);

enum http1_trailer {
	TRAILER_OTHER,
	TRAILER_COOKIE,		/* Cookie or Set-Cookie */
	TRAILER_FRAMING,	/* Content-Length or Transfer-Encoding of a response, which are for a head alone */
};

/* http1_body_hold - from now on stop before each trailer line that http1_body_held() names; before its end has come, too: then
 * http1_body_scan() says MORE without having taken all, and wants these bytes again, with more behind them */
void http1_body_hold(struct http1_body *b);
/* http1_body_held - is the line behind the bytes taken last one to be passed on or taken out by itself?
 * @len: filled, but for OTHER: its bytes, all of them in what was scanned; for the scanner they have gone by now */
enum http1_trailer http1_body_held(struct http1_body *b, size_t *len);

/* http1_body_blind - how many of the next bytes may be relayed without being shown to the scanner
 * (splice); UINT64_MAX for CLOSE and TUNNEL.  Then tell it with http1_body_passed(). */
uint64_t http1_body_blind(const struct http1_body *b);
/* http1_body_passed - @n bytes, at most http1_body_blind(), went by unseen.  Returns true when the
 * body ended with them. */
bool http1_body_passed(struct http1_body *b, uint64_t n);

/* http1_body_ended - has everything come?  (the last scan said DONE, or would with no byte more) */
bool http1_body_ended(const struct http1_body *b);
/* http1_body_eof_ok - the sender closed here: is the message complete?  CLOSE and TUNNEL: yes;
 * LENGTH and CHUNKED only when ended */
bool http1_body_eof_ok(const struct http1_body *b);

#endif
