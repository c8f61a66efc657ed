/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reader - payload in, names and addresses out: DNS messages, and the first data of connections to TLS ports
 *
 * The queue process waits for each word on a held answer, at most DNS_HOLD_MS; a word that its
 * socket does not take is dropped, and the answer passes unlearned.
 */
#include "reader.h"

#include <errno.h>
#include <ev.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "counters.h"
#include "dns_edit.h"
#include "dns_msg.h"
#include "dns_refuse.h"
#include "hello.h"
#include "ipc.h"
#include "limits.h"
#include "log.h"
#include "reached.h"
#include "queries.h"
#include "refusal.h"
#include "resolve.h"
#include "rules.h"
#include "sandbox.h"
#include "word.h"

enum {
	READER_BURST = 32,	/* messages taken before other watchers get their turn */
	READER_AGE_S = 1,	/* between looks for connections that never ended their ClientHello */
};

static struct {
	struct child child;
	bool refuses, strips;	/* what the rules may ask of answers */
	struct queries *queries;
	struct hello *hello;
	ev_timer hello_age;
	struct resolve *resolve;
	int peer;		/* the queue process, or -1 */
	ev_io peer_io;
	bool started;
	int status;
	struct dns_msg msg;
} reader = { .peer = -1 };

static const struct span nothing = { "", 0 };

/* reader_say - @head and, for an answer, what @m holds and what may take its place; false: the queue process does not take it */
static bool reader_say(enum message type, struct msg_dns_read *head, const struct dns_msg *m, struct span refused, struct span stripped)
{
	static char body[WORD_BYTES];
	size_t n = word_write(body, head, m, refused, stripped);

	return reader.peer >= 0 && ipc_send(reader.peer, (uint16_t)type, 0, body, n, -1) == 0;
}

static bool reader_on_host(void *ctx, const struct dns_msg *m)
{
	struct msg_dns_read head = { .what = DNS_READ_ANSWER };

	(void)ctx;
	return reader_say(MSG_HOST, &head, m, nothing, nothing);
}

static struct query reader_question(const struct msg_dns *d, const struct dns_msg *m)
{
	return (struct query){
		.client = d->client_ip, .server = d->server_ip, .id = m->id, .type = m->qtype,
		.name = dns_name_span(&m->name[0]),
	};
}

/* reader_read - one DNS message; returns what it is.  reader.msg is filled for an ANSWER. */
static enum dns_read reader_read(const struct msg_dns *d, struct span in)
{
	struct dns_msg *m = &reader.msg;
	enum dns_msg_result is = dns_msg_parse(in, m);
	struct query q;

	if (dns_msg_is_bad(is)) {
		count(COUNTER_DNS_BAD);
		return DNS_READ_BAD;
	}
	/* what stands in the header must go the same way as the packet */
	if (is != (d->is_answer ? DNS_MSG_ANSWER : DNS_MSG_QUERY))
		return DNS_READ_NOTHING;
	q = reader_question(d, m);
	if (is == DNS_MSG_QUERY) {
		if (queries_add(reader.queries, &q, clock_ms()))
			reached(LIMIT_ID_DNS_QUERIES, &d->client_ip);
		return DNS_READ_QUERY;
	}
	if (!queries_take(reader.queries, &q, clock_ms())) {
		count(COUNTER_DNS_UNASKED);
		return DNS_READ_UNASKED;
	}
	if (m->more)
		reached(LIMIT_ID_DNS_MESSAGE_RECORDS, &d->server_ip);
	return DNS_READ_ANSWER;
}

/* reader_edit - what may take the place of the answer @in: whether it does is not decided here */
static void reader_edit(const struct msg_dns *d, struct span in, struct span *refused, struct span *stripped)
{
	static char r[WORD_MESSAGE + DNS_REFUSE_BYTES], s[WORD_MESSAGE];
	bool same = d->edit == DNS_EDIT_SAME;

	if (d->edit == DNS_EDIT_NOT || in.len > WORD_MESSAGE)
		return;
	if (reader.refuses)
		*refused = (struct span){ r, dns_refuse(in, same, r) };
	if (reader.strips && reader.msg.ech_at)
		*stripped = (struct span){ s, dns_edit_strip_ech(in, same, s) };
}

