/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quic_build - a client's Initial packets, for tests, fuzz targets and benchmarks: the other direction of quic_crypto */
#ifndef DEJUNK_QUIC_BUILD_H
#define DEJUNK_QUIC_BUILD_H

#include <assert.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

#include "quic_crypto.h"
#include "span.h"

enum { BUILD_MAX = 4096 };

struct bytes {
	size_t len;
	uint8_t p[BUILD_MAX];
};

struct initial {
	uint32_t version;
	struct span dcid, scid, token;
	struct span key_cid;	/* of which the keys are made; empty: @dcid */
	uint64_t pn;
	unsigned pn_bytes;	/* 1 to 4 */
	unsigned type;		/* of the long header, as in version 1 */
	size_t pad;		/* bytes of the whole packet at least */
};

static inline void put(struct bytes *b, const void *p, size_t len)
{
	assert(b->len + len <= sizeof(b->p));
	if (len)
		memcpy(b->p + b->len, p, len);
	b->len += len;
}

static inline void put_int(struct bytes *b, uint64_t v, unsigned bytes)
{
	while (bytes--) {
		uint8_t c = (uint8_t)(v >> 8 * bytes);

		put(b, &c, 1);
	}
}

/* in @bytes bytes: 1, 2, 4 or 8 */
static inline void put_varint_in(struct bytes *b, uint64_t v, unsigned bytes)
{
	put_int(b, v | (uint64_t)__builtin_ctz(bytes) << (8 * bytes - 2), bytes);
}

static inline void put_varint(struct bytes *b, uint64_t v)
{
	put_varint_in(b, v, v < 64 ? 1 : v < 16384 ? 2 : v < 1 << 30 ? 4 : 8);
}

static inline void put_crypto(struct bytes *b, struct span all, size_t at, size_t len)
{
	put_int(b, 6, 1);
	put_varint(b, at);
	put_varint(b, len);
	put(b, all.p + at, len);
}

static inline struct span bytes_span(const struct bytes *b)
{
	return (struct span){ (const char *)b->p, b->len };
}

/* a ClientHello of the name @host (none where it is empty), handshake header first, at least @pad bytes long */
static inline void build_hello(struct bytes *b, struct span host, size_t pad)
{
	size_t at = b->len, need;
	uint8_t *size;

	put(b, "\1\0\0\0\3\3", 6);
	for (unsigned i = 0; i < 32; i++)
		put_int(b, i * 7 + 1, 1);
	put(b, "\0\0\2\x13\1\1\0\0\0", 9);	/* session, suites, compression, extensions */
	size = b->p + b->len - 2;
	if (host.len) {
		put_int(b, 0, 2);
		put_int(b, host.len + 5, 2);
		put_int(b, host.len + 3, 2);
		put_int(b, 0, 1);
		put_int(b, host.len, 2);
		put(b, host.p, host.len);
	}
	put(b, "\0\x2b\0\3\2\3\4", 7);
	need = b->len - at;
	if (need + 4 < pad) {
		put_int(b, 21, 2);
		put_int(b, pad - need - 4, 2);
		for (size_t i = need + 4; i < pad; i++)
			put_int(b, 0, 1);
	}
	size[0] = (uint8_t)((b->len - (size_t)(size + 2 - b->p)) >> 8);
	size[1] = (uint8_t)(b->len - (size_t)(size + 2 - b->p));
	b->p[at + 2] = (uint8_t)((b->len - at - 4) >> 8);
	b->p[at + 3] = (uint8_t)(b->len - at - 4);
}

static inline void seal(const struct quic_keys *k, uint64_t pn, struct span head, struct span plain, uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t nonce[QUIC_IV];
	int n, ok;

	memcpy(nonce, k->iv, sizeof(nonce));
	for (int i = 0; i < 8; i++)
		nonce[QUIC_IV - 1 - i] ^= (uint8_t)(pn >> 8 * i);
	ok = EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, k->key, nonce) == 1 &&
	     EVP_EncryptUpdate(c, NULL, &n, (const uint8_t *)head.p, (int)head.len) == 1 &&
	     EVP_EncryptUpdate(c, out, &n, (const uint8_t *)plain.p, (int)plain.len) == 1 &&
	     EVP_EncryptFinal_ex(c, out + n, &n) == 1 &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, QUIC_TAG, out + plain.len) == 1;
	assert(ok);
	(void)ok;
	EVP_CIPHER_CTX_free(c);
}

/* build_initial - one packet that carries @frames, appended to @out */
static inline void build_initial(struct bytes *out, struct quic_crypto *crypto, const struct initial *i, struct span frames)
{
	const struct quic_version *v = quic_version_find(i->version);
	struct bytes plain = { 0 };
	struct quic_keys keys;
	uint8_t mask[QUIC_MASK];
	size_t at = out->len, number, need, pad;

	put(&plain, frames.p, frames.len);
	put_int(out, 0xc0 | ((i->type + v->initial) & 3) << 4 | (i->pn_bytes - 1), 1);
	put_int(out, i->version, 4);
	put_int(out, i->dcid.len, 1);
	put(out, i->dcid.p, i->dcid.len);
	put_int(out, i->scid.len, 1);
	put(out, i->scid.p, i->scid.len);
	if (i->type == 0) {
		put_varint(out, i->token.len);
		put(out, i->token.p, i->token.len);
	}
	need = out->len - at + 2 + i->pn_bytes + QUIC_TAG;
	pad = i->pad > need + plain.len ? i->pad - need - plain.len : 0;
	if (i->pn_bytes + plain.len + pad < 4)
		pad = 4 - i->pn_bytes - plain.len;
	while (pad--)
		put_int(&plain, 0, 1);
	put_varint_in(out, i->pn_bytes + plain.len + QUIC_TAG, 2);
	number = out->len;
	put_int(out, i->pn & (((uint64_t)1 << 8 * i->pn_bytes) - 1), i->pn_bytes);
	assert(out->len + plain.len + QUIC_TAG <= sizeof(out->p));
	quic_keys_derive(crypto, v, i->key_cid.len ? i->key_cid : i->dcid, &keys);
	seal(&keys, i->pn, (struct span){ (char *)out->p + at, out->len - at }, bytes_span(&plain), out->p + out->len);
	out->len += plain.len + QUIC_TAG;
	quic_mask(crypto, &keys, out->p + number + 4, mask);
	out->p[at] ^= mask[0] & 0x0f;
	for (unsigned n = 0; n < i->pn_bytes; n++)
		out->p[number + n] ^= mask[1 + n];
}

#endif
