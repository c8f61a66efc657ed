/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor - the process of root: start order, signals, messages of the children
 *
 *	monitor.c	start and end, signals, the tick, messages of children
 *	monitor_give.c	what each child is given
 *	monitor_arm.c	table, queue rules, lan, and the lease (facts for lease.c)
 *	monitor_switch.c	rules that are there only while they are needed
 *	monitor_policy.c	INPUT and FORWARD policies of the other tables
 *	monitor_rules.c	builds, reloads, and what a changed gateway section needs
 *	monitor_lists.c		lists that are fetched: when, and what becomes of what came
 *	monitor_status.c	the monitor's part of "dejunk status"
 *	monitor_upgrade.c	a new binary: proven, and everything left to it
 *	monitor_resume.c	the new binary: takes everything over, and puts its own processes in the place of the old ones
 *
 * Only these include this header, but for monitor_main().  It parses nothing that came from outside:
 * messages of children are fixed structs whose length is checked.
 */
#ifndef DEJUNK_MONITOR_H
#define DEJUNK_MONITOR_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "build.h"
#include "children.h"
#include "firewall.h"
#include "handover.h"
#include "lan.h"
#include "lease.h"
#include "log.h"
#include "messages.h"
#include "monitor_lists.h"
#include "nftset.h"
#include "rules.h"
#include "ruleset.h"
#include "rundir.h"
#include "sockets.h"

struct nftset;
struct rtnl;
struct setsync;

struct run_options {
	const char *config;	/* rules.yaml */
	const char *run_dir;
	const char *state_dir;
	enum log_level level;
	bool json;		/* {"armed":true} instead of the line "armed" */
	char **argv;		/* the whole command line, to be run again */
};

/* monitor_main - "dejunk run": returns the exit status: 0 after SIGTERM or SIGINT, 2 when it could not start */
int monitor_main(const struct run_options *opt);
/* the numbers of the netfilter queues, from nft/dejunk.nft */
extern const struct nftset_queues monitor_queues;
/* monitor_user - the user and group of the children: "dejunk", or where there is no such user fixed numbers and false */
bool monitor_user(uint32_t *uid, uint32_t *gid);

/* --- for monitor_*.c --------------------------------------------------------------- */

enum { MONITOR_WAITERS = LIMIT_CONTROL_CLIENTS };

struct waiter {
	uint32_t seq;		/* of the RELOAD */
	uint64_t generation;	/* whose coming into force is to be told; 0: of the next build */
};

/* counters of the table, as arm_read_counters() names them */
enum kernel_counter {
	KERNEL_REDIRECTED, KERNEL_REFUSED_TCP, KERNEL_REFUSED_UDP, KERNEL_ASKED_SYN, KERNEL_ASKED_DNS, KERNEL_ASKED_HELLO,
	KERNEL_COUNTERS
};
enum { QUEUES = 3 };

/* a number that only grows, as somebody else counts it: when it begins anew, what was before is added */
struct tally {
	uint64_t now, before;
};

/* rules of the table that are there only while they are needed (monitor_switch.c) */
enum switch_id { SWITCH_SPARED, SWITCH_NETS, SWITCHES };
enum switch_state { SWITCH_OUT, SWITCH_IN, SWITCH_UNKNOWN };

struct arming {
	bool table;		/* ours is loaded */
	uint64_t handle;	/* the kernel's number of it */
	int rules;		/* it had when it was loaded, or a switch was made; 0: not known */
	enum switch_state rule[SWITCHES];
	bool spares;		/* somebody is exempt */
	bool touched;		/* something in it changed: count them */
	bool robbed;		/* another program took elements out of our sets: state them anew */
	bool queue_rules;
	char failure[FIREWALL_TEXT + 64];	/* what the kernel or nft said last, one line */
	enum lease lease;
	char why[LEASE_WHY];
	time_t since;		/* wall time of the last change of lease */
	uint64_t since_ms;
	uint64_t renewed_ms;	/* 0: the kernel holds no lease of ours */
	uint64_t second_ms;	/* when the things done each second were last done */
	uint64_t loaded_ms;	/* when the table was last loaded, or filled, because something of it was gone */
	struct arrival arrival;
	uint64_t missing_ms;	/* since when connections are known not to arrive; 0: they do */
	bool offloads;			/* another table offloads flows */
	char input[sizeof(((struct ruleset_where *)0)->text) * 2 + 32];	/* the chain that drops, and the command */
	bool overload;
	uint64_t redirected;	/* kernel counters, all tables since the start */
	uint64_t refused;
	struct tally kernel[KERNEL_COUNTERS];	/* over all tables that were loaded */
	struct tally queued[QUEUES];	/* packets that came to our queues, over all processes that had them */
	uint64_t asked;			/* packets that were to be queued, a second ago */
	uint64_t refused_before;	/* counted by queue processes of older binaries */
	uint64_t digest;		/* of the text that the table was loaded from */
	uint64_t over_rate;		/* DNS packets over DNS_CLIENT_RATE, of the present table */
};

