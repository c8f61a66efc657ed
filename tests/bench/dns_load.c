/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_load - many clients and their name server at both ends of a gateway: for how long is an answer on its way?
 *
 *	dns_load INTERFACE MAC NETNS SERVER SUFFIX FIRST RATE COUNT
 *
 * Is run in the clients' network namespace, asks COUNT questions at RATE a second through INTERFACE and the gateway with this
 * MAC, each for a name of its own below SUFFIX, and answers them itself in NETNS at the address SERVER, with an address of
 * its own from FIRST on: one process, so that nobody's wake-up but the gateway's is measured.  CLIENTS clients with addresses of their own
 * take turns; their IP addresses are SOURCE and following, which the gateway must know as neighbours at INTERFACE's own MAC.
 *
 * Prints: answers sent, answers that arrived, p50, p99 and longest time from the server's sending to the arrival (the
 * kernel's time stamp) in microseconds.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CLIENTS = 50,
	SOURCE = 10 << 24 | 99 << 16 | 1,	/* 10.99.0.1 */
	NAMES = 20000,		/* then the same ones again */
	DNS_HEAD = 12,
	ANSWER_BYTES = 16,	/* behind the question */
	COUNT_MAX = 60000,	/* fewer than there are ids */
	LAST_MS = 300,		/* an answer is waited for */
};

struct question {
	struct ether_header ether;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t dns[128];
} __attribute__((packed));

static struct {
	int client, server;
	struct question q;
	char suffix[64];
	uint32_t first;		/* address, host order */
	uint64_t sent_ns[COUNT_MAX];		/* by id, 0: no answer was sent */
	double took_us[COUNT_MAX];
	size_t answers, arrived;
} load;

static uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* put_name - NAME.suffix in the form of the wire; returns the bytes */
static size_t put_name(uint8_t *out, const char *name)
{
	char text[128];
	size_t used = 0;

	snprintf(text, sizeof(text), "%s.%s", name, load.suffix);
	for (char *label = strtok(text, "."); label; label = strtok(NULL, ".")) {
		out[used++] = (uint8_t)strlen(label);
		memcpy(out + used, label, strlen(label));
		used += strlen(label);
	}
	out[used++] = 0;
	return used;
}

