/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flood - a client's first packets at a rate; what CPU time did they cost, and how many were forwarded?
 *
 *	flood INTERFACE MAC NETNS syn|udp SOURCE DESTINATION SPREAD COUNT RATE [PID...]
 *
 * Sends COUNT frames of a packet socket on INTERFACE to the gateway with this MAC, from the address SOURCE to DESTINATION
 * and the SPREAD - 1 addresses after it, each from another port; RATE a second (0: as fast as it can).  IPv4.  NETNS
 * is the gateway's network namespace: packets that left it by "wan" are counted, and its connections forgotten at the end.
 *
 * Prints: packets sent, forwarded, microseconds it took, nanoseconds of CPU time of itself, and of the processes PID.  What
 * the kernel does with a packet on its way through veth interfaces it does within the sender's time, in that of ksoftirqd
 * (which is to be among the PIDs), or of who gives the verdict.  So others' load on the machine is not counted.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 16, SETTLE_MS = 20 };

struct frame {
	struct ether_header ether;
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct { struct udphdr udp; uint8_t payload[12]; } udp;
	};
} __attribute__((packed));

static struct {
	struct frame frame[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
	uint32_t from, to, spread;	/* addresses in host order */
	uint64_t made;
} flood;

static uint16_t sum_of(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void frame_begin(struct frame *f, const uint8_t from[6], const uint8_t to[6], bool udp)
{
	size_t l4 = udp ? sizeof(f->udp) : sizeof(f->tcp);

	memcpy(f->ether.ether_shost, from, 6);
	memcpy(f->ether.ether_dhost, to, 6);
	f->ether.ether_type = htons(ETHERTYPE_IP);
	f->ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64, .protocol = udp ? IPPROTO_UDP : IPPROTO_TCP,
				.saddr = htonl(flood.from), .tot_len = htons((uint16_t)(sizeof(f->ip) + l4)) };
	if (udp) {
		f->udp.udp.len = htons((uint16_t)l4);
		f->udp.udp.dest = htons(443);
	} else {
		f->tcp.dest = htons(443);
		f->tcp.doff = sizeof(f->tcp) / 4;
		f->tcp.syn = 1;
		f->tcp.window = htons(65535);
	}
}

/* frame_next - the next flow: the address moves on by one, the port when all addresses had their turn and in between */
static void frame_next(struct frame *f)
{
	uint64_t n = flood.made++;
	uint16_t port = (uint16_t)(1024 + (n * 7 + n / 64000) % 64000);

	f->ip.daddr = htonl(flood.to + (uint32_t)(n % flood.spread));
	f->ip.check = 0;
	f->ip.check = htons((uint16_t)~sum_of(0, &f->ip, sizeof(f->ip)));
	if (f->ip.protocol == IPPROTO_UDP) {
		f->udp.udp.source = htons(port);	/* without a checksum */
		return;
	}
	f->tcp.source = htons(port);
	f->tcp.seq = htonl((uint32_t)n);
	f->tcp.check = 0;
	f->tcp.check = htons((uint16_t)~sum_of(sum_of(IPPROTO_TCP + sizeof(f->tcp), &f->ip.saddr, 8), &f->tcp, sizeof(f->tcp)));
}

static uint64_t cpu_own(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_of(const char *pid)
{
	char path[64];
	unsigned long long ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/schedstat", pid);
	f = fopen(path, "re");
	WRONG_IF(!f || fscanf(f, "%llu", &ns) != 1, "%s: no such process, or a kernel without schedstat", path);
	fclose(f);
	return ns;
}

static uint64_t cpu_all(char **pids)
{
	uint64_t ns = 0;

	for (; *pids; pids++)
		ns += cpu_of(*pids);
	return ns;
}

/* --- the gateway ------------------------------------------------------------- */

static void gateway_enter(const char *netns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	WRONG_IF(fd < 0 || setns(fd, CLONE_NEWNET) < 0, "%s: %s", path, strerror(errno));
	close(fd);
}

/* gateway_sent - packets that left by the interface "wan" */
static uint64_t gateway_sent(void)
{
	FILE *f = fopen("/proc/thread-self/net/dev", "re");
	unsigned long long sent = 0;
	char line[512];
	bool found = false;

	WRONG_IF(!f, "no /proc/net/dev");
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, " wan: %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu", &sent) == 1;
	fclose(f);
	return sent;
}

/* gateway_forget - all connections, so that each run begins with an empty table */
static void gateway_forget(void)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg family;
	} m = {
		.head = { .nlmsg_len = sizeof(m), .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
	};
	char answer[256];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	WRONG_IF(fd < 0 || send(fd, &m, sizeof(m), 0) < 0 || recv(fd, answer, sizeof(answer), 0) < 0,
		 "forgetting connections: %s", strerror(errno));
	close(fd);
}

