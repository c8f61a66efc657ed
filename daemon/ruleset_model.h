/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_model - the firewall of others as plain arrays, and the interpreter over it
 *
 * Private to ruleset*.c and their tests.  A model is built once (by ruleset_load from
 * netlink, by a test by hand) and then only read; expressions keep what nf_tables' own
 * expressions keep, registers as byte offsets into one block of 64 bytes.
 *
 * Three values: each bit of a register is known or not, each test is NO, YES or MAYBE.
 * The interpreter does not try every combination: past a MAYBE it goes on with "the
 * rule may have matched" and collects every verdict that can be reached.  The result is
 * certain when one kind of verdict was collected; it is never certain and wrong, but may
 * be unknown where two tests of the same unknown thing exclude each other.
 */
#ifndef DEJUNK_RULESET_MODEL_H
#define DEJUNK_RULESET_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ruleset.h"

enum { RS_REG_BYTES = 64, RS_DATA_BYTES = 16, RS_FIELDS = 16, RS_DEPTH = 16 };

enum rs_tri { RS_NO, RS_YES, RS_MAYBE };

/* what an expression does; the kernel's expression of that name unless said otherwise */
enum rs_op {
	RS_OP_YES,		/* has no influence: counter, log, limit within bounds ... */
	RS_OP_NO,		/* never matches: limit "over" */
	RS_OP_MAYBE,		/* may match or not; why[] says what it is */
	RS_OP_ANYTHING,		/* may match or not and then do anything; why[] says what it is */
	RS_OP_META,
	RS_OP_META_SET,
	RS_OP_CT,
	RS_OP_CT_SET,
	RS_OP_PAYLOAD,
	RS_OP_FIB,
	RS_OP_UNKNOWN_REG,	/* writes something unknown to dreg: numgen, hash, socket ... */
	RS_OP_ZERO_REG,		/* writes 0 to dreg */
	RS_OP_IMMEDIATE,	/* data to dreg */
	RS_OP_VERDICT,
	RS_OP_REJECT,
	RS_OP_BITWISE,
	RS_OP_SHIFT_LEFT,
	RS_OP_SHIFT_RIGHT,
	RS_OP_BYTEORDER,
	RS_OP_CMP,
	RS_OP_RANGE,
	RS_OP_LOOKUP,
	RS_OP_XT_MATCH,
	RS_OP_XT_TARGET,
};

enum rs_verdict {
	RS_CONTINUE, RS_ACCEPT, RS_DROP, RS_JUMP, RS_GOTO, RS_RETURN,
	RS_ANY,			/* could be any of them: a queue, a map that cannot be read */
};

struct rs_target {		/* a verdict, and where jump and goto lead */
	uint8_t verdict;	/* enum rs_verdict */
	uint32_t chain;		/* index into model.chain */
};

struct rs_expr {
	uint8_t op;		/* enum rs_op */
	uint8_t sreg, dreg;	/* byte offsets into the registers */
	uint8_t len;		/* bytes */
	uint8_t cmp;		/* NFT_CMP_*, NFT_RANGE_*, byteorder size, shift count */
	uint8_t base;		/* payload base; ct direction + 1, 0: none */
	bool invert;		/* lookup */
	bool verdict_map;	/* lookup */
	uint32_t key;		/* NFT_META_*, NFT_CT_*, NFT_FIB_RESULT_*; payload: offset; queue: first number */
	uint32_t flags;		/* NFTA_FIB_F_*; queue: how many */
	struct rs_target target;
	uint32_t set;		/* index into model.set */
	uint8_t data[RS_DATA_BYTES], data2[RS_DATA_BYTES];	/* cmp; range; mask and xor */
	char why[32];		/* xt: name; MAYBE, ANYTHING: what it is; the kernel's name of some others (ruleset_facts) */
	uint32_t rev;		/* xt */
	uint8_t *info;		/* xt: the match's own struct, info_len bytes; owned */
	uint32_t info_len;
};

struct rs_rule {
	uint64_t handle;
	uint32_t first, count;	/* of model.expr */
};

struct rs_chain {
	char *table, *name;	/* owned */
	uint8_t family;		/* NFPROTO_* */
	bool base, nat;
	bool dormant;		/* its table is switched off */
	uint8_t hook;		/* NF_INET_* */
	bool policy_drop;
	int32_t prio;
	uint32_t first, count;	/* of model.rule */
};

struct rs_data {		/* what a map's element leads to */
	struct rs_target target;
	uint8_t data[RS_DATA_BYTES];
};

enum rs_elem { RS_ELEM_END = 1 };	/* this key is the first past an interval */

