/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_firewall - load, remove or show the table, for scripts: what "run" does too, where it is missing */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli_rules.h"
#include "firewall.h"
#include "firewall_numbers.h"
#include "lan.h"
#include "log.h"
#include "monitor.h"
#include "nftset.h"

/* on_failure: block must hold before the daemon runs, when nobody knows yet which interfaces are the lan.
 * Queue rules then do not let pass when nobody listens, and the exempt are exempt from the start. */
static int cli_firewall_block(const struct gateway *g)
{
	struct nftset_arm arm[GATEWAY_LANS];
	struct prefix exempt[GATEWAY_EXEMPT];
	struct nftset *nft;
	int err = nftset_new(&nft);

	if (err)
		return err;
	for (unsigned i = 0; i < g->lans; i++) {
		arm[i] = (struct nftset_arm){ .v4 = true, .v6 = true };
		snprintf(arm[i].ifname, sizeof(arm[i].ifname), "%s", g->lan[i]);
	}
	memcpy(exempt, g->exempt, sizeof(exempt));
	err = nftset_prefixes(nft, KSET_EXEMPT4, exempt, g->exempts);
	if (!err)
		err = g->lan_auto ? nftset_lan_unknown(nft) : nftset_lan(nft, arm, g->lans);
	if (!err)
		err = nftset_queue_rules(nft, FIREWALL_QUEUE_SYN, FIREWALL_QUEUE_DNS, false);
	nftset_free(nft);
	return err < 0 ? err : 0;
}

static int cli_firewall_load(const struct gateway *g, uint32_t uid, const char *file)
{
	char text[FIREWALL_TEXT];
	int err = firewall_load(g, uid, file, text);

	if (err) {
		fprintf(stderr, "dejunk: %s\n", text[0] ? text : strerror(-err));
		return 2;
	}
	if (g->on_failure == FAILURE_BLOCK)
		err = cli_firewall_block(g);
	if (err)
		fprintf(stderr, "dejunk: on_failure: block could not be prepared: %s\n", strerror(-err));
	return err ? 2 : 0;
}

/* the interfaces whose clients would be filtered now, one a line; none: status 1 */
static int cli_firewall_lan(const struct gateway *g)
{
	static struct lan lan;
	struct rtnl *rtnl;
	int err = rtnl_new(&rtnl);

	if (err) {
		fprintf(stderr, "dejunk: interfaces cannot be read: %s\n", strerror(-err));
		return 2;
	}
	log_open("firewall", LOG_LEVEL_WARN);	/* lan_find() tells a log what came */
	lan_find(&lan, g, rtnl);
	rtnl_free(rtnl);
	for (size_t i = 0; i < lan.n; i++)
		puts(lan.itf[i].arm.ifname);
	return lan.n ? 0 : 1;
}

int cli_firewall(int argc, char **argv)
{
	static struct gateway g;
	char file[FIREWALL_PATH], text[FIREWALL_TEXT];
	struct options o;
	uint32_t uid, gid;
	bool load, show, unload, lan;

	if (!cli_options(argc, argv, OPT_CONFIG | OPT_OPERAND, "firewall load|unload|show|lan [-c FILE]", &o))
		return 2;
	load = o.operand && strcmp(o.operand, "load") == 0;
	show = o.operand && strcmp(o.operand, "show") == 0;
	unload = o.operand && strcmp(o.operand, "unload") == 0;
	lan = o.operand && strcmp(o.operand, "lan") == 0;
	if (!load && !show && !unload && !lan) {
		fputs("usage: dejunk firewall load|unload|show|lan [-c FILE]\n", stderr);
		return 2;
	}
	if (!show && !lan && geteuid() != 0) {
		fputs("dejunk: must run as root\n", stderr);
		return 2;
	}
	if (unload) {
		if (firewall_unload(text) == 0)
			return 0;
		fprintf(stderr, "dejunk: %s\n", text);
		return 2;
	}
	if (!cli_gateway(o.config ? o.config : cli_rules_path(), &g))
		return 2;
	if (lan)
		return cli_firewall_lan(&g);
	monitor_user(&uid, &gid);
	firewall_file(file);
	if (load)
		return cli_firewall_load(&g, uid, file);
	firewall_show(stdout, &g, uid, file);
	return 0;
}