static void ask(uint16_t id)
{
	static const uint8_t kind[] = { 0, 1, 0, 1 };	/* A, IN */
	struct question *q = &load.q;
	uint32_t client = id % CLIENTS, sum = 0;
	char name[16];
	size_t n = DNS_HEAD;

	snprintf(name, sizeof(name), "n%05u", id % NAMES);
	memset(q->dns, 0, DNS_HEAD);
	q->dns[0] = (uint8_t)(id >> 8);
	q->dns[1] = (uint8_t)id;
	q->dns[2] = 1;	/* recursion, please */
	q->dns[5] = 1;	/* one question */
	n += put_name(q->dns + n, name);
	memcpy(q->dns + n, kind, sizeof(kind));
	n += sizeof(kind);
	q->ether.ether_shost[0] = 2;
	q->ether.ether_shost[5] = (uint8_t)client;
	q->ip.saddr = htonl(SOURCE + client);
	q->ip.tot_len = htons((uint16_t)(sizeof(q->ip) + sizeof(q->udp) + n));
	q->ip.check = 0;
	for (size_t i = 0; i < sizeof(q->ip); i += 2)
		sum += ((uint32_t)((uint8_t *)&q->ip)[i] << 8) + ((uint8_t *)&q->ip)[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	q->ip.check = htons((uint16_t)~(sum + (sum >> 16)));
	q->udp.source = htons((uint16_t)(20000 + id % 40000));
	q->udp.dest = htons(53);
	q->udp.len = htons((uint16_t)(sizeof(q->udp) + n));
	WRONG_IF(send(load.client, q, sizeof(*q) - sizeof(q->dns) + n, 0) < 0, "sending a question: %s", strerror(errno));
}

/* answer - all questions that wait: an address for each name, which goes with its number */
static void answer(void)
{
	uint8_t dns[256];
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	ssize_t n;

	while ((n = recvfrom(load.server, dns, sizeof(dns) - ANSWER_BYTES, MSG_DONTWAIT, (struct sockaddr *)&peer, &len)) > DNS_HEAD) {
		unsigned id = (unsigned)dns[0] << 8 | dns[1], name = id % NAMES;
		const uint8_t a[ANSWER_BYTES] = { 0xc0, DNS_HEAD, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4 };
		uint32_t address = htonl(load.first + name);

		WRONG_IF(id >= COUNT_MAX, "id %u", id);
		dns[2] = 0x81;
		dns[3] = 0x80;
		dns[7] = 1;	/* one answer */
		memcpy(dns + n, a, sizeof(a));
		memcpy(dns + n + sizeof(a) - sizeof(address), &address, sizeof(address));
		load.answers++;
		load.sent_ns[id] = wall_ns();
		WRONG_IF(sendto(load.server, dns, (size_t)n + sizeof(a), 0, (struct sockaddr *)&peer, len) < 0,
			 "answering: %s", strerror(errno));
	}
}

/* take - all answers that arrived */
static void take(void)
{
	struct question q;
	char control[64];
	struct iovec iov = { &q, sizeof(q) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };

	while (recvmsg(load.client, &m, MSG_DONTWAIT) > 0) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		unsigned id = (unsigned)q.dns[0] << 8 | q.dns[1];
		struct timespec t;

		WRONG_IF(!c || c->cmsg_type != SO_TIMESTAMPNS, "a packet without a time stamp");
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		m.msg_controllen = sizeof(control);
		if (id >= COUNT_MAX || !load.sent_ns[id])
			continue;
		load.took_us[load.arrived++] = (double)((uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec - load.sent_ns[id]) / 1000;
		load.sent_ns[id] = 0;
	}
}

static void wait_until(uint64_t ns)
{
	struct pollfd p[2] = { { .fd = load.client, .events = POLLIN }, { .fd = load.server, .events = POLLIN } };
	struct timespec t = { 0 };
	uint64_t now;

	while ((now = bench_ns()) < ns) {
		t.tv_nsec = ns - now < 1000000 ? (long)(ns - now) : 1000000;
		if (ppoll(p, 2, &t, NULL) <= 0)
			continue;
		answer();
		take();
	}
}

static void open_client(const char *interface, const char *mac, const char *server)
{
	/* UDP from port 53, towards us */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 34), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 53, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff), BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = (int)if_nametoindex(interface) };
	struct question *q = &load.q;
	uint8_t *d = q->ether.ether_dhost;
	int on = 1;

	load.client = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	WRONG_IF(load.client < 0 || setsockopt(load.client, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
		 setsockopt(load.client, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
		 bind(load.client, (struct sockaddr *)&to, sizeof(to)) < 0, "%s: %s", interface, strerror(errno));
	q->ether.ether_type = htons(ETHERTYPE_IP);
	q->ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP };
	WRONG_IF(sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &d[0], &d[1], &d[2], &d[3], &d[4], &d[5]) != 6 ||
		 inet_pton(AF_INET, server, &q->ip.daddr) != 1, "%s or %s is no address", mac, server);
}

static void open_server(const char *netns)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = load.q.ip.daddr };
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	WRONG_IF(fd < 0 || setns(fd, CLONE_NEWNET) < 0, "%s: %s", path, strerror(errno));
	close(fd);
	load.server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	WRONG_IF(load.server < 0 || bind(load.server, (struct sockaddr *)&at, sizeof(at)) < 0, "port 53: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	if (argc != 9) {
		fprintf(stderr, "usage: dns_load INTERFACE MAC NETNS SERVER SUFFIX FIRST RATE COUNT\n");
		return 2;
	}
	uint64_t rate = strtoull(argv[7], NULL, 10), count = strtoull(argv[8], NULL, 10);

	WRONG_IF(!rate || !count || count > COUNT_MAX, "%s a second, %s in all", argv[7], argv[8]);
	snprintf(load.suffix, sizeof(load.suffix), "%s", argv[5]);
	WRONG_IF(inet_pton(AF_INET, argv[6], &load.first) != 1, "%s is no address", argv[6]);
	load.first = ntohl(load.first);
	open_client(argv[1], argv[2], argv[4]);
	open_server(argv[3]);
	prctl(PR_SET_TIMERSLACK, 1);
	uint64_t begin = bench_ns();

	for (uint64_t i = 0; i < count; i++) {
		ask((uint16_t)i);
		wait_until(begin + (i + 1) * 1000000000u / rate);
	}
	for (uint64_t end = bench_ns() + LAST_MS * 1000000u; bench_ns() < end && load.arrived < count;)
		wait_until(bench_ns() + 1000000);
	WRONG_IF(!load.arrived, "no answer of %zu arrived", load.answers);
	printf("%zu %zu %.1f %.1f %.1f\n", load.answers, load.arrived, quantile(load.took_us, load.arrived, 0.5),
	       quantile(load.took_us, load.arrived, 0.99), load.took_us[load.arrived - 1]);
	return 0;
}
