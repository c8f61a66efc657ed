/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quic_crypto - the keys of a client's Initial packets, and what they unlock (libcrypto)
 *
 * Initial packets are protected against nobody who reads RFC 9001: their keys are made of a public salt, which
 * the version tells, and of the connection ID that the packet carries.  That is why a server name can be
 * read from them, and why no more than that can.
 *
 * Contexts are made once, in quic_crypto_new(), and used for all flows; nothing is allocated per packet.
 * Call quic_crypto_new() before file access is taken away; no file is read by it or later.
 * RFC 9001 section 5, RFC 9369 section 3.3, RFC 5869.
 */
#ifndef DEJUNK_QUIC_CRYPTO_H
#define DEJUNK_QUIC_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

enum {
	QUIC_KEY = 16, QUIC_IV = 12, QUIC_TAG = 16,	/* bytes, AEAD_AES_128_GCM */
	QUIC_SAMPLE = 16, QUIC_MASK = 5,		/* RFC 9001 s.5.4.1, 5.4.2 */
	QUIC_CID_MAX = 20,				/* RFC 9000 s.17.2 */
};

struct quic_crypto;

/* one version of the protocol, or a range of drafts with the same salt; static storage */
struct quic_version {
	uint32_t first, last;
	uint8_t initial;	/* long packet type of an Initial packet: 0, or 1 in version 2 */
	uint8_t labels;		/* of which version the HKDF labels are */
	bool google;		/* frames of Google QUIC around TLS */
	const char *salt;	/* 20 bytes */
};

struct quic_keys {
	uint8_t key[QUIC_KEY], iv[QUIC_IV], hp[QUIC_KEY];
};

/* quic_crypto_new - NULL: no memory, or libcrypto lacks an algorithm */
struct quic_crypto *quic_crypto_new(void);
void quic_crypto_free(struct quic_crypto *c);
/* quic_version_find - NULL: not known */
const struct quic_version *quic_version_find(uint32_t version);

/* quic_keys_derive - the keys of the client's packets
 * @dcid: the destination connection ID of its first Initial packet (after a Retry: of the first one after it), at most
 *        QUIC_CID_MAX bytes */
void quic_keys_derive(const struct quic_crypto *c, const struct quic_version *v, struct span dcid, struct quic_keys *out);
/* quic_mask - what hides the first byte and the packet number; false: libcrypto failed */
bool quic_mask(struct quic_crypto *c, const struct quic_keys *k, const uint8_t sample[QUIC_SAMPLE], uint8_t mask[QUIC_MASK]);
/* quic_open - decrypt one packet
 * @pn:    its packet number
 * @aad:   its header in three parts, so that the one in the middle need not be copied
 * @in:    what follows the header, its last QUIC_TAG bytes being the tag
 * @plain: as long as @in; filled with @in.len - QUIC_TAG bytes, which are worth nothing where false is returned
 *
 * Returns whether it is authentic. */
bool quic_open(struct quic_crypto *c, const struct quic_keys *k, uint64_t pn, const struct span aad[3], struct span in, uint8_t *plain);

#endif
