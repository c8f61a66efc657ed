/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quic_crypto - the keys of a client's Initial packets, and what they unlock (libcrypto)
 *
 * HKDF is written here over libcrypto's SHA-256: EVP_KDF looks its parameters up by name and allocates at each of the five
 * steps, which makes it ten times slower (bench_quic has both).  The first block of each salt's HMAC is
 * done once.
 */
#define OPENSSL_SUPPRESS_DEPRECATED	/* SHA256_*: a struct that can be copied, which EVP_MD_CTX is not */
#include "quic_crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "container.h"

enum { HASH = SHA256_DIGEST_LENGTH, BLOCK = SHA256_CBLOCK, SALT = 20 };

#define SALT_V1	"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a"	/* RFC 9001 s.5.2 */
#define SALT_V2	"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9"	/* RFC 9369 s.3.3.1 */
#define SALT_V2_DRAFT "\xa7\x07\xc2\x03\xa5\x9b\x47\x18\x4a\x1d\x62\xca\x57\x04\x06\xea\x7a\xe3\xe5\xd3"	/* draft-ietf-quic-v2 */
#define SALT_29	"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99"	/* draft-ietf-quic-tls-29 */
#define SALT_23	"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02"
#define SALT_22	"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a"
#define SALT_T50 "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10"
#define SALT_T51 "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d"

static const struct quic_version versions[] = {
	{ 0x00000001, 0x00000001, 0, 1, false, SALT_V1 },
	{ 0x6b3343cf, 0x6b3343cf, 1, 2, false, SALT_V2 },
	{ 0x709a50c4, 0x709a50c4, 1, 2, false, SALT_V2_DRAFT },
	{ 0xff000021, 0xff000022, 0, 1, false, SALT_V1 },	/* drafts 33, 34 */
	{ 0xff00001d, 0xff000020, 0, 1, false, SALT_29 },
	{ 0xff000017, 0xff00001c, 0, 1, false, SALT_23 },
	{ 0xff000016, 0xff000016, 0, 1, false, SALT_22 },
	{ 0xfaceb001, 0xfaceb001, 0, 1, false, SALT_22 },	/* mvfst, Facebook's */
	{ 0xfaceb002, 0xfaceb002, 0, 1, false, SALT_23 },
	{ 0xfaceb003, 0xfaceb003, 0, 1, false, SALT_V1 },
	{ 0xfaceb00d, 0xfaceb00d, 0, 1, false, SALT_V1 },
	{ 0xfaceb00e, 0xfaceb013, 0, 1, false, SALT_23 },
	{ 0x54303530, 0x54303530, 0, 1, true, SALT_T50 },	/* Google's, with TLS: "T050", "T051" */
	{ 0x54303531, 0x54303531, 0, 1, true, SALT_T51 },
};

/* 0x?a?a?a?a only asks for Version Negotiation (RFC 9000 s.15); its Initial packets are those of version 1 */
static const struct quic_version forced = { 0x0a0a0a0a, 0xfafafafa, 0, 1, false, SALT_V1 };

/* HMAC-SHA256 with a key already taken in */
struct hmac {
	SHA256_CTX inner, outer;
};

struct quic_crypto {
	EVP_CIPHER *ecb, *gcm;
	EVP_CIPHER_CTX *mask, *open;
	struct hmac salts[ARRAY_LEN(versions)];
};

/* of HKDF-Expand-Label (RFC 8446 s.7.1) with an empty context, and the counter behind it: length, label, context, 1 */
struct label {
	const char *bytes;
	size_t len;
};
#define LABEL(length, len, text) { "\0" length len "tls13 " text "\0\1", sizeof("\0" length len "tls13 " text "\0\1") - 1 }

static const struct label client_in = LABEL("\x20", "\x0f", "client in");
static const struct label key_labels[2] = { LABEL("\x10", "\x0e", "quic key"), LABEL("\x10", "\x10", "quicv2 key") };
static const struct label iv_labels[2] = { LABEL("\x0c", "\x0d", "quic iv"), LABEL("\x0c", "\x0f", "quicv2 iv") };
static const struct label hp_labels[2] = { LABEL("\x10", "\x0d", "quic hp"), LABEL("\x10", "\x0f", "quicv2 hp") };

/* --- HKDF --- */

/* hmac_key - @len is at most BLOCK */
static void hmac_key(struct hmac *h, const void *key, size_t len)
{
	uint8_t block[BLOCK];

	for (size_t i = 0; i < BLOCK; i++)
		block[i] = (uint8_t)(0x36 ^ (i < len ? ((const uint8_t *)key)[i] : 0));
	SHA256_Init(&h->inner);
	SHA256_Update(&h->inner, block, BLOCK);
	for (size_t i = 0; i < BLOCK; i++)
		block[i] ^= 0x36 ^ 0x5c;
	SHA256_Init(&h->outer);
	SHA256_Update(&h->outer, block, BLOCK);
}

