/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitor_switch - rules of the table that are there only while the sets which they look into have elements
 *
 * The file has them all ("while" rules): they are taken out, and put back, by what the monitor knows.  A rule that could not
 * be taken out costs time and nothing else; one that could not be put back is tried again with the next change and tick.
 */
#include <string.h>

#include "container.h"
#include "log.h"
#include "monitor.h"
#include "nftset.h"
#include "setsync.h"

/* the chains and the only rule of each, a jump */
static const struct { const char *chain, *to; } switches[SWITCHES] = {
	[SWITCH_SPARED] = { "spare_client", "spared" },
	[SWITCH_NETS] = { "first_net", "suspected_net" },
};

void switch_all(struct monitor *m, enum switch_state state)
{
	for (size_t i = 0; i < SWITCHES; i++)
		m->arm.rule[i] = state;
}

void switch_rules(struct monitor *m, bool out)
{
	const enum switch_state need[SWITCHES] = {
		[SWITCH_SPARED] = m->arm.spares ? SWITCH_IN : SWITCH_OUT,
		[SWITCH_NETS] = setsync_nets(m->sync) > 0 ? SWITCH_IN : SWITCH_OUT,
	};
	bool changed = false;

	if (!m->arm.table)
		return;
	for (size_t i = 0; i < SWITCHES; i++) {
		int err;

		if (need[i] == m->arm.rule[i] || (need[i] == SWITCH_OUT && (!out || m->upgrade.resumed)))
			continue;
		err = nftset_switch(m->nft, switches[i].chain, switches[i].to, need[i] == SWITCH_IN);
		if (err) {
			log_debug("the rule of chain %s: %s", switches[i].chain, strerror(-err));
			continue;
		}
		m->arm.rule[i] = need[i];
		changed = true;
	}
	if (changed) {
		int n = nftset_rules(m->nft);

		m->arm.rules = n > 0 ? n : 0;
	}
}
