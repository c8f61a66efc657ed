/* SPDX-License-Identifier: GPL-3.0-or-later */
/*	name			kind		what the line is, or why it is not used */
FILTER_REASON(BLANK,		COMMENT,	"blank line")
FILTER_REASON(REMARK,		COMMENT,	"comment")
FILTER_REASON(HEADER,		COMMENT,	"header")
FILTER_REASON(DIRECTIVE,	COMMENT,	"directive")
FILTER_REASON(SWITCHED_OFF,	COMMENT,	"not for this platform (!#if, !+)")
FILTER_REASON(LOCAL,		COMMENT,	"hosts entry of the machine itself")

FILTER_REASON(BLOCK,		NETWORK,	"blocking filter")
FILTER_REASON(EXCEPTION,	NETWORK,	"exception")

FILTER_REASON(ELEMENT_HIDING,	COSMETIC,	"element hiding, style or HTML filter")
FILTER_REASON(SCRIPTLET,	COSMETIC,	"script injection")
FILTER_REASON(COSMETIC_CONTROL,	COSMETIC,	"control of element hiding (generichide, elemhide, specifichide...)")

FILTER_REASON(POPUP,		BROWSER,	"popup or popunder only")
FILTER_REASON(INLINE,		BROWSER,	"inline script or font only")
FILTER_REASON(WEBRTC,		BROWSER,	"WebRTC only")
FILTER_REASON(PAGE_CONTROL,	BROWSER,	"control of what a browser injects into a page (stealth, jsinject, content...)")
FILTER_REASON(APP,		BROWSER,	"names applications (app=)")

FILTER_REASON(RESPONSE_CHANGE,	MODIFIER,	"changes a response (csp, permissions, removeheader, replace, hls...)")
FILTER_REASON(URL_CHANGE,	MODIFIER,	"changes the URL (urlskip, uritransform, urltransform)")
FILTER_REASON(REDIRECT_UNKNOWN,	MODIFIER,	"redirect-rule to a resource that has no empty stand-in")
FILTER_REASON(RESPONSE_TEST,	MODIFIER,	"tests what is not known in time (header=, ipaddress=, top=, network)")
FILTER_REASON(DOMAIN_FORM,	MODIFIER,	"domain list with a form that is not supported (regular expression, path, wildcard inside)")
FILTER_REASON(OPTION_UNKNOWN,	MODIFIER,	"unknown option")
FILTER_REASON(OPTION_CONFLICT,	MODIFIER,	"options that exclude each other")

FILTER_REASON(LINE_TOO_LONG,	INVALID,	"line too long")
FILTER_REASON(BYTES,		INVALID,	"NUL bytes or invalid UTF-8")
FILTER_REASON(TOO_SHORT,	INVALID,	"pattern too short or missing")
FILTER_REASON(PATTERN,		INVALID,	"pattern not understood")
FILTER_REASON(REGEX,		INVALID,	"regular expression that does not compile or is too long")
FILTER_REASON(OPTION_VALUE,	INVALID,	"option value missing, not allowed or not understood")
FILTER_REASON(NEGATION,		INVALID,	"option that cannot be negated")
FILTER_REASON(HOST,		INVALID,	"host name not understood")