static void reader_on_dns(const struct ipc_message *m)
{
	struct msg_dns d;
	struct msg_dns_read head = { 0 };
	struct span in, refused = nothing, stripped = nothing;
	enum dns_read what;

	if (m->len < sizeof(d))
		return;
	memcpy(&d, m->body, sizeof(d));
	in = (struct span){ (const char *)m->body + sizeof(d), m->len - sizeof(d) };
	what = reader_read(&d, in);
	if (!d.packet_id)
		return;
	if (what == DNS_READ_ANSWER)
		reader_edit(&d, in, &refused, &stripped);
	head.packet_id = d.packet_id;
	head.what = (uint16_t)what;
	head.client = d.client;
	head.client_ip = d.client_ip;
	head.has_ech = what == DNS_READ_ANSWER && reader.msg.ech_at;
	reader_say(MSG_DNS_READ, &head, what == DNS_READ_ANSWER ? &reader.msg : NULL, refused, stripped);
}

/* reader_count_hello - what was read, and what could not be and why */
static void reader_count_hello(const struct hello_packet *p, enum hello_what what, const struct hello_told *told)
{
	static const enum counter why[] = {
		[HELLO_FAULT] = COUNTER_HELLO_FAULTS, [HELLO_LARGE] = COUNTER_HELLO_LARGE,
		[HELLO_CONFLICT] = COUNTER_HELLO_CONFLICTS, [HELLO_NO_ROOM] = COUNTER_HELLO_OVERRUNS,
	};

	static const enum counter quic[] = {
#define QUIC_REASON(name, json, text) [QUIC_##name] = COUNTER_QUIC_##name,
#include "tbl/quic_reason.h"
#undef QUIC_REASON
	};

	if (p->udp && told->quic > QUIC_HELLO)
		count(quic[told->quic]);
	if (what == HELLO_NAME || what == HELLO_NAMELESS)
		count(COUNTER_HELLOS);
	if (what == HELLO_NAMELESS)
		count(COUNTER_HELLOS_NAMELESS);
	if (told->ech)
		count(COUNTER_HELLOS_ECH);
	if (told->why != HELLO_READ && told->why != HELLO_QUIC)
		count(why[told->why]);
}

static void reader_on_hello(const struct ipc_message *m)
{
	static uint64_t overruns;
	struct msg_hello d;
	struct msg_hello_read word = { 0 };
	struct hello_packet p;
	struct hello_told told;
	enum hello_what what;

	if (m->len < sizeof(d))
		return;
	memcpy(&d, m->body, sizeof(d));
	p = (struct hello_packet){
		.udp = d.udp, .src = d.src, .dst = d.dst, .seq = d.seq,
		.payload = { (const char *)m->body + sizeof(d), m->len - sizeof(d) },
	};
	what = hello_read(reader.hello, &p, clock_ms(), &told);
	reader_count_hello(&p, what, &told);
	count_add(COUNTER_HELLO_OVERRUNS, hello_overruns(reader.hello) - overruns);
	overruns = hello_overruns(reader.hello);
	if (!ev_is_active(&reader.hello_age))
		ev_timer_again(reader.child.loop, &reader.hello_age);
	word.token = d.token;
	word.what = (uint8_t)what;
	word.ech = told.ech;
	word.name_len = told.name_len;
	memcpy(word.name, told.name, told.name_len);
	if (reader.peer >= 0)
		ipc_send(reader.peer, MSG_HELLO_READ, 0, &word, sizeof(word), -1);
}