static int open_socket(const char *interface, uint8_t mac[6])
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface) };
	socklen_t len = sizeof(to);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1;

	WRONG_IF(fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0, "%s: %s", interface, strerror(errno));
	WRONG_IF(getsockname(fd, (struct sockaddr *)&to, &len) < 0, "%s: %s", interface, strerror(errno));
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	memcpy(mac, to.sll_addr, 6);
	return fd;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

int main(int argc, char **argv)
{
	uint8_t own[6], mac[6];
	struct in_addr from, to;

	if (argc < 10 || sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != 6 ||
	    inet_pton(AF_INET, argv[5], &from) != 1 || inet_pton(AF_INET, argv[6], &to) != 1) {
		fprintf(stderr, "usage: flood INTERFACE MAC NETNS syn|udp SOURCE DESTINATION SPREAD COUNT RATE [PID...]\n");
		return 2;
	}
	int fd = open_socket(argv[1], own);
	bool udp = strcmp(argv[4], "udp") == 0;
	uint64_t count = strtoull(argv[8], NULL, 10), rate = strtoull(argv[9], NULL, 10), sent = 0;
	size_t bytes = sizeof(struct ether_header) + sizeof(struct iphdr) + (udp ? sizeof(flood.frame[0].udp) : sizeof(struct tcphdr));

	flood.from = ntohl(from.s_addr);
	flood.to = ntohl(to.s_addr);
	flood.spread = (uint32_t)strtoul(argv[7], NULL, 10);
	WRONG_IF(!flood.spread || !count, "nothing to send");
	for (int i = 0; i < BATCH; i++) {
		frame_begin(&flood.frame[i], own, mac, udp);
		flood.iov[i] = (struct iovec){ &flood.frame[i], bytes };
		flood.msg[i].msg_hdr = (struct msghdr){ .msg_iov = &flood.iov[i], .msg_iovlen = 1 };
	}
	gateway_enter(argv[3]);		/* the socket stays where it was opened */
	prctl(PR_SET_TIMERSLACK, 1);
	uint64_t forwarded = gateway_sent(), begin = bench_ns(), cpu = cpu_all(argv + 10), own_cpu = cpu_own();

	while (sent < count) {
		for (int i = 0; i < BATCH; i++)
			frame_next(&flood.frame[i]);
		int n = sendmmsg(fd, flood.msg, BATCH, 0);

		WRONG_IF(n <= 0, "%s: %s", argv[1], strerror(errno));
		sent += (uint64_t)n;
		if (rate)
			sleep_until(begin + sent * 1000000000u / rate);
	}
	uint64_t end = bench_ns();

	own_cpu = cpu_own() - own_cpu;
	sleep_until(end + SETTLE_MS * 1000000u);	/* who gives verdicts may be behind */
	cpu = cpu_all(argv + 10) - cpu;
	printf("%llu %llu %llu %llu %llu\n", (unsigned long long)sent, (unsigned long long)(gateway_sent() - forwarded),
	       (unsigned long long)(end - begin) / 1000, (unsigned long long)own_cpu, (unsigned long long)cpu);
	gateway_forget();
	return 0;
}
