/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_quic - a client's Initial packet: keys derived, decrypted, its frames read; and what derivation costs by EVP_KDF
 *
 * links: quic_initial quic_crypto tls_hello host addr
 */
#include "bench.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "../unit/quic_build.h"
#include "quic_initial.h"
#include "tls_hello.h"

enum { ROUND = 256 };

static struct quic_flow flow;

/* one step of HKDF as OpenSSL offers it */
static void evp_step(EVP_KDF_CTX *c, int mode, const void *key, size_t key_len, const void *more, size_t more_len, uint8_t *out, size_t len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)"SHA256", 0),
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, key_len),
		OSSL_PARAM_construct_octet_string(mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY ? OSSL_KDF_PARAM_SALT : OSSL_KDF_PARAM_INFO,
						  (void *)(uintptr_t)more, more_len),
		OSSL_PARAM_construct_end(),
	};

	WRONG_IF(EVP_KDF_derive(c, out, len, params) != 1, "EVP_KDF_derive");
}

static double evp_derive(struct span dcid)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
	struct passes p = passes_begin();
	uint8_t secret[32], out[32];

	while (passes_more(&p)) {
		for (unsigned i = 0; i < ROUND; i++) {
			evp_step(c, EVP_KDF_HKDF_MODE_EXTRACT_ONLY, dcid.p, dcid.len, quic_version_find(1)->salt, 20, secret, 32);
			evp_step(c, EVP_KDF_HKDF_MODE_EXPAND_ONLY, secret, 32, "\0\x20\x0ftls13 client in", 19, out, 32);
			evp_step(c, EVP_KDF_HKDF_MODE_EXPAND_ONLY, out, 32, "\0\x10\x0etls13 quic key", 18, secret, 16);
			evp_step(c, EVP_KDF_HKDF_MODE_EXPAND_ONLY, out, 32, "\0\x0c\x0dtls13 quic iv", 17, secret, 12);
			evp_step(c, EVP_KDF_HKDF_MODE_EXPAND_ONLY, out, 32, "\0\x10\x0dtls13 quic hp", 17, secret, 16);
			bench_keep(secret[0]);
		}
		passes_end(&p, ROUND);
	}
	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
	return passes_median(&p);
}

static double derive(struct quic_crypto *crypto, struct span dcid)
{
	struct passes p = passes_begin();
	struct quic_keys k;

	while (passes_more(&p)) {
		for (unsigned i = 0; i < ROUND; i++) {
			quic_keys_derive(crypto, quic_version_find(1), dcid, &k);
			bench_keep(k.key[0]);
		}
		passes_end(&p, ROUND);
	}
	return passes_median(&p);
}

/* @n datagrams make the ClientHello whole */
static double read_flow(struct quic *q, const struct bytes *datagrams, unsigned n)
{
	struct passes p = passes_begin();
	struct tls_hello hello;

	while (passes_more(&p)) {
		for (unsigned i = 0; i < ROUND; i++) {
			quic_flow_init(&flow);
			for (unsigned d = 0; d < n; d++) {
				enum quic_result r = quic_flow_feed(q, &flow, bytes_span(&datagrams[d]));

				WRONG_IF(r != (d == n - 1 ? QUIC_HELLO : QUIC_MORE), "%s", quic_why(r));
			}
			WRONG_IF(tls_hello_body(quic_flow_hello(&flow), &hello) != PARSE_DONE || hello.name_len != 15, "%s", hello.name);
		}
		passes_end(&p, (size_t)ROUND * n);
	}
	return passes_median(&p);
}

int main(void)
{
	struct initial i = { .version = 1, .dcid = SPAN_LIT("\x83\x94\xc8\xf0\x3e\x51\x57\x08"), .pn_bytes = 1, .pad = 1250 };
	static struct bytes small, large, frames, one, two[2];
	struct quic_crypto *crypto = quic_crypto_new();
	struct quic *q = quic_new();

	WRONG_IF(!crypto || !q, "libcrypto");
	build_hello(&small, SPAN_LIT("www.example.com"), 512);
	put_crypto(&frames, bytes_span(&small), 0, 512);
	build_initial(&one, crypto, &i, bytes_span(&frames));
	/* as a browser with a post-quantum key scatters it: the end first, small pieces, PING between them */
	build_hello(&large, SPAN_LIT("www.example.com"), 1780);
	for (unsigned d = 0; d < 2; d++) {
		frames.len = 0;
		for (unsigned c = 10; c; c--) {
			put(&frames, "\1\0\0\0", 4);
			put_crypto(&frames, bytes_span(&large), (d * 10 + c - 1) * 89, 89);
		}
		i.pn = d;
		build_initial(&two[d], crypto, &i, bytes_span(&frames));
	}
	figure("QUIC keys derived", derive(crypto, i.dcid), "ns", evp_derive(i.dcid), "EVP_KDF");
	figure("QUIC Initial decrypted and read", read_flow(q, &one, 1), "ns", 8000, "goal");
	figure("QUIC Initial, hello over two", read_flow(q, two, 2), "ns/packet", 8000, "goal");
	quic_free(q);
	quic_crypto_free(crypto);
	return 0;
}
