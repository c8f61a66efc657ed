/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_firewall - load, remove or show the table, for scripts: what "run" does too, where it is missing */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli_rules.h"
#include "firewall.h"
#include "firewall_numbers.h"
#include "json.h"
#include "lan.h"
#include "log.h"
#include "monitor.h"
#include "nftset.h"

#define USAGE "firewall load|unload|show|lan [--json] [-c FILE]"

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
	err = nftset_exempt(nft, exempt, g->exempts);
	if (!err)
		err = g->lan_auto ? nftset_lan_unknown(nft) : nftset_lan(nft, arm, g->lans);
	if (!err)
		err = nftset_queue_rules(nft, &monitor_queues, false);
	nftset_free(nft);
	return err < 0 ? err : 0;
}

/* what was done, or @why it was not: to people a line on standard error; returns the exit status */
static int cli_firewall_done(bool as_json, const char *why)
{
	struct json j = { .out = stdout };

	if (why)
		fprintf(stderr, "dejunk: %s\n", why);
	if (as_json) {
		json_open(&j, NULL, '{');
		json_bool(&j, "ok", !why);
		if (why)
			json_string(&j, "error", why);
		json_close(&j, '}');
		putchar('\n');
	}
	return why ? 2 : 0;
}

static int cli_firewall_load(const struct gateway *g, uint32_t uid, const char *file, bool as_json)
{
	char text[FIREWALL_TEXT], why[FIREWALL_TEXT + 64];
	int err = firewall_load(g, uid, file, text);

	if (err)
		return cli_firewall_done(as_json, text[0] ? text : strerror(-err));
	if (g->on_failure == FAILURE_BLOCK)
		err = cli_firewall_block(g);
	snprintf(why, sizeof(why), "on_failure: block could not be prepared: %s", strerror(-err));
	return cli_firewall_done(as_json, err ? why : NULL);
}

/* the command that load would run */
static int cli_firewall_show(const struct gateway *g, uint32_t uid, const char *file, bool as_json)
{
	struct json j = { .out = stdout };
	char *line = NULL;
	size_t len = 0;
	FILE *out;

	if (!as_json) {
		firewall_show(stdout, g, uid, file);
		return 0;
	}
	out = open_memstream(&line, &len);
	if (!out)
		return cli_firewall_done(true, strerror(errno));
	firewall_show(out, g, uid, file);
	fclose(out);
	if (len)
		line[len - 1] = '\0';	/* its newline */
	json_open(&j, NULL, '{');
	json_bool(&j, "ok", true);
	json_string(&j, "command", line);
	json_close(&j, '}');
	putchar('\n');
	free(line);
	return 0;
}

/* the interfaces whose clients would be filtered now, one a line; none: status 1 */
static int cli_firewall_lan(const struct gateway *g, bool as_json)
{
	struct json j = { .out = stdout };
	static struct lan lan;
	struct rtnl *rtnl;
	char why[128];
	int err = rtnl_new(&rtnl);

	if (err) {
		snprintf(why, sizeof(why), "interfaces cannot be read: %s", strerror(-err));
		return cli_firewall_done(as_json, why);
	}
	log_open("firewall", LOG_LEVEL_WARN);	/* lan_find() tells a log what came */
	lan_find(&lan, g, rtnl);
	rtnl_free(rtnl);
	if (as_json) {
		json_open(&j, NULL, '{');
		json_bool(&j, "ok", lan.n != 0);
		json_open(&j, "interfaces", '[');
	}
	for (size_t i = 0; i < lan.n; i++) {
		if (as_json)
			json_string(&j, NULL, lan.itf[i].arm.ifname);
		else
			puts(lan.itf[i].arm.ifname);
	}
	if (as_json) {
		json_close(&j, ']');
		json_close(&j, '}');
		putchar('\n');
	}
	return lan.n ? 0 : 1;
}

int cli_firewall(int argc, char **argv)
{
	static struct gateway g;
	char file[FIREWALL_PATH], text[FIREWALL_TEXT];
	struct options o;
	uint32_t uid, gid;
	bool load, show, unload, lan;

	if (!cli_options(argc, argv, OPT_JSON | OPT_CONFIG | OPT_OPERAND, USAGE, &o))
		return 2;
	load = o.operand && strcmp(o.operand, "load") == 0;
	show = o.operand && strcmp(o.operand, "show") == 0;
	unload = o.operand && strcmp(o.operand, "unload") == 0;
	lan = o.operand && strcmp(o.operand, "lan") == 0;
	if (!load && !show && !unload && !lan) {
		fputs("usage: dejunk " USAGE "\n", stderr);
		return 2;
	}
	if (!show && !lan && geteuid() != 0)
		return cli_firewall_done(o.json, "must run as root");
	if (unload)
		return cli_firewall_done(o.json, firewall_unload(text) ? text : NULL);
	if (!cli_gateway(o.config ? o.config : cli_rules_path(), &g))
		return o.json ? cli_firewall_done(true, "the rules file cannot be used") : 2;
	if (lan)
		return cli_firewall_lan(&g, o.json);
	monitor_user(&uid, &gid);
	firewall_file(file);
	return load ? cli_firewall_load(&g, uid, file, o.json) : cli_firewall_show(&g, uid, file, o.json);
}
