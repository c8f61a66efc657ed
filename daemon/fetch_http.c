/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetch_http - one request for a list, by libcurl
 *
 * libcurl and the two dozen libraries behind it are loaded by hand: linked, they would be in the monitor, which is root,
 * and in every proxy.
 */
#include "fetch_http.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "addr.h"
#include "limits.h"
#include "whole.h"

enum {
	CONNECT_MS = 15000,
	SLOW_BYTES = 32,	/* a second, for */
	SLOW_S = 60,		/* then it is given up */
	REDIRECTS = 5,
};

static struct {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	void (*easy_reset)(CURL *);
	CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
	CURLcode (*easy_perform)(CURL *);
	CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
	const char *(*easy_strerror)(CURLcode);
	struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
} api;

struct transfer {
	const struct fetch_request *request;
	struct fetch_answer *answer;
	bool answered;		/* a head came: connections from now on are those of redirects */
	bool is_public;		/* the first server is */
	bool turned;		/* a private address was not asked */
	bool too_large;
	int error;		/* of writing */
};

bool fetch_http_load(const char **why)
{
	void *lib = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	const struct { const char *name; void *to; } symbol[] = {
		{ "curl_global_init", &api.global_init }, { "curl_easy_init", &api.easy_init },
		{ "curl_easy_setopt", &api.easy_setopt }, { "curl_easy_perform", &api.easy_perform },
		{ "curl_easy_getinfo", &api.easy_getinfo }, { "curl_easy_strerror", &api.easy_strerror },
		{ "curl_easy_reset", &api.easy_reset }, { "curl_slist_append", &api.slist_append },
	};

	for (size_t i = 0; lib && i < sizeof(symbol) / sizeof(symbol[0]); i++) {
		void *found = dlsym(lib, symbol[i].name);

		if (!found)
			lib = NULL;
		memcpy(symbol[i].to, &found, sizeof(found));
	}
	*why = lib ? NULL : dlerror();
	return lib != NULL;
}

/* --- what comes ----------------------------------------------------------------- */

static size_t on_body(char *p, size_t one, size_t len, void *ctx)
{
	struct transfer *t = ctx;
	int err;

	len *= one;
	if (t->answer->bytes + len > t->request->room) {
		t->too_large = true;
		return 0;
	}
	err = write_whole(t->request->fd, p, len, WHOLE_HERE);
	if (err < 0) {
		t->error = -err;
		return 0;
	}
	t->answer->bytes += len;
	return len;
}

/* the value of the field @name, when @line is that; one that does not fit is none */
static void take_field(struct span line, struct span name, char *out, size_t out_len)
{
	if (line.len <= name.len || line.p[name.len] != ':' || !span_eq_nocase((struct span){ line.p, name.len }, name))
		return;
	line = span_trim(span_skip(line, name.len + 1));
	out[0] = '\0';
	if (line.len < out_len)
		list_state_text(out, out_len, line);
	if (strchr(out, '?') && !memchr(line.p, '?', line.len))
		out[0] = '\0';		/* it was not printable: it could not be sent back as it was */
}

static size_t on_field(char *p, size_t one, size_t len, void *ctx)
{
	struct transfer *t = ctx;
	struct span line = { p, one * len };

	while (line.len && (line.p[line.len - 1] == '\r' || line.p[line.len - 1] == '\n'))
		line.len--;
	t->answered = true;
	if (line.len >= 5 && memcmp(line.p, "HTTP/", 5) == 0)	/* another answer begins */
		t->answer->etag[0] = t->answer->modified[0] = '\0';
	take_field(line, SPAN_LIT("etag"), t->answer->etag, sizeof(t->answer->etag));
	take_field(line, SPAN_LIT("last-modified"), t->answer->modified, sizeof(t->answer->modified));
	return one * len;
}

/* a list of the Internet must not send us to the router's own pages */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = ctx;
	struct sockaddr_storage ss = { 0 };
	struct addr a = { 0 };
	bool is_public;

	(void)purpose;
	if (to->addrlen > sizeof(ss))
		return CURL_SOCKET_BAD;
	memcpy(&ss, &to->addr, to->addrlen);
	is_public = addr_from_sockaddr(&a, &ss) && addr_is_public(&a);
	if (!t->answered)
		t->is_public |= is_public;
	else if (t->is_public && !is_public) {
		t->turned = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* --- the request ------------------------------------------------------------------ */

static bool options_set(CURL *c, struct transfer *t, char error[CURL_ERROR_SIZE])
{
	const struct fetch_request *r = t->request;
	bool secure = (r->url[4] | 0x20) == 's';
	struct curl_slist *fields = api.slist_append(NULL, "Accept: text/plain, */*;q=0.5");
	char line[LIST_ETAG_BYTES + 32];
	CURLcode bad = CURLE_OK;

	if (fields && r->etag[0]) {
		snprintf(line, sizeof(line), "If-None-Match: %s", r->etag);
		fields = api.slist_append(fields, line);
	}
	if (fields && r->modified[0]) {
		snprintf(line, sizeof(line), "If-Modified-Since: %s", r->modified);
		fields = api.slist_append(fields, line);
	}
	if (!fields)
		return false;
#define SET(option, value) (bad = bad ? bad : api.easy_setopt(c, (option), (value)))
	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 1L);
	SET(CURLOPT_MAXREDIRS, (long)REDIRECTS);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	SET(CURLOPT_USERAGENT, "dejunk/" DEJUNK_VERSION);
	SET(CURLOPT_HTTPHEADER, fields);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)LIMIT_FETCH_MS);
	SET(CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	SET(CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)(r->room ? r->room : 1));
	SET(CURLOPT_ERRORBUFFER, error);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_field);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, t);
#undef SET
	return bad == CURLE_OK;
}

static void explain(const struct transfer *t, CURLcode code, const char *error)
{
	struct fetch_answer *a = t->answer;

	if (t->too_large || code == CURLE_FILESIZE_EXCEEDED)
		snprintf(a->why, sizeof(a->why), "it is larger than %d bytes", LIMIT_LIST_BYTES);
	else if (t->error)
		snprintf(a->why, sizeof(a->why), "it cannot be written: %s", strerror(t->error));
	else if (t->turned)
		snprintf(a->why, sizeof(a->why), "%s to a private address",
			 t->request->from_public ? "it leads" : "the server redirects");
	else if (code == CURLE_UNSUPPORTED_PROTOCOL)
		snprintf(a->why, sizeof(a->why), "the server redirects to what is not %s",
			 (t->request->url[4] | 0x20) == 's' ? "https" : "http or https");
	else
		list_state_text(a->why, sizeof(a->why), span_of(error[0] ? error : api.easy_strerror(code)));
}

void fetch_http_get(const struct fetch_request *r, struct fetch_answer *out)
{
	static CURL *c;
	struct transfer t = { .request = r, .answer = out, .answered = r->from_public, .is_public = r->from_public };
	char error[CURL_ERROR_SIZE] = "";
	CURLcode code;

	memset(out, 0, sizeof(*out));
	if (c)
		api.easy_reset(c);
	else if (api.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		c = api.easy_init();
	if (!c || !options_set(c, &t, error)) {
		snprintf(out->why, sizeof(out->why), "libcurl could not be set up");
		return;		/* all memory goes with the process */
	}
	code = api.easy_perform(c);
	out->is_public = t.is_public;
	if (code == CURLE_OK)
		api.easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
	else
		explain(&t, code, error);
}
