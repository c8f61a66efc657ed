/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_see - dejunk see FILE.pcap: which names do the packets of a capture tell, and how were they learned?
 *
 * A capture is as hostile as what it was taken of, so privileges go before its first byte is read: the file is opened, then
 * the process becomes nobody's (sandbox_enter_alone), and only then libpcap looks at it.  libpcap brings a dozen libraries
 * along, which no other process of dejunk should carry: it is loaded here, and its header alone is needed to build.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "addr.h"
#include "cli.h"
#include "frame.h"
#include "json.h"
#include "monitor.h"
#include "sandbox.h"
#include "see.h"

#define PCAP_LIBRARY "libpcap.so.0.8"	/* the name of its ABI on Debian; libpcap.so.1 elsewhere */

/* what is used of libpcap */
static struct {
	__typeof__(pcap_fopen_offline) *fopen_offline;
	__typeof__(pcap_datalink) *datalink;
	__typeof__(pcap_datalink_val_to_name) *datalink_val_to_name;
	__typeof__(pcap_next_ex) *next_ex;
	__typeof__(pcap_geterr) *geterr;
	__typeof__(pcap_close) *close;
} pcap;

struct cli_see {
	struct json json;
	bool as_json;
	uint64_t frames, other, cut, unknown;	/* frames: all, without an IP packet, cut within a header, of a link type not read */
};

static void on_row(void *ctx, const struct see_row *r)
{
	struct cli_see *c = ctx;
	char client[ADDR_TEXT], server[ADDR_TEXT];
	unsigned client_port = ntohs(r->client.port_be), port = ntohs(r->server.port_be);

	addr_format(&r->client, client);
	addr_format(&r->server, server);
	if (!c->as_json) {
		printf("%s\t%s\t%s\t%u\t%s\t%s\n", see_proto_name(r->proto), client, server, port, r->name[0] ? r->name : "-", r->how);
		return;
	}
	json_open(&c->json, NULL, '{');
	json_string(&c->json, "proto", see_proto_name(r->proto));
	json_string(&c->json, "client", client);
	json_number(&c->json, "client_port", client_port);
	json_string(&c->json, "server", server);
	json_number(&c->json, "port", port);
	json_string(&c->json, "name", r->name[0] ? r->name : NULL);
	json_string(&c->json, "how", r->how);
	json_bool(&c->json, "failed", r->failed);
	if (r->proto == SEE_TLS || r->proto == SEE_QUIC) {
		json_string(&c->json, "alpn", r->alpn[0] ? r->alpn : NULL);
		json_bool(&c->json, "ech", r->ech);
	}
	json_close(&c->json, '}');
}

/* read_all - returns what pcap_next_ex() ended with: PCAP_ERROR_BREAK at the end of the file */
static int read_all(struct cli_see *c, pcap_t *capture, struct see *see)
{
	int link = pcap.datalink(capture), got;
	struct pcap_pkthdr *head;
	const u_char *bytes;
	struct span ip;

	while ((got = pcap.next_ex(capture, &head, &bytes)) == 1) {
		c->frames++;
		switch (frame_ip(link, (struct span){ (const char *)bytes, head->caplen }, &ip)) {
		case FRAME_IP:
			see_packet(see, ip);
			break;
		case FRAME_OTHER:
			c->other++;
			break;
		case FRAME_SHORT:
			c->cut++;
			break;
		case FRAME_UNKNOWN:
			c->unknown++;
			break;
		}
	}
	return got;
}

/* end_text - what was not read, on standard error */
static void end_text(const struct cli_see *c, const struct see_counts *n, const char *link)
{
	if (c->unknown)
		fprintf(stderr, "dejunk: %llu frames of link type %s were not read\n", (unsigned long long)c->unknown, link);
	if (c->cut || n->unreadable)
		fprintf(stderr, "dejunk: %llu packets have malformed or cut headers\n", (unsigned long long)(c->cut + n->unreadable));
	if (n->fragments)
		fprintf(stderr, "dejunk: %llu packets could not be put together from their fragments\n", (unsigned long long)n->fragments);
	if (n->forgotten)
		fprintf(stderr, "dejunk: %llu connections were too many at once, and not read\n", (unsigned long long)n->forgotten);
}

