/* SPDX-License-Identifier: GPL-3.0-or-later */
/*	name		as printed		kinds of request that options name; a bit each, in this order */
FILTER_TYPE(DOCUMENT,	"document")
FILTER_TYPE(SUBDOCUMENT, "subdocument")
FILTER_TYPE(STYLESHEET,	"stylesheet")
FILTER_TYPE(SCRIPT,	"script")
FILTER_TYPE(IMAGE,	"image")
FILTER_TYPE(FONT,	"font")
FILTER_TYPE(OBJECT,	"object")
FILTER_TYPE(XHR,	"xmlhttprequest")
FILTER_TYPE(PING,	"ping")
FILTER_TYPE(MEDIA,	"media")
FILTER_TYPE(WEBSOCKET,	"websocket")
FILTER_TYPE(OTHER,	"other")
