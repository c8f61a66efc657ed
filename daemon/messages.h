/* SPDX-License-Identifier: GPL-3.0-or-later */
/* messages - every message between the roles, its direction and its body
 *
 *   monitor <-> each child		one pair a child, descriptor IPC_FD in the child
 *   queue   <-> reader			one pair, its ends handed out by the monitor as PEER
 *
 * A child is started as "dejunk child ROLE" with only IPC_FD and standard error open; the
 * monitor then sends, in this order: COUNTERS, the role's descriptors (LISTEN, PROBE, PEER,
 * CONTROL), SETTINGS, RULES.  The child drops privileges before it takes the first message
 * that holds bytes from outside, and answers READY once it serves the generation it was given.
 */
#ifndef DEJUNK_MESSAGES_H
#define DEJUNK_MESSAGES_H

#include <stdint.h>

#include "addr.h"
#include "limits.h"

enum { IPC_FD = 3 };

enum role { ROLE_MONITOR, ROLE_COMPILE, ROLE_QUEUE, ROLE_READER, ROLE_PROXY, ROLE_ADMIN, ROLE_FETCH, ROLE_PROVE, ROLE_COUNT };

enum message {
	/* monitor -> child */
	MSG_COUNTERS = 1,	/* fd: the page of counters; body: struct msg_counters (admin: one for each process) */
	MSG_LISTEN,		/* fd: listening socket for redirected connections (proxy); a second one takes the place of the first */
	MSG_PROBE,		/* fd: listening socket of the probe (first proxy), in place of an older one; no fd: there is none any more */
	MSG_PEER,		/* fd: queue <-> reader */
	MSG_CONTROL,		/* fd: listening control socket (admin); body: uint32_t, the user who may use it beside root */
	MSG_SETTINGS,		/* body: struct msg_settings; sent again when it changes */
	MSG_RULES,		/* fd: sealed image; body: struct msg_rules.  Sent again at each reload */
	MSG_PING,		/* body: none; answered by PONG with the same seq from the main loop */
	MSG_STOP,		/* body: struct msg_stop; end in an orderly way.  Said again: the shorter time counts */
	MSG_SETS_DONE,		/* -> queue; seq of the SETS; body: struct msg_done */
	MSG_FORWARD,		/* -> proxy; seq of the FORWARD_ASK; body: struct msg_forward */
	MSG_STATUS,		/* -> admin, each second and at each change; body: members of a JSON object, NUL, the same as text for people */
	MSG_RELOADED,		/* -> admin; seq of RELOAD; body: struct msg_done, then text for people (errors, warnings) */
	MSG_RESOLVERS,		/* -> reader; fd: /etc/resolv.conf opened read-only; at the start and whenever the file changed */
	MSG_SAVE,		/* -> compile; fd: an empty file to write the image into as a cache */
	MSG_FETCH,		/* -> fetch; fd: an empty file; body: struct msg_fetch, then texts (fetch.h) */
	MSG_UPDATED,		/* -> admin; seq of UPDATE; body: struct msg_done, a JSON object, NUL, the same as text for people */
	MSG_OPENED,		/* -> compile; seq of OPEN; fd, or body: struct msg_done with the errno */
	MSG_HAND_OVER,		/* -> queue; fd: an empty file for the names learned.  Another one follows: answer with HANDED, then end */
	MSG_TAKE,		/* -> queue; fd, body: struct msg_handed: from the one before, in its place */
	MSG_PROVE,		/* -> prove; fd: what is to be taken over (handover.h) */

