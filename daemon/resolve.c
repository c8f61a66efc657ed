/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resolve - a schedule of questions, and c-ares' sockets as libev watchers
 *
 * A host that left rules.yaml while a question for it is under way stays in memory, marked gone,
 * until the callback has come.
 */
#include "resolve.h"

#include <ares.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "container.h"
#include "host.h"
#include "limits.h"
#include "log.h"

enum {
	RESOLVE_TIMEOUT_MS = 2000,	/* of one try with one server; c-ares doubles it */
	RESOLVE_TRIES = 3,
	RESOLVE_SOON_MS = 1000,		/* an answer could not be handed on */
	RESOLVE_FIRST_MS = 200,		/* after new rules or servers, so that a burst of changes is one */
	RESOLVE_CONF_BYTES = 65536,
	RESOLVE_SERVERS = 8,
	CLASS_IN = 1,			/* RFC 1035 s.3.2.4 */
};

static const int resolve_type[2] = { DNS_TYPE_A, DNS_TYPE_AAAA };

struct host {
	struct resolve *owner;
	uint32_t under_way;		/* callbacks to come */
	bool gone;			/* not in the rules any more */
	bool asked[2];			/* this family's question is under way */
	uint64_t due_ms[2];
	uint32_t pause_ms[2];		/* after the next failure */
	char name[HOST_MAX + 1];
};

struct watch {
	struct resolve *owner;
	struct watch *next;
	ares_socket_t fd;
	ev_io io;
};

struct resolve {
	struct ev_loop *loop;
	resolve_on_answer *on_answer;
	void *ctx;
	ares_channel channel;
	struct watch *watches;
	ev_timer schedule, timeout;
	uint32_t under_way;
	uint32_t hosts;
	struct host **host;		/* sorted by name */
	struct dns_msg msg;
};

static void resolve_schedule(struct resolve *r);

/* --- c-ares on libev --- */

static void resolve_arm_timeout(struct resolve *r)
{
	struct timeval tv, *left = ares_timeout(r->channel, NULL, &tv);

	ev_timer_stop(r->loop, &r->timeout);
	if (!left)
		return;
	ev_timer_set(&r->timeout, (double)left->tv_sec + (double)left->tv_usec / 1e6, 0.);
	ev_timer_start(r->loop, &r->timeout);
}

static void resolve_on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct watch *watch = CONTAINER_OF(w, struct watch, io);
	struct resolve *r = watch->owner;
	ares_socket_t fd = watch->fd;

	(void)loop;
	/* may free the watch */
	ares_process_fd(r->channel, revents & EV_READ ? fd : ARES_SOCKET_BAD,
			revents & EV_WRITE ? fd : ARES_SOCKET_BAD);
	resolve_schedule(r);
}

static void resolve_on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct resolve *r = CONTAINER_OF(w, struct resolve, timeout);

	(void)loop, (void)revents;
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	resolve_schedule(r);
}