static void reader_on_hello_age(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)revents;
	if (!hello_age(reader.hello, clock_ms()))
		ev_timer_stop(loop, w);
}

static void reader_leave_peer(void)
{
	if (reader.peer < 0)
		return;
	ev_io_stop(reader.child.loop, &reader.peer_io);
	close(reader.peer);
	reader.peer = -1;
}

static void reader_on_peer(struct ev_loop *loop, ev_io *w, int revents)
{
	static struct ipc_message m;

	(void)loop, (void)w, (void)revents;
	for (int i = 0; i < READER_BURST; i++) {
		int n = ipc_recv(reader.peer, &m);

		if (n == -EAGAIN)
			return;
		if (n <= 0) {	/* the queue process is gone: the monitor sends a new PEER */
			reader_leave_peer();
			return;
		}
		if (m.fd >= 0)
			close(m.fd);
		if (m.head.type == MSG_DNS)
			reader_on_dns(&m);
		else if (m.head.type == MSG_HELLO)
			reader_on_hello(&m);
	}
}

static void reader_take_peer(struct ipc_message *m)
{
	reader_leave_peer();
	reader.peer = m->fd;
	m->fd = -1;
	if (reader.peer < 0)
		return;
	ev_io_init(&reader.peer_io, reader_on_peer, reader.peer, EV_READ);
	if (!reader.started)
		return;		/* nothing from outside before the sandbox */
	ev_io_start(reader.child.loop, &reader.peer_io);
	resolve_again(reader.resolve);
}

/* the first settings: c-ares reads its files, then privileges go */
static void reader_start(struct child *c)
{
	const struct msg_settings *s = &c->settings;
	uint64_t seed;
	int err;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		die(1, "no random numbers");
	reader.queries = queries_new(LIMIT_DNS_QUERIES, seed);
	reader.hello = hello_new(seed);
	if (!reader.queries || !reader.hello)
		die(1, "out of memory, or libcrypto cannot do what QUIC needs");
	ev_timer_init(&reader.hello_age, reader_on_hello_age, 0., READER_AGE_S);
	reader.resolve = resolve_new(c->loop, reader_on_host, NULL);
	if (!reader.resolve)
		die(1, "no resolver");
	err = sandbox_enter(ROLE_READER, s->uid, s->gid, s->max_files);
	if (err)
		die(1, "could not drop privileges: %s", strerror(-err));
	reader.started = true;
	if (reader.peer >= 0)
		ev_io_start(c->loop, &reader.peer_io);
}

static void reader_on_rules(struct child *c, struct ipc_message *m)
{
	static bool once;
	char why[256];
	struct rules *r = rules_map(m->fd, why, sizeof(why));

	if (!r) {
		log_error("rules: %s", why);
		if (!once) {
			reader.status = 1;
			child_end(c);
		}
		return;
	}
	once = true;
	reader.refuses = refusal_possible(rules_gateway(r));
	reader.strips = rules_gateway(r)->ech == ECH_STRIP;
	resolve_hosts(reader.resolve, r);	/* copies the names */
	child_ready(c, rules_generation(r));
	rules_put(r);
}

static bool reader_on_message(struct child *c, struct ipc_message *m)
{
	switch (m->head.type) {
	case MSG_PEER:
		reader_take_peer(m);
		break;
	case MSG_SETTINGS:
		if (c->has_settings && !reader.started)
			reader_start(c);
		break;
	case MSG_RULES:
		if (reader.started)
			reader_on_rules(c, m);
		break;
	case MSG_RESOLVERS:
		if (reader.started && m->fd >= 0)
			resolve_servers(reader.resolve, m->fd);
		break;
	}
	return false;
}

int reader_main(void)
{
	child_init(&reader.child, ROLE_READER, reader_on_message, NULL);
	child_run(&reader.child);
	reader_leave_peer();
	resolve_free(reader.resolve);
	queries_free(reader.queries);
	hello_free(reader.hello);
	return reader.status;
}