	/* child -> monitor */
	MSG_READY = 64,		/* body: struct msg_rules: serving this generation, privileges dropped */
	MSG_PONG,		/* body: struct msg_pong */
	MSG_SETS,		/* queue: body: struct msg_set[], one transaction; answered by SETS_DONE */
	MSG_DIRECT,		/* proxy: body: struct addr with port: could not be dialled, goes direct for DIRECT_SECONDS */
	MSG_FORWARD_ASK,	/* proxy: body: struct msg_forward_ask */
	MSG_RELOAD,		/* admin: body: none; answered by RELOADED */
	MSG_UPDATE,		/* admin: body: struct msg_update, then the name or URL of a list, none: all; answered by UPDATED */
	MSG_FETCHED,		/* fetch: body: struct msg_fetched, then texts */
	MSG_OPEN,		/* compile: body: path, opened by the monitor read-only; answered by OPENED */
	MSG_BUILT,		/* compile: fd: the sealed image; body: struct msg_built, then text (warnings), empty when none */
	MSG_FAILED,		/* compile, prove: body: text (errors with file, line, column) */
	MSG_HANDED,		/* queue: fd: of a queue; body: struct msg_handed */
	MSG_UPGRADE,		/* admin: fd: who asked, and is to be answered; body: struct msg_upgrade */
	MSG_PROVEN,		/* prove: fd: the sealed image; body: text (warnings), empty when none.  Or FAILED */

	/* queue <-> reader */
	MSG_DNS = 128,		/* queue -> reader: struct msg_dns, then the DNS message */
	MSG_DNS_READ,		/* reader -> queue: struct msg_dns_read, then what it says; one for each DNS whose packet_id is not 0 */
	MSG_HELLO,		/* queue -> reader: struct msg_hello, then the packet's data */
	MSG_HELLO_READ,		/* reader -> queue: struct msg_hello_read; one for each HELLO */
	MSG_HOST,		/* reader -> queue: a host of rules.yaml was resolved: as DNS_READ with client all zero */
};

struct msg_counters {
	uint32_t role;		/* enum role */
	uint32_t index;		/* which proxy; 0 for the others */
	int32_t pid;
};

struct msg_settings {
	uint32_t role_index;	/* which proxy */
	uint32_t uid;		/* to become; the firewall exempts it */
	uint32_t gid;
	uint32_t log_level;
	uint32_t max_files;	/* descriptors the process may have */
	uint32_t queue_dns;	/* queue numbers, from nft/dejunk.nft */
	uint32_t queue_syn;
	uint32_t queue_hello;
	uint32_t mark_refuse;	/* the bit the queue sets in the packet mark (rules.yaml): refuse this packet */
	uint32_t mark_decided;	/* of the first packets of a connection: let it pass, and ask no more about it */
	uint32_t forward_open;	/* 1: no chain drops what is forwarded, FORWARD_ASK is not needed */
	uint32_t forward_epoch;	/* answers to FORWARD_ASK of an older epoch are to be forgotten */
};

struct msg_rules {
	uint64_t generation;
};

struct msg_stop {
	uint32_t ms;		/* connections under way are given (proxy) */
	uint32_t listen_ms;	/* for which it still accepts: what the kernel redirected before may yet arrive */
};

struct msg_built {
	uint32_t cache;		/* enum built_cache */
	uint32_t save;		/* 1: waits for SAVE or STOP, to write a new cache */
};
enum built_cache { BUILT_WITHOUT, BUILT_FROM_CACHE, BUILT_CACHE_BAD };	/* none given, outdated or foreign; used; damaged */

struct msg_pong {
	uint64_t accepted;	/* redirected connections accepted so far (proxy) */
	uint32_t files;		/* descriptors open */
	uint32_t max_files;
	uint32_t connections;	/* alive */
	uint32_t max_connections;
	uint32_t buffers;	/* bytes */
	uint32_t max_buffers;
};

enum handed { HANDED_SYN, HANDED_DNS, HANDED_HELLO, HANDED_QUEUES, HANDED_NAMES = HANDED_QUEUES, HANDED_ALL };
struct msg_handed {
	uint32_t what;		/* enum handed */
};

struct msg_upgrade {
	uint32_t text;		/* 1: for people, 0: JSON */
};

struct msg_done {
	int32_t error;		/* 0, or a positive errno */
};

struct msg_update {
	uint32_t force;		/* 1: also what shrank or grew absurdly */
};

struct msg_fetch {
	uint64_t digest;	/* XXH3 of the copy that there is; 0: none */
	uint32_t checksum;	/* 1: a checksum that the list states must be right */
	uint16_t url_len, etag_len, modified_len;
	uint16_t _pad;
};

