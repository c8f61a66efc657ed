/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resource - guess what kind of thing a plain HTTP request is for */
#include "resource.h"

#include "container.h"

static const struct { struct span ext; enum resource type; } extensions[] = {
#define EXT(text, type) { { text, sizeof(text) - 1 }, type }
	EXT("js", RES_SCRIPT), EXT("mjs", RES_SCRIPT),
	EXT("css", RES_STYLE),
	EXT("gif", RES_IMAGE), EXT("jpg", RES_IMAGE), EXT("jpeg", RES_IMAGE), EXT("png", RES_IMAGE),
	EXT("webp", RES_IMAGE), EXT("svg", RES_IMAGE), EXT("ico", RES_IMAGE), EXT("avif", RES_IMAGE),
	EXT("bmp", RES_IMAGE), EXT("apng", RES_IMAGE), EXT("jfif", RES_IMAGE),
	EXT("woff", RES_FONT), EXT("woff2", RES_FONT), EXT("ttf", RES_FONT), EXT("otf", RES_FONT),
	EXT("eot", RES_FONT),
	EXT("mp4", RES_MEDIA), EXT("webm", RES_MEDIA), EXT("mp3", RES_MEDIA), EXT("ogg", RES_MEDIA),
	EXT("ogv", RES_MEDIA), EXT("oga", RES_MEDIA), EXT("m4a", RES_MEDIA), EXT("m4v", RES_MEDIA),
	EXT("m4s", RES_MEDIA), EXT("mov", RES_MEDIA), EXT("wav", RES_MEDIA), EXT("flac", RES_MEDIA),
	EXT("aac", RES_MEDIA), EXT("flv", RES_MEDIA), EXT("ts", RES_MEDIA), EXT("m3u8", RES_MEDIA),
	EXT("json", RES_XHR), EXT("xml", RES_XHR), EXT("txt", RES_XHR),
#undef EXT
};

static bool begins(struct span s, struct span with)
{
	return s.len >= with.len && span_eq_nocase((struct span){ s.p, with.len }, with);
}

bool resource_is_navigation(struct span accept)
{
	return begins(accept, SPAN_LIT("text/html"));
}

enum resource resource_guess(const struct http1_head *h, struct span extension, bool cross_site)
{
	struct span accept = http1_value(h, HTTP1_ACCEPT);
	enum resource by_ext = RES_UNKNOWN;

	if (h->first[HTTP1_UPGRADE] && http1_has_token(h, HTTP1_UPGRADE, SPAN_LIT("websocket")))
		return RES_WEBSOCKET;
	if (resource_is_navigation(accept))
		return cross_site ? RES_SUBDOCUMENT : RES_DOCUMENT;
	if (begins(accept, SPAN_LIT("image/")))
		return RES_IMAGE;
	if (begins(accept, SPAN_LIT("text/css")))
		return RES_STYLE;
	for (size_t i = 0; extension.len && i < ARRAY_LEN(extensions); i++)
		if (span_eq_nocase(extension, extensions[i].ext))
			by_ext = extensions[i].type;
	if (by_ext != RES_UNKNOWN)
		return by_ext;
	if (h->method != METHOD_GET && h->method != METHOD_HEAD)
		return RES_XHR;
	return begins(accept, SPAN_LIT("application/json")) ? RES_XHR : RES_UNKNOWN;
}

enum resource resource_of_answer(enum resource guess, struct span content_type)
{
	static const struct { struct span begin; enum resource type; } types[] = {
#define TYPE(text, type) { { text, sizeof(text) - 1 }, type }
		TYPE("image/", RES_IMAGE), TYPE("text/css", RES_STYLE), TYPE("text/html", RES_DOCUMENT),
		TYPE("application/xhtml", RES_DOCUMENT), TYPE("text/javascript", RES_SCRIPT),
		TYPE("application/javascript", RES_SCRIPT), TYPE("application/x-javascript", RES_SCRIPT),
		TYPE("font/", RES_FONT), TYPE("application/font", RES_FONT), TYPE("application/x-font", RES_FONT),
		TYPE("video/", RES_MEDIA), TYPE("audio/", RES_MEDIA), TYPE("application/json", RES_XHR),
#undef TYPE
	};

	if (guess != RES_UNKNOWN)
		return guess;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (begins(content_type, types[i].begin))
			return types[i].type;
	return RES_UNKNOWN;
}
