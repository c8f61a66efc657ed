/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway - the "gateway" section of rules.yaml, as every role reads it
 *
 * Stored as it is in the rule image (no pointers).  Whoever maps an image gets it
 * range-checked: strings terminated, counts within bounds, enumerations known.
 */
#ifndef DEJUNK_GATEWAY_H
#define DEJUNK_GATEWAY_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

enum gateway_bound { GATEWAY_PORTS = 16, GATEWAY_LANS = 32, GATEWAY_EXEMPT = 256 };
/* our bits of marks, lowest first: three of connections, two of packets; what they mean stands in nft/dejunk.nft */
enum gateway_mark { FLOW_SEEN, FLOW_REFUSED, FLOW_ASK, MARK_DECIDED, MARK_REFUSE, MARK_BITS };
enum gateway_switch { SWITCH_NO, SWITCH_YES, SWITCH_AUTO };
enum gateway_failure { FAILURE_PASS, FAILURE_BLOCK };
enum gateway_refuse { REFUSE_RESET, REFUSE_DROP };
enum gateway_unlearned { UNLEARNED_DEFER, UNLEARNED_REFUSE };
enum gateway_non_http { NON_HTTP_PASS, NON_HTTP_REFUSE };
enum gateway_tls { TLS_ALL, TLS_SUSPECT, TLS_OFF };
enum gateway_quic { GATEWAY_QUIC_INSPECT, GATEWAY_QUIC_BLOCK, GATEWAY_QUIC_PASS };
enum gateway_dns { DNS_LEARN, DNS_REFUSE };
enum gateway_ech { ECH_PASS, ECH_STRIP };
enum gateway_doh { DOH_PASS, DOH_REFUSE };

struct gateway {
	uint8_t lan_auto;			/* 1: the monitor finds the interfaces */
	uint8_t lans;				/* names in lan[], when not auto */
	uint8_t filter_self;			/* enum gateway_switch */
	uint8_t on_failure;			/* enum gateway_failure */
	uint8_t refuse_with;			/* enum gateway_refuse */
	uint8_t unlearned;			/* enum gateway_unlearned */
	uint8_t non_http;			/* enum gateway_non_http */
	uint8_t http_ports;			/* used of http_port[], at least 1 */
	uint8_t tls;				/* enum gateway_tls */
	uint8_t quic;				/* enum gateway_quic */
	uint8_t tls_ports;			/* used of tls_port[], at least 1 */
	uint8_t _pad2;
	uint16_t http_port[GATEWAY_PORTS];	/* host byte order */
	uint16_t tls_port[GATEWAY_PORTS];	/* host byte order */
	uint16_t listen;			/* host byte order */
	uint16_t workers;			/* proxy processes; 0: one per CPU */
	uint16_t exempts;			/* used of exempt[] */
	uint8_t dns;				/* enum gateway_dns */
	uint8_t ech;				/* enum gateway_ech */
	uint8_t doh;				/* enum gateway_doh */
	uint8_t _pad[3];
	uint32_t mark;				/* MARK_BITS bits are set */
	struct addr probe;			/* family 0: no probe */
	char lan[GATEWAY_LANS][IFNAMSIZ];
	struct prefix exempt[GATEWAY_EXEMPT];	/* clients never filtered */
};

/* gateway_default - what an empty rules.yaml means */
void gateway_default(struct gateway *g);
/* gateway_valid - are all counts, enumerations and strings within bounds? */
bool gateway_valid(const struct gateway *g);
/* gateway_mark_good - has it as many bits set as we need? */
bool gateway_mark_good(uint32_t mark);
/* gateway_mark - the bit of marks that stands for @which */
uint32_t gateway_mark(const struct gateway *g, enum gateway_mark which);

#endif