enum fetch_what {
	FETCH_FAILED,		/* no answer, or one that is no list: the network's or the server's fault */
	FETCH_SAME,		/* the copy is the present one */
	FETCH_NEW,		/* the file holds a list */
	FETCH_REFUSED,		/* what came is not to be used */
};
struct msg_fetched {
	uint64_t bytes;		/* FETCH_NEW: of the file */
	uint64_t digest;
	uint32_t what;		/* enum fetch_what */
	uint32_t lines, rules;
	char format[24];
	uint16_t etag_len, modified_len, why_len;
	uint16_t _pad;
};

/* a client in the sense of DESIGN section 2: its link-layer address where there is one, else its IP */
struct client {
	uint8_t kind;		/* enum client_kind */
	uint8_t hw[6];		/* CLIENT_HW */
	uint8_t _pad;
	struct addr ip;		/* CLIENT_IP; port_be 0 */
};
enum client_kind { CLIENT_NONE, CLIENT_HW, CLIENT_IP, CLIENT_SELF };

enum set_op { SET_ADD, SET_DELETE };
enum set_name {
	SET_REFUSED,		/* client . address, with timeout */
	SET_SUSPECT,		/* address, with timeout */
	SET_SUSPECT_NET,	/* prefix; replaced as a whole: a FLUSH comes first */
	SET_SUSPECT_NET_FLUSH,
	SET_REFUSED_FLUSH,	/* empties every refused set */
};
struct msg_set {
	uint8_t op;		/* enum set_op; SET_DELETE of an element that is gone is no error */
	uint8_t set;		/* enum set_name */
	uint8_t bits;		/* SET_SUSPECT_NET: prefix length */
	uint8_t _pad;
	uint32_t timeout_s;
	struct client client;	/* SET_REFUSED */
	struct addr addr;
};

struct msg_forward_ask {
	struct addr client;
	struct addr server;	/* with port */
};
struct msg_forward {
	uint32_t epoch;
	uint32_t verdict;	/* enum forward_verdict */
};
enum forward_verdict { FORWARD_PASSES, FORWARD_DROPPED, FORWARD_UNKNOWN };

struct msg_dns {
	uint32_t packet_id;	/* names an answer that is held, opaque to the reader; 0: nothing is to be said of it (queries) */
	uint32_t _pad;
	struct client client;	/* who asked, or who is answered */
	struct addr client_ip;	/* with port */
	struct addr server_ip;	/* with port */
	uint8_t is_answer;	/* direction by port; the reader checks the QR bit */
	uint8_t edit;		/* enum dns_edit: of an answer, may another take its place? */
	uint8_t _pad2[6];
};
enum dns_edit { DNS_EDIT_NOT, DNS_EDIT_SAME, DNS_EDIT_FREE };	/* no; one of the same length; one of any length */

enum dns_read { DNS_READ_NOTHING, DNS_READ_QUERY, DNS_READ_ANSWER, DNS_READ_BAD, DNS_READ_UNASKED };
struct msg_dns_read {
	uint32_t packet_id;
	uint32_t ttl_s;		/* the smallest of the chain */
	uint16_t what;		/* enum dns_read */
	uint16_t names;		/* then names: each one byte of length and that many bytes, normalised: query name first, then the chain */
	uint16_t addrs;		/* then addresses: struct addr each */
	uint16_t links;		/* of the names, those that CNAMEs lead to, the question's included */
	uint16_t refused;	/* then that many bytes: the answer as it would refuse the name */
	uint16_t stripped;	/* then that many: the answer without ech.  Both 0 where not asked for, or where it cannot be */
	uint8_t has_ech;	/* the answer has got it */
	uint8_t _pad[3];
	struct client client;
	struct addr client_ip;
};

/* a packet with data at the beginning of a connection to a TLS port */
struct msg_hello {
	uint32_t token;		/* names the connection, opaque to the reader */
	uint32_t seq;		/* TCP: sequence number of the first byte of the data */
	struct addr src;	/* the client, with port */
	struct addr dst;
	uint8_t udp;
	uint8_t _pad[3];
};
struct msg_hello_read {
	uint32_t token;
	uint8_t what;		/* enum hello_what */
	uint8_t ech;		/* the name is that of the outer hello */
	uint8_t name_len;
	char name[253];		/* normalised; HOST_MAX */
};

#endif