struct rs_set {
	char *table, *name;	/* owned */
	uint8_t family;
	bool ask;		/* its elements are not here: ask the kernel */
	bool interval;		/* keys are starts and ends, in order */
	bool ranges;		/* interval of a concatenation: each element has key and key_end */
	bool map, verdict_map;
	bool stateful;		/* elements carry limits or quotas */
	uint8_t klen, dlen;	/* bytes */
	uint8_t fields;		/* of a concatenation; 0: one field of klen */
	uint8_t field_len[RS_FIELDS];
	uint32_t count;
	uint8_t *key;		/* count * klen, sorted; owned */
	uint8_t *key_end;	/* count * klen where ranges; owned */
	uint8_t *flag;		/* count, enum rs_elem; owned */
	struct rs_data *data;	/* count where map; owned */
	bool catchall;
	struct rs_data catchall_data;
};

struct rs_model {
	struct rs_chain *chain;	/* sorted by family, table, name */
	struct rs_rule *rule;
	struct rs_expr *expr;
	struct rs_set *set;	/* sorted likewise */
	uint32_t chains, rules, exprs, sets;
	uint32_t *base;		/* indices of base chains that are awake, by priority */
	uint32_t bases;
	bool marks;		/* some rule writes packet or connection marks */
	bool legacy;		/* iptables-legacy has rules, which are not read */
	bool incomplete;	/* over LIMIT_RULESET_RULES, or not readable as a whole */
	/* is @key (klen bytes) in @set?  1 and @out (maps) filled, 0, or negative: cannot tell */
	int (*ask)(void *ctx, const struct rs_set *set, const uint8_t *key, struct rs_data *out);
	void *ask_ctx;
};

/* rs_model_fini - free what @m's pointers own, not @m itself */
void rs_model_fini(struct rs_model *m);
/* rs_model_index - sort sets' elements and base chains once the arrays are filled; 0 or -ENOMEM */
int rs_model_index(struct rs_model *m);
/* rs_model_chain, rs_model_set - index by name, or -1; the arrays must be sorted (rs_model_sort_*) */
int64_t rs_model_chain(const struct rs_model *m, uint8_t family, const char *table, const char *name);
int64_t rs_model_set(const struct rs_model *m, uint8_t family, const char *table, const char *name);
void rs_model_sort_chains(struct rs_model *m);
void rs_model_sort_sets(struct rs_model *m);

/* --- values of which only some bits are known ---------------------------------- */

struct rs_word { uint32_t val, known; };	/* host byte order */

/* the synthetic packet: headers in network byte order, and which bits of them are known */
struct rs_packet {
	const struct ruleset_packet *p;
	uint8_t hook;				/* NF_INET_* now evaluated */
	bool redirected;			/* the input question: ct status dnat */
	bool link;				/* has an Ethernet header, or may have */
	uint8_t net_len;			/* 20 or 40 */
	uint8_t eth[14], eth_known[14];
	uint8_t net[40], net_known[40];
	uint8_t tcp[20], tcp_known[20];
	struct rs_word mark, ctmark;
};

void rs_packet_init(struct rs_packet *k, const struct ruleset_packet *p, bool redirected,
		    bool marks_known);
/* rs_packet_meta, _ct, _payload, _fib - what the expression would load
 * @val, @known: @len bytes, zeroed beforehand by the caller
 * Returns YES, or NO where the kernel would end the rule (NFT_BREAK), or MAYBE where it might. */
enum rs_tri rs_packet_meta(const struct rs_packet *k, uint32_t key, uint8_t *val, uint8_t *known,
			   unsigned len);
enum rs_tri rs_packet_ct(const struct rs_packet *k, uint32_t key, unsigned dir, uint8_t *val,
			 uint8_t *known, unsigned len);
enum rs_tri rs_packet_payload(const struct rs_packet *k, unsigned base, unsigned offset,
			      uint8_t *val, uint8_t *known, unsigned len);
enum rs_tri rs_packet_fib(const struct rs_packet *k, uint32_t result, uint32_t flags, uint8_t *val,
			  uint8_t *known, unsigned len);
/* rs_packet_status - conntrack status bits (IPS_*) */
struct rs_word rs_packet_status(const struct rs_packet *k);
/* rs_packet_addrtype - RTN_* of the source or destination address, 0 where not known */
unsigned rs_packet_addrtype(const struct rs_packet *k, bool source);
/* rs_packet_tuple - an address of the connection's tuple; false: not known.  @reply: of the other direction */
bool rs_packet_tuple(const struct rs_packet *k, bool reply, bool source, struct addr *a);

/* rs_compare - memcmp of a partly known value to @data under NFT_CMP_* */
enum rs_tri rs_compare(unsigned cmp, const uint8_t *val, const uint8_t *known, const uint8_t *data,
		       unsigned len);
static inline enum rs_tri rs_not(enum rs_tri t) { return t == RS_MAYBE ? t : (enum rs_tri)!t; }
static inline enum rs_tri rs_and(enum rs_tri a, enum rs_tri b)
{
	return a == RS_NO || b == RS_NO ? RS_NO : a == RS_YES ? b : a;
}

