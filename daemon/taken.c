/* SPDX-License-Identifier: GPL-3.0-or-later */
/* taken - from a port or a queue number to the process that has it, by way of /proc */
#include "taken.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TCP_STATE_ESTABLISHED = 1, TCP_STATE_SYN_RECV = 3, UDP_STATE_BOUND = 7, TCP_STATE_LISTEN = 10, NETLINK_PROTOCOL_NETFILTER = 12 };

static void taken_name(int pid, char who[TAKEN_TEXT])
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (fgets(comm, sizeof(comm), f))
			comm[strcspn(comm, "\n")] = '\0';
		fclose(f);
	}
	snprintf(who, TAKEN_TEXT, "%s (pid %d)", comm[0] ? comm : "a process", pid);
}

static bool taken_has_socket(int pid, const char *want)
{
	char path[64], link[64];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

		if (n > 0) {
			link[n] = '\0';
			found = strcmp(link, want) == 0;
		}
	}
	if (d)
		closedir(d);
	return found;
}

/* who holds the socket of this inode? */
static void taken_owner(unsigned long inode, char who[TAKEN_TEXT])
{
	char want[32];
	struct dirent *e;
	DIR *proc = opendir("/proc");

	snprintf(who, TAKEN_TEXT, "a process that cannot be seen");
	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	while (proc && (e = readdir(proc))) {
		int pid = isdigit((unsigned char)e->d_name[0]) ? atoi(e->d_name) : 0;

		if (pid && taken_has_socket(pid, want)) {
			taken_name(pid, who);
			break;
		}
	}
	if (proc)
		closedir(proc);
}

/* the inode of a socket at local or @remote @port in @state in /proc/net/tcp, tcp6, udp or udp6; 0: none (inode 0 is
 * reported as 1) */
static unsigned long taken_find(const char *file, uint16_t port, bool remote, unsigned state)
{
	unsigned long found = 0;
	char line[512];
	FILE *f = fopen(file, "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		unsigned lport, rport, st;
		unsigned long inode;

		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%x %x %*s %*s %*s %*s %*s %lu", &lport, &rport, &st,
			   &inode) == 4 &&
		    (remote ? rport : lport) == port && st == state)
			found = inode ? inode : 1;
	}
	if (f)
		fclose(f);
	return found;
}

/* who has such a socket, over either family? */
static bool taken_by(const char *six, const char *four, uint16_t port, bool remote, unsigned state, char who[TAKEN_TEXT])
{
	unsigned long inode = taken_find(six, port, remote, state);

	if (!inode)
		inode = taken_find(four, port, remote, state);
	if (inode)
		taken_owner(inode, who);
	return inode != 0;
}

bool taken_port(uint16_t port, char who[TAKEN_TEXT])
{
	return taken_by("/proc/net/tcp6", "/proc/net/tcp", port, false, TCP_STATE_LISTEN, who);
}

bool taken_udp(uint16_t port, char who[TAKEN_TEXT])
{
	return taken_by("/proc/net/udp6", "/proc/net/udp", port, false, UDP_STATE_BOUND, who);
}

bool taken_remote(uint16_t port, char who[TAKEN_TEXT])
{
	return taken_by("/proc/net/tcp6", "/proc/net/tcp", port, true, TCP_STATE_ESTABLISHED, who);
}

bool taken_arriving(uint16_t port)
{
	return taken_find("/proc/net/tcp6", port, false, TCP_STATE_SYN_RECV) ||
	       taken_find("/proc/net/tcp", port, false, TCP_STATE_SYN_RECV);
}

/* the inode of the netlink socket that has this port id; 0: not found */
static unsigned long taken_netlink_inode(unsigned portid)
{
	unsigned long found = 0;
	char line[256];
	FILE *f = fopen("/proc/net/netlink", "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		unsigned protocol, pid;
		unsigned long inode;

		if (sscanf(line, "%*s %u %u %*s %*s %*s %*s %*s %*s %lu", &protocol, &pid, &inode) == 3 &&
		    protocol == NETLINK_PROTOCOL_NETFILTER && pid == portid)
			found = inode;
	}
	if (f)
		fclose(f);
	return found;
}

unsigned taken_queues(struct taken_queue list[], unsigned max)
{
	FILE *f = fopen("/proc/net/netfilter/nfnetlink_queue", "re");
	unsigned number, portid, n = 0;
	char line[256];

	while (f && n < max && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%u %u", &number, &portid) != 2)
			continue;
		list[n].number = (uint16_t)number;
		taken_owner(taken_netlink_inode(portid), list[n++].who);
	}
	if (f)
		fclose(f);
	return n;
}

bool taken_queue(uint16_t number, char who[TAKEN_TEXT])
{
	bool found = false;
	unsigned queue, portid = 0;
	char line[256];
	FILE *f = fopen("/proc/net/netfilter/nfnetlink_queue", "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%u %u", &queue, &portid) == 2 && queue == number;
	if (f)
		fclose(f);
	if (found)
		taken_owner(taken_netlink_inode(portid), who);
	return found;
}
