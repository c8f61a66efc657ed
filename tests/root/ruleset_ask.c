/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset_ask - ask the ruleset of this network namespace questions, one an argument
 * links: addr ruleset ruleset_eval ruleset_expr ruleset_legacy ruleset_load ruleset_packet ruleset_set ruleset_text ruleset_xt
 *
 *   forward,SRC,SPORT,DST,DPORT,IIF,OIF,HW
 *   input,SRC,SPORT,DST,DPORT,IIF,ORIGDST,HW	(ORIGDST with the port 81)
 *   open | report | watch | time,N,forward,...
 *
 * Fields may be empty: not known.  Prints one line an answer, fields separated by tabs.
 * watch: prints "loaded", then a line "stale" or "fresh" for each line read.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "ruleset.h"

static void link_of(struct ruleset_link *l, const char *name)
{
	struct ifreq r = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memset(l, 0, sizeof(*l));
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	l->index = if_nametoindex(name);
	if (fd >= 0 && ioctl(fd, SIOCGIFHWADDR, &r) == 0)
		l->type = r.ifr_hwaddr.sa_family;
	close(fd);
	l->group_known = true;		/* the laboratory leaves it at 0 */
}

static void addr_of(struct addr *a, const char *ip, const char *port)
{
	memset(a, 0, sizeof(*a));
	if (ip[0] && !addr_parse(a, span_of(ip)))
		exit(2);
	a->port_be = htons((uint16_t)atoi(port));
}

/* split at commas, empty fields kept */
static unsigned split(char *text, char *field[], unsigned max)
{
	unsigned n = 0;

	while (n < max && (field[n] = strsep(&text, ",")))
		n++;
	for (unsigned i = n; i < max; i++)
		field[i] = "";
	return n;
}

static void packet_of(struct ruleset_packet *p, char *f[8], bool forward)
{
	unsigned hw[6];

	memset(p, 0, sizeof(*p));
	addr_of(&p->src, f[1], f[2]);
	addr_of(&p->dst, f[3], f[4]);
	p->family = p->dst.family ? p->dst.family : p->src.family;
	link_of(&p->in, f[5]);
	if (forward)
		link_of(&p->out, f[6]);
	else
		addr_of(&p->orig_dst, f[6], "81");
	if (sscanf(f[7], "%x:%x:%x:%x:%x:%x", hw, hw + 1, hw + 2, hw + 3, hw + 4, hw + 5) == 6) {
		p->hw_known = true;
		for (int i = 0; i < 6; i++)
			p->hw[i] = (uint8_t)hw[i];
	}
}

static void question(struct ruleset *rs, char *text)
{
	static const char *const names[] = { "PASSES", "DROPPED", "UNKNOWN" };
	struct ruleset_packet p;
	struct ruleset_where w;
	enum ruleset_answer r;
	char *f[8], report[4096], line[64];

	split(text, f, 8);
	if (strcmp(f[0], "open") == 0) {
		puts(ruleset_forward_open(rs) ? "open" : "not open");
	} else if (strcmp(f[0], "report") == 0) {
		ruleset_report(rs, report, sizeof(report));
		fputs(report, stdout);
	} else if (strcmp(f[0], "watch") == 0) {
		puts("loaded");
		fflush(stdout);
		while (fgets(line, sizeof(line), stdin)) {
			puts(ruleset_stale(rs) ? "stale" : "fresh");
			fflush(stdout);
		}
	} else {
		bool forward = strcmp(f[0], "forward") == 0;

		packet_of(&p, f, forward);
		r = forward ? ruleset_forward(rs, &p, &w) : ruleset_input(rs, &p, &w);
		printf("%s\t%s\t%s\n", names[r], w.text, w.command);
	}
}

int main(int argc, char **argv)
{
	char why[256];
	struct ruleset *rs = ruleset_load(why, sizeof(why));

	if (!rs) {
		fprintf(stderr, "ruleset_ask: %s\n", why);
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		unsigned times = 1;
		char *text = argv[i], *end;

		if (strncmp(text, "time,", 5) == 0) {
			struct ruleset_packet p;
			char *f[8];
			uint64_t begin;

			times = (unsigned)strtoul(text + 5, &end, 10);
			split(end + 1, f, 8);
			packet_of(&p, f, true);
			begin = clock_ms();
			for (unsigned n = 0; n < times; n++)
				ruleset_forward(rs, &p, NULL);
			printf("%.2f us an answer\n", (double)(clock_ms() - begin) * 1000 / times);
			continue;
		}
		question(rs, text);
	}
	ruleset_free(rs);
	return 0;
}