/* --- sets -------------------------------------------------------------------------- */

/* rs_set_lookup - is the key in the set?  YES: @out is filled (maps).  MAYBE: any element for
 * which rs_set_could() says so, or none; of sets that must be asked, anything. */
enum rs_tri rs_set_lookup(const struct rs_model *m, const struct rs_set *s, const uint8_t *val,
			  const uint8_t *known, struct rs_data *out);
bool rs_set_could(const struct rs_set *s, uint32_t i, const uint8_t *val, const uint8_t *known);

/* --- xtables matches and targets inside nft rules (nft_compat) ----------------------- */

enum rs_tri rs_xt_match(const struct rs_packet *k, const struct rs_expr *e);
/* rs_xt_target - the verdict; CONTINUE may have changed k->mark.  @certain false: the mark may
 * or may not be changed, for the rule may not have matched. */
enum rs_verdict rs_xt_target(struct rs_packet *k, const struct rs_expr *e, bool certain);
/* rs_word_set - w = (w & ~mask) ^ val; where not @certain, bits that would change become unknown */
void rs_word_set(struct rs_word *w, struct rs_word val, uint32_t mask, bool certain);

/* --- the interpreter ------------------------------------------------------------------ */

struct rs_place {
	uint32_t base, chain;	/* indices of chains */
	int64_t rule;		/* index, or -1: the policy */
	const char *what;	/* for MAYBE: the expression not known; static or the model's */
};

struct rs_outcome {
	bool pass, drop;	/* verdicts that can be reached */
	bool gave_up;		/* too many steps */
	bool has_drop, has_unknown;
	struct rs_place drop_at;	/* the last drop reached */
	struct rs_place unknown_at;	/* the first test not known before a verdict */
};

/* rs_evaluate - run the packet through the base chains of @hook in priority order
 * @after: only chains of a higher priority number than this; chains of type nat are left out where
 *         @hook is not input or forward
 * @o: added to: pass must be true on entry, and is false where no way leads on
 * @steps: of LIMIT_RULESET_STEPS left, counted down */
void rs_evaluate(const struct rs_model *m, struct rs_packet *k, unsigned hook, int64_t after,
		 struct rs_outcome *o, unsigned *steps);

/* --- text ------------------------------------------------------------------------------ */

const char *rs_family_name(uint8_t family);
void rs_where_drop(const struct rs_model *m, const struct rs_place *at, struct ruleset_where *w);
/* rs_where_rule - "chain x (from base) of table inet t, rule handle 3" */
void rs_where_rule(const struct rs_model *m, const struct rs_place *at, char *out, size_t size);
void rs_where_unknown(const struct rs_model *m, const struct rs_outcome *o, struct ruleset_where *w);
void rs_where_command(const struct rs_model *m, const struct rs_place *at,
		      const struct ruleset_packet *p, struct ruleset_where *w);

/* rs_expr_read - one expression of libnftnl's as ours; @family, @table: of its rule
 * Jump and set names are resolved in @m, whose chains and sets are sorted by then.
 * @marks: set to true when it writes a mark.  Returns 0 or -ENOMEM; what is not known becomes ANYTHING. */
struct nftnl_expr;
int rs_expr_read(const struct rs_model *m, uint8_t family, const char *table,
		 const struct nftnl_expr *from, struct rs_expr *e, bool *marks);
/* rs_expr_verdict - a kernel verdict (NF_*, NFT_*) with the chain it names */
struct rs_target rs_expr_verdict(const struct rs_model *m, uint8_t family, const char *table,
				 uint32_t verdict, const char *chain);
/* rs_expr_limits - an expression inside a set or dynset: a limit that the packet is within
 * (YES), over (NO: an inverted one), or something else (MAYBE); what only counts is YES */
enum rs_tri rs_expr_limits(const struct nftnl_expr *from);

/* ruleset_model - what the loaded ruleset is made of; lives as long as @rs */
const struct rs_model *ruleset_model(const struct ruleset *rs);

/* rs_legacy_may_drop - does iptables-legacy have rules or policies here that might drop? */
bool rs_legacy_may_drop(void);

/* rs_load - fill @m from the kernel over a blocking netlink socket; 0 or a negative errno */
struct mnl_socket;
int rs_load(struct rs_model *m, struct mnl_socket *nl);
/* rs_load_ask - model.ask over a socket; the context is a struct rs_load_asker */
struct rs_load_asker {
	const struct rs_model *m;
	struct mnl_socket *nl;	/* used for nothing else meanwhile */
};
int rs_load_ask(void *ctx, const struct rs_set *set, const uint8_t *key, struct rs_data *out);

#endif