static void hmac(const struct hmac *h, const void *message, size_t len, uint8_t out[HASH])
{
	SHA256_CTX c = h->inner;

	SHA256_Update(&c, message, len);
	SHA256_Final(out, &c);
	c = h->outer;
	SHA256_Update(&c, out, HASH);
	SHA256_Final(out, &c);
}

/* expand - one block is enough: @len is at most HASH */
static void expand(const struct hmac *secret, const struct label *label, uint8_t *out, size_t len)
{
	uint8_t block[HASH];

	hmac(secret, label->bytes, label->len, block);
	memcpy(out, block, len);
}

void quic_keys_derive(const struct quic_crypto *c, const struct quic_version *v, struct span dcid, struct quic_keys *out)
{
	const struct hmac *salt = &c->salts[v == &forced ? 0 : v - versions];
	uint8_t secret[HASH];
	struct hmac h;

	hmac(salt, dcid.p, dcid.len, secret);		/* HKDF-Extract */
	hmac_key(&h, secret, sizeof(secret));
	expand(&h, &client_in, secret, sizeof(secret));
	hmac_key(&h, secret, sizeof(secret));
	expand(&h, &key_labels[v->labels - 1], out->key, sizeof(out->key));
	expand(&h, &iv_labels[v->labels - 1], out->iv, sizeof(out->iv));
	expand(&h, &hp_labels[v->labels - 1], out->hp, sizeof(out->hp));
}

/* --- packets --- */

bool quic_mask(struct quic_crypto *c, const struct quic_keys *k, const uint8_t sample[QUIC_SAMPLE], uint8_t mask[QUIC_MASK])
{
	uint8_t block[QUIC_SAMPLE];
	int n;

	if (EVP_EncryptInit_ex(c->mask, NULL, NULL, k->hp, NULL) != 1 ||
	    EVP_EncryptUpdate(c->mask, block, &n, sample, QUIC_SAMPLE) != 1 || n != QUIC_SAMPLE)
		return false;
	memcpy(mask, block, QUIC_MASK);
	return true;
}

bool quic_open(struct quic_crypto *c, const struct quic_keys *k, uint64_t pn, const struct span aad[3], struct span in, uint8_t *plain)
{
	uint8_t nonce[QUIC_IV], last[QUIC_TAG];
	int n;

	if (in.len < QUIC_TAG || in.len > INT32_MAX)
		return false;
	memcpy(nonce, k->iv, sizeof(nonce));
	for (int i = 0; i < 8; i++)	/* RFC 9001 s.5.3 */
		nonce[QUIC_IV - 1 - i] ^= (uint8_t)(pn >> 8 * i);
	in.len -= QUIC_TAG;
	if (EVP_DecryptInit_ex(c->open, NULL, NULL, k->key, nonce) != 1)
		return false;
	for (int i = 0; i < 3; i++)
		if (aad[i].len > INT32_MAX ||
		    EVP_DecryptUpdate(c->open, NULL, &n, (const uint8_t *)aad[i].p, (int)aad[i].len) != 1)
			return false;
	return EVP_DecryptUpdate(c->open, plain, &n, (const uint8_t *)in.p, (int)in.len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(c->open, EVP_CTRL_AEAD_SET_TAG, QUIC_TAG, (void *)(uintptr_t)(in.p + in.len)) == 1 &&
	       EVP_DecryptFinal_ex(c->open, last, &n) == 1;
}

/* --- versions and contexts --- */

const struct quic_version *quic_version_find(uint32_t version)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (version >= versions[i].first && version <= versions[i].last)
			return &versions[i];
	return (version & 0x0f0f0f0f) == 0x0a0a0a0a ? &forced : NULL;
}

struct quic_crypto *quic_crypto_new(void)
{
	struct quic_crypto *c;

	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		hmac_key(&c->salts[i], versions[i].salt, SALT);
	c->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	c->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	c->mask = EVP_CIPHER_CTX_new();
	c->open = EVP_CIPHER_CTX_new();
	if (!c->ecb || !c->gcm || !c->mask || !c->open || EVP_EncryptInit_ex(c->mask, c->ecb, NULL, NULL, NULL) != 1 ||
	    EVP_DecryptInit_ex(c->open, c->gcm, NULL, NULL, NULL) != 1) {
		quic_crypto_free(c);
		return NULL;
	}
	return c;
}

void quic_crypto_free(struct quic_crypto *c)
{
	if (!c)
		return;
	EVP_CIPHER_CTX_free(c->mask);
	EVP_CIPHER_CTX_free(c->open);
	EVP_CIPHER_free(c->ecb);
	EVP_CIPHER_free(c->gcm);
	free(c);
}