/* reload --exec: at first the old binary's, then the new one's part */
struct upgrade {
	int client;			/* who asked and waits for the answer, or -1 */
	bool text;			/* for people, else JSON */
	bool wanted;			/* waits for a build to end */
	uint64_t began_ms;
	/* the old one: a process that proves the new binary */
	int binary;			/* O_PATH, or -1 */
	pid_t pid;			/* 0: none */
	int sock, image;		/* its own end; what it has built, or -1 */
	char *said;			/* allocated, or NULL */
	bool failed;
	ev_io io;
	ev_child died;
	ev_timer limit;
	/* the new one */
	bool resumed;			/* processes of the old binary still serve */
	uint64_t resumed_ms;		/* since when */
	bool late;			/* for longer than UPGRADE_MS */
	uint64_t gap_ms;		/* when the queues were asked for; 0: not yet */
	int handed[HANDED_ALL];			/* enum handed: sockets, and names, on their way to the new queue process; or -1 */
	struct handover *from;		/* for its counters; NULL: it was none */
	uint64_t (*folded)[2 * HANDOVER_NAMES];	/* of each slot of children */
};

struct monitor {
	struct ev_loop *loop;
	const struct run_options *opt;
	int status;			/* exit status to be */
	bool started;			/* children are up: past what ends with status 2 */
	bool stopping;
	bool announced;			/* "armed" was printed */
	uint64_t stop_ms;
	time_t start;
	struct msg_settings settings;
	int counters_fd;		/* our own page */
	struct rundir dir;
	int state;			/* the state directory, or -1: nothing is kept */
	struct sockets socks;
	struct build build;
	struct lists lists;
	struct rules *rules;		/* in force; NULL: none yet */
	int image;			/* its descriptor */
	uint64_t generation;		/* of the last build that was started */
	time_t built;			/* wall time of the image */
	char *warnings;			/* of the image in force; allocated, or NULL */
	bool again;			/* a build is wanted after the one under way */
	struct waiter waiter[MONITOR_WAITERS];
	unsigned waiters;
	struct children kids;
	int peer_queue, peer_reader;	/* ends of a pair whose owner is not started yet, or -1 */
	struct nftset *nft;
	struct rtnl *rtnl;
	struct setsync *sync;
	struct ruleset *ruleset;
	int events;			/* nf_tables events, or -1 */
	struct lan lan;
	struct arming arm;
	uint64_t direct_ms;		/* DIRECT: a token bucket */
	unsigned direct_tokens;
	ev_timer tick;
	ev_timer ruleset_soon;		/* other tables changed: look again when they have settled */
	ev_io events_io, rtnl_io, ruleset_io;
	ev_signal term, intr, hup;
	ev_stat resolv;
	char binary[PATH_MAX];		/* where it was started from: a newer one is expected there */
	struct upgrade upgrade;
};

/* monitor.c */
/* monitor_stop - disarm, remove the table, end the children; the loop ends when they are gone.  A second call kills them. */
void monitor_stop(struct monitor *m, int status);
/* monitor_start_up - with the first image in m->rules: everything up to the children; false: it failed (logged) */
bool monitor_start_up(struct monitor *m);

/* monitor_give.c */
/* monitor_gateway - of the rules in force; never NULL once started */
const struct gateway *monitor_gateway(const struct monitor *m);
/* monitor_workers - proxy processes that @g asks for */
unsigned monitor_workers(const struct gateway *g);
/* monitor_give_all - a new child: all of it */
void monitor_give_all(struct monitor *m, struct proc *p);
/* monitor_give_rules - the image in force to one child */
void monitor_give_rules(struct monitor *m, struct proc *p);
/* monitor_settings_changed - SETTINGS to every child again */
void monitor_settings_changed(struct monitor *m);
/* monitor_give_resolvers - the reader has no files of its own: it is handed RESOLV_CONF, which names the resolvers */
#define RESOLV_CONF "/etc/resolv.conf"
void monitor_give_resolvers(struct monitor *m);
/* monitor_forget_peers - of queue and reader one is gone: an end of their pair that waits for the other is of no use */
void monitor_forget_peers(struct monitor *m);

