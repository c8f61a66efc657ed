/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_packet - IP headers and DNS messages of the captures, and the table of learned names, full
 *
 * links: ip_pkt dns_msg dns_name names names_store addr
 */
#include "bench.h"
#include "../unit/capture.h"

#include <dirent.h>

#include "dns_msg.h"
#include "ip_pkt.h"
#include "limits.h"
#include "names.h"

enum { PACKETS_MAX = 200000, LEARN = 200000 };

static struct span packets[PACKETS_MAX], answers[PACKETS_MAX];
static size_t packet_count, answer_count;
static struct dns_msg msg;

static void read_captures(void)
{
	DIR *dir = opendir(shared_path("data/pcaps"));
	struct dirent *entry;
	char below[512];

	while (dir && (entry = readdir(dir)) != NULL) {
		struct span file, ip;
		size_t at = 0;

		snprintf(below, sizeof(below), "data/pcaps/%s", entry->d_name);
		if (!strstr(below, ".pcap"))
			continue;
		file = file_read(shared_path(below));	/* never freed: the packets point into it */
		if (!file.p || !capture_is(file))
			continue;
		while (packet_count < PACKETS_MAX && capture_next(file, &at, &ip)) {
			struct ip_pkt pkt;

			if (!ip.len)
				continue;
			packets[packet_count++] = ip;
			if (ip_pkt_parse(ip, &pkt) == IP_PKT_UDP && pkt.src.port_be == htons(53) &&
			    dns_msg_parse(pkt.payload, &msg) == DNS_MSG_ANSWER && msg.addrs)
				answers[answer_count++] = pkt.payload;
		}
	}
	if (dir)
		closedir(dir);
}

static void bench_headers(void)
{
	size_t before = 0, good = 0;
	struct ip_pkt pkt;

	for (size_t i = 0; i < packet_count; i++)
		before += ip_pkt_parse(packets[i], &pkt) <= IP_PKT_UDP;
	WRONG_IF(before < packet_count / 2, "%zu of %zu packets are TCP or UDP", before, packet_count);
	struct passes p = passes_begin();

	while (passes_more(&p)) {
		good = 0;
		for (size_t i = 0; i < packet_count; i++)
			good += ip_pkt_parse(packets[i], &pkt) <= IP_PKT_UDP;
		passes_end(&p, packet_count);
	}
	WRONG_IF(good != before, "%zu good packets, then %zu", before, good);
	figure("ip_packet_parse", passes_median(&p), "ns/packet", 0, NULL);
}

static void bench_dns(void)
{
	struct passes p = passes_begin();

	while (passes_more(&p)) {
		for (int again = 0; again < 100; again++)
			for (size_t i = 0; i < answer_count; i++)
				WRONG_IF(dns_msg_parse(answers[i], &msg) != DNS_MSG_ANSWER || !msg.addrs, "answer %zu", i);
		passes_end(&p, answer_count * 100);
	}
	figure("dns_answer_parse", passes_median(&p) / 1000, "us", 0.5, "the bound of the project");
}

static void on_change(void *arg, const struct names_change *change)
{
	(void)arg;
	(void)change;
}

/* learned - answer number @i: one of 200 clients, one of 20,000 names, one of 5,000 addresses */
static void learned(struct names *names, size_t i, uint64_t now_ms)
{
	uint32_t at = (uint32_t)i * 2654435761u, evicted = 0;
	uint8_t ip[4] = { 198, 51, (uint8_t)(at % 5000 >> 8), (uint8_t)(at % 5000) };
	uint8_t client_ip[4] = { 10, 1, (uint8_t)(at >> 8 & 1), (uint8_t)(at >> 10 & 127) };
	struct names_answer a = { .ttl_s = 300 + at % 100, .blocked = at % 4 == 0, .origin = at % 4 == 0 };
	struct names_change change;
	struct addr addr;
	char chain[64];
	int len = snprintf(chain, sizeof(chain), "_h%05u.cdn.example", at % 20000);

	chain[0] = (char)(len - 1);
	a.chain = (struct span){ chain, (size_t)len };
	a.client.kind = CLIENT_IP;
	addr_from_ip(&a.client.ip, AF_INET, client_ip);
	a.client_ip = a.client.ip;
	addr_from_ip(&addr, AF_INET, ip);
	WRONG_IF(names_learn(names, &a, &addr, now_ms, &change, &evicted) != NAMES_LEARNED, "answer %zu not learned", i);
	struct names_pair pair;
	enum pair_state state = names_pair(names, &a.client, &addr, now_ms, &pair);

	WRONG_IF(state != change.after || state == PAIR_UNKNOWN, "answer %zu: pair %d, told %d", i, state, change.after);
}

static void bench_names(void)
{
	struct names_bounds bounds = names_bounds_default();
	struct names *names = names_new(&bounds, 42, on_change, NULL);
	size_t next = 0;

	WRONG_IF(!names, "out of memory");
	for (; next < LEARN; next++)
		learned(names, next, next / 10);
	WRONG_IF(names_count(names) < LIMIT_NAMES_LEARNED / 2, "only %u names in the table", names_count(names));
	struct passes p = passes_begin();

	while (passes_more(&p)) {
		for (int i = 0; i < 1000; i++, next++)
			learned(names, next, next / 10);
		passes_end(&p, 1000);
	}
	figure("names_learn_and_ask_full_table", passes_median(&p) / 1000, "us", 0, NULL);
	names_free(names);
}

int main(void)
{
	read_captures();
	if (packet_count && answer_count) {
		bench_headers();
		bench_dns();
	} else {
		printf("SKIP no captures beside the repository\n");
	}
	bench_names();
	return 0;
}