/* c-ares says what it wants to know of a socket; 0, 0: it will be closed */
static void resolve_on_socket(void *data, ares_socket_t fd, int readable, int writable)
{
	struct resolve *r = data;
	struct watch **at = &r->watches, *w;

	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	w = *at;
	if (!readable && !writable) {
		if (!w)
			return;
		ev_io_stop(r->loop, &w->io);
		*at = w->next;
		free(w);
		return;
	}
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return;		/* the question runs into its timeout */
		*w = (struct watch){ .owner = r, .fd = fd };
		*at = w;
	} else {
		ev_io_stop(r->loop, &w->io);
	}
	ev_io_init(&w->io, resolve_on_io, fd, (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	ev_io_start(r->loop, &w->io);
}

/* --- the schedule --- */

static void host_failed(struct host *h, int i, uint32_t pause_ms)
{
	h->due_ms[i] = clock_ms() + pause_ms;
	h->pause_ms[i] = pause_ms > LIMIT_RESOLVE_RETRY_MS_MAX / 2 ? LIMIT_RESOLVE_RETRY_MS_MAX : pause_ms * 2;
}

/* three quarters of the time for which the names table keeps it, so that the next answer overlaps */
static uint64_t host_fresh_ms(uint32_t ttl_s)
{
	if (ttl_s < LIMIT_NAME_TTL_FLOOR)
		ttl_s = LIMIT_NAME_TTL_FLOOR;
	if (ttl_s > LIMIT_NAME_TTL_CEILING)
		ttl_s = LIMIT_NAME_TTL_CEILING;
	return (uint64_t)ttl_s * 750;
}

static void resolve_answered(struct host *h, int i, int status, const unsigned char *reply, int len)
{
	struct resolve *r = h->owner;
	struct span in = { (const char *)reply, len > 0 ? (size_t)len : 0 };

	if (status == ARES_ENOTFOUND || status == ARES_ENODATA) {
		host_failed(h, i, LIMIT_RESOLVE_RETRY_MS_MAX);	/* an honest answer: there is none */
		return;
	}
	if (status != ARES_SUCCESS || !reply || dns_msg_parse(in, &r->msg) != DNS_MSG_ANSWER || !r->msg.addrs) {
		host_failed(h, i, h->pause_ms[i]);
		return;
	}
	h->pause_ms[i] = LIMIT_RESOLVE_RETRY_MS_MIN;
	h->due_ms[i] = clock_ms() + (r->on_answer(r->ctx, &r->msg) ? host_fresh_ms(r->msg.ttl_s) : RESOLVE_SOON_MS);
}

static void resolve_reply(struct host *h, int i, int status, const unsigned char *reply, int len)
{
	struct resolve *r = h->owner;

	h->asked[i] = false;
	h->under_way--;
	r->under_way--;
	if (status == ARES_EDESTRUCTION || h->gone) {
		if (h->gone && !h->under_way)
			free(h);
		return;
	}
	if (status == ARES_ECANCELLED)
		h->due_ms[i] = clock_ms() + RESOLVE_FIRST_MS;
	else
		resolve_answered(h, i, status, reply, len);
}

static void resolve_on_a(void *arg, int status, int timeouts, unsigned char *reply, int len)
{
	(void)timeouts;
	resolve_reply(arg, 0, status, reply, len);
}

static void resolve_on_aaaa(void *arg, int status, int timeouts, unsigned char *reply, int len)
{
	(void)timeouts;
	resolve_reply(arg, 1, status, reply, len);
}

/* resolve_schedule - ask what is due, as much as may be under way, and wait for what comes next */
static void resolve_schedule(struct resolve *r)
{
	uint64_t now_ms = clock_ms(), next_ms = UINT64_MAX;

	for (uint32_t k = 0; k < 2 * r->hosts && r->under_way < LIMIT_RESOLVE_AT_ONCE; k++) {
		struct host *h = r->host[k / 2];
		int i = k % 2;

		if (h->asked[i])
			continue;
		if (h->due_ms[i] > now_ms) {
			if (h->due_ms[i] < next_ms)
				next_ms = h->due_ms[i];
			continue;
		}
		h->asked[i] = true;
		h->under_way++;
		r->under_way++;
		/* may call back at once when it cannot be sent */
		ares_query(r->channel, h->name, CLASS_IN, resolve_type[i], i ? resolve_on_aaaa : resolve_on_a, h);
	}
	ev_timer_stop(r->loop, &r->schedule);
	if (next_ms != UINT64_MAX && r->under_way < LIMIT_RESOLVE_AT_ONCE) {
		ev_timer_set(&r->schedule, (double)(next_ms - now_ms) / 1000, 0.);
		ev_timer_start(r->loop, &r->schedule);
	}	/* else the next reply comes here again */
	resolve_arm_timeout(r);
}

static void resolve_on_schedule(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	resolve_schedule(CONTAINER_OF(w, struct resolve, schedule));
}

static void resolve_soon(struct resolve *r)
{
	ev_timer_stop(r->loop, &r->schedule);
	ev_timer_set(&r->schedule, RESOLVE_FIRST_MS / 1000., 0.);
	ev_timer_start(r->loop, &r->schedule);
}

/* --- what is asked, and whom --- */

struct resolve *resolve_new(struct ev_loop *loop, resolve_on_answer *on_answer, void *ctx)
{
	struct resolve *r = calloc(1, sizeof(*r));
	struct ares_options o = { .timeout = RESOLVE_TIMEOUT_MS, .tries = RESOLVE_TRIES };
	int err;

	if (!r)
		return NULL;
	r->loop = loop;
	r->on_answer = on_answer;
	r->ctx = ctx;
	ev_timer_init(&r->schedule, resolve_on_schedule, 0., 0.);
	ev_timer_init(&r->timeout, resolve_on_timeout, 0., 0.);
	o.sock_state_cb = resolve_on_socket;
	o.sock_state_cb_data = r;
	err = ares_library_init(ARES_LIB_INIT_ALL);
	if (err == ARES_SUCCESS)
		err = ares_init_options(&r->channel, &o, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
	if (err == ARES_SUCCESS)
		return r;
	log_error("c-ares: %s", ares_strerror(err));
	free(r);
	return NULL;
}

static void host_leave(struct host *h)
{
	h->gone = true;
	if (!h->under_way)
		free(h);
}

void resolve_free(struct resolve *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->hosts; i++)
		host_leave(r->host[i]);
	r->hosts = 0;
	ares_destroy(r->channel);	/* calls back for all that is under way */
	ares_library_cleanup();
	ev_timer_stop(r->loop, &r->schedule);
	ev_timer_stop(r->loop, &r->timeout);
	free(r->host);
	free(r);
}

static int host_cmp(const void *a, const void *b)
{
	return strcmp((*(struct host *const *)a)->name, (*(struct host *const *)b)->name);
}

/* hosts_read - the names of @rules as new hosts, sorted, each once; returns how many */
static uint32_t hosts_read(struct resolve *r, const struct rules *rules, struct host **out, uint32_t max)
{
	uint64_t now_ms = clock_ms();
	uint32_t n = 0, kept = 0;

	for (uint32_t i = 0; i < max; i++) {
		struct span name = rules_host(rules, i);
		struct host *h;

		if (name.len == 0 || name.len > HOST_MAX || !(h = calloc(1, sizeof(*h))))
			continue;
		*h = (struct host){ .owner = r, .due_ms = { now_ms, now_ms },
				    .pause_ms = { LIMIT_RESOLVE_RETRY_MS_MIN, LIMIT_RESOLVE_RETRY_MS_MIN } };
		memcpy(h->name, name.p, name.len);
		out[n++] = h;
	}
	qsort(out, n, sizeof(*out), host_cmp);
	for (uint32_t i = 0; i < n; i++) {
		if (kept && host_cmp(&out[kept - 1], &out[i]) == 0)
			free(out[i]);
		else
			out[kept++] = out[i];
	}
	return kept;
}

void resolve_hosts(struct resolve *r, const struct rules *rules)
{
	static unsigned long long told;
	uint32_t max = rules_host_count(rules), n, old = 0;
	struct host **host;

	if (max > LIMIT_NAMED_HOSTS) {
		if (log_once(&told, 60000))
			log_warn("limit of %d hosts resolved ahead reached: %u are only learned from clients",
				 LIMIT_NAMED_HOSTS, max - LIMIT_NAMED_HOSTS);
		max = LIMIT_NAMED_HOSTS;
	}
	host = calloc(max + 1, sizeof(struct host *));
	if (!host) {
		log_error("out of memory: hosts of the new rules are not resolved ahead");
		return;
	}
	n = hosts_read(r, rules, host, max);
	for (uint32_t i = 0; i < n; i++) {	/* both lists are sorted */
		while (old < r->hosts && host_cmp(&r->host[old], &host[i]) < 0)
			host_leave(r->host[old++]);
		if (old < r->hosts && host_cmp(&r->host[old], &host[i]) == 0) {
			free(host[i]);
			host[i] = r->host[old++];
		}
	}
	while (old < r->hosts)
		host_leave(r->host[old++]);
	free(r->host);
	r->host = host;
	r->hosts = n;
	resolve_soon(r);
}

void resolve_again(struct resolve *r)
{
	uint64_t now_ms = clock_ms();

	for (uint32_t k = 0; k < 2 * r->hosts; k++)
		r->host[k / 2]->due_ms[k % 2] = now_ms;
	resolve_soon(r);
}

/* one line of resolv.conf: "nameserver ADDRESS"; false: something else */
static bool resolve_server(struct span line, struct addr *a)
{
	static const char word[] = "nameserver";
	const size_t len = sizeof(word) - 1;
	struct span text;

	line = span_trim(line);
	if (line.len <= len || memcmp(line.p, word, len) != 0 || (line.p[len] != ' ' && line.p[len] != '\t'))
		return false;
	text = span_trim(span_skip(line, len));
	return addr_parse(a, text);	/* an address with a zone is left out: c-ares cannot use it */
}

int resolve_servers(struct resolve *r, int fd)
{
	static char conf[RESOLVE_CONF_BYTES];
	char csv[RESOLVE_SERVERS * (ADDR_TEXT + 1)] = "", text[ADDR_TEXT];
	ssize_t n = pread(fd, conf, sizeof(conf), 0);
	struct span rest = { conf, n > 0 ? (size_t)n : 0 };
	struct addr a;
	int servers = 0, err;

	while (rest.len && servers < RESOLVE_SERVERS) {
		struct span line = span_until(rest, '\n');

		rest = span_skip(rest, line.len + 1);
		if (!resolve_server(line, &a))
			continue;
		if (servers++)
			strcat(csv, ",");
		strcat(csv, addr_format(&a, text));
	}
	if (!servers)
		return 0;
	ares_cancel(r->channel);	/* they are asked anew in a moment */
	err = ares_set_servers_csv(r->channel, csv);
	if (err != ARES_SUCCESS) {
		log_warn("name servers %s: %s", csv, ares_strerror(err));
		return 0;
	}
	log_info("asking name servers %s", csv);
	resolve_again(r);
	return servers;
}