static void end_json(struct cli_see *c, const struct see_counts *n, bool whole)
{
	struct json *j = &c->json;

	json_close(j, ']');
	json_bool(j, "whole", whole);
	json_number(j, "frames", c->frames);
	json_number(j, "other", c->other + c->unknown);
	json_number(j, "unreadable", c->cut + n->unreadable);
	json_number(j, "fragments", n->fragments);
	json_number(j, "forgotten", n->forgotten);
	json_close(j, '}');
	putchar('\n');
}

static int see_capture(struct cli_see *c, const char *path, FILE *in, struct see *see)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *capture = pcap.fopen_offline(in, why);
	const char *link;
	bool whole;

	if (!capture) {
		fprintf(stderr, "dejunk: %s: %s\n", path, why);
		return 2;
	}
	if (c->as_json) {
		json_open(&c->json, NULL, '{');
		json_open(&c->json, "flows", '[');
	}
	whole = read_all(c, capture, see) == PCAP_ERROR_BREAK;
	see_end(see);
	if (!whole)
		fprintf(stderr, "dejunk: %s: after %llu frames: %s\n", path, (unsigned long long)c->frames, pcap.geterr(capture));
	link = pcap.datalink_val_to_name(pcap.datalink(capture));
	if (c->as_json)
		end_json(c, see_counts(see), whole);
	else
		end_text(c, see_counts(see), link ? link : "unknown");
	pcap.close(capture);
	return fflush(stdout) || ferror(stdout) ? 2 : whole ? 0 : 1;
}

/* load_pcap - false: a line was printed */
static bool load_pcap(void)
{
	void *library = dlopen(PCAP_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		library = dlopen("libpcap.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		fprintf(stderr, "dejunk: libpcap is needed to read captures: %s\n", dlerror());
		return false;
	}
#define SYMBOL(name) ((pcap.name = (__typeof__(pcap.name))dlsym(library, "pcap_" #name)) != NULL)
	if (SYMBOL(fopen_offline) && SYMBOL(datalink) && SYMBOL(datalink_val_to_name) && SYMBOL(next_ex) && SYMBOL(geterr) &&
	    SYMBOL(close))
		return true;
#undef SYMBOL
	fprintf(stderr, "dejunk: this libpcap is not the one that is needed: %s\n", dlerror());
	return false;
}

int cli_see(int argc, char **argv)
{
	struct cli_see c = { .json = { .out = stdout } };
	struct options o;
	uint32_t uid, gid;
	struct see *see;
	FILE *in;
	int err;

	if (!cli_options(argc, argv, OPT_JSON | OPT_OPERAND, "see FILE.pcap|- [--json]", &o))
		return 2;
	if (!o.operand) {
		fprintf(stderr, "usage: dejunk see FILE.pcap|- [--json]\n");
		return 2;
	}
	c.as_json = o.json;
	in = strcmp(o.operand, "-") == 0 ? stdin : fopen(o.operand, "rbe");
	if (!in) {
		fprintf(stderr, "dejunk: %s: %s\n", o.operand, strerror(errno));
		return 2;
	}
	if (!load_pcap())
		return 2;
	see = see_new(on_row, &c);
	if (!see) {
		fprintf(stderr, "dejunk: out of memory, or of what is needed of libcrypto\n");
		return 2;
	}
	monitor_user(&uid, &gid);
	err = sandbox_enter_alone(uid, gid);
	if (err) {
		fprintf(stderr, "dejunk: privileges could not be dropped, so the file is not read: %s\n", strerror(-err));
		return 2;
	}
	err = see_capture(&c, o.operand, in, see);
	see_free(see);
	return err;
}