/* monitor_arm.c */
/* arm_resume - as arm_open(), with the table that the binary before has loaded; what was known of it is in m->arm */
bool arm_resume(struct monitor *m);
/* arm_table_text - load the table anew if its text is not what was loaded (by an older binary) */
void arm_table_text(struct monitor *m);
/* arm_open - netlink sockets and watchers, table loaded; false: it failed, a line says why */
bool arm_open(struct monitor *m);
void arm_close(struct monitor *m);
/* arm_consider - decide about the lease anew, and do it */
void arm_consider(struct monitor *m);
/* arm_tick - each HEARTBEAT_MS: renew the lease; each second: counters, the table's presence */
void arm_tick(struct monitor *m, uint64_t now_ms);
/* arm_marks - the bits of marks that the rules name, to whom they concern */
void arm_marks(struct monitor *m, const struct gateway *g);
/* arm_load_table - load the table for @g and fill it; false: nothing changed, m->arm.failure says why */
bool arm_load_table(struct monitor *m, const struct gateway *g);
/* arm_gateway_changed - the lan and exempt parts of the gateway section in force may have changed */
void arm_gateway_changed(struct monitor *m);
/* arm_lan_changed - interfaces came or went, or one of them is to be filtered for other families now: sets and lease */
void arm_lan_changed(struct monitor *m);

/* monitor_switch.c */
/* switch_all - what is known of all these rules: a table that was loaded anew has them; of an older binary's nothing is known */
void switch_all(struct monitor *m, enum switch_state state);
/* switch_rules - put in what is needed now, and take out what is not, if @out; while a binary takes over, nothing is taken out */
void switch_rules(struct monitor *m, bool out);

/* monitor_policy.c */
/* policy_open - read the other tables for the first time, and watch them */
void policy_open(struct monitor *m);
/* policy_check_input - which interfaces of m->lan would lose what is redirected?  Their drop4, drop6, and m->arm.input */
void policy_check_input(struct monitor *m);
/* policy_report_gravest - a line in the log for each grave finding of doctor */
void policy_report_gravest(struct monitor *m);
/* policy_report_nat6 - a line in the log where IPv6 of the lan is not masqueraded */
void policy_report_nat6(struct monitor *m);
/* policy_forward - may @client be answered for @server? */
enum forward_verdict policy_forward(struct monitor *m, const struct addr *client, const struct addr *server);

/* monitor_rules.c */
/* rules_build_now - begin a build, or another after the one under way */
void rules_build_now(struct monitor *m);
/* rules_wait - a reload that wants an answer; begins a build */
void rules_wait(struct monitor *m, uint32_t seq);
/* rules_answer - tell the waiters whose generation is in force everywhere */
void rules_answer(struct monitor *m);
build_on_done rules_on_built;

/* monitor_status.c */
/* status_send - the monitor's part of the status to the admin process: JSON, a NUL, text for people */
void status_send(struct monitor *m);

/* monitor_upgrade.c */
void upgrade_init(struct monitor *m);
/* upgrade_request - MSG_UPGRADE of the admin process @p: prove the binary that stands where this one was started from, then become it */
void upgrade_request(struct monitor *m, struct proc *p, struct ipc_message *msg);
/* upgrade_builds_wait - is this no time to begin a build?  (it is begun later) */
bool upgrade_builds_wait(const struct monitor *m);
/* upgrade_answer - tell who asked, and forget him; @error: 0 or an errno */
void upgrade_answer(struct monitor *m, int error, const char *text);
/* upgrade_tick - each HEARTBEAT_MS */
void upgrade_tick(struct monitor *m);
/* upgrade_close - the end: the proof is stopped, who asked is told */
void upgrade_close(struct monitor *m);

/* monitor_resume.c */
/* resume_take_over - from the descriptor that an older binary left (taken): run directory, sockets, children, table, image, all as
 * they are; false: it failed (logged).  Children are not reaped before: SIGCHLD is blocked until resume_signals(). */
bool resume_take_over(struct monitor *m, int fd);
/* resume_start_anew - it failed: tell who asked, and begin as if nothing had been handed over.  Does not return, or only after
 * monitor_stop() */
void resume_start_anew(struct monitor *m);
/* resume_signals - those that came while a binary took another's place are delivered now */
void resume_signals(void);
/* resume_step - put own processes in the place of old ones, as far as they are ready; call it after each change */
void resume_step(struct monitor *m);
/* resume_tick - each HEARTBEAT_MS; resume_gone - the slot of a child is about to be free */
void resume_tick(struct monitor *m);
void resume_gone(struct monitor *m, struct proc *p);
/* resume_on_handed - MSG_HANDED of an old queue process */
void resume_on_handed(struct monitor *m, struct ipc_message *msg);
/* resume_give - what was handed over, to the new queue process, before anything else */
void resume_give(struct monitor *m, struct proc *queue);
/* resume_understands - is a new image of use to @p?  One that is ending has use for it if it is a proxy, and of a version that reads it */
bool resume_understands(const struct monitor *m, const struct proc *p);
/* resume_serving - who serves in the place of @p now: @p itself, or its predecessor */
struct proc *resume_serving(struct proc *p);
/* resume_bridged - is @p to become ready so soon that the lease need not be withdrawn? */
bool resume_bridged(const struct monitor *m, const struct proc *p);

#endif
