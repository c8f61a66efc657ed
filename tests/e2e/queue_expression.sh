#!/bin/bash
# queue_expression.sh - the queue rules are native where the kernel has the queue statement, and xtables' target where not
. "$(dirname "$0")/lib.sh"
topology
rules <<'END'
gateway: {lan: lan}
END
start_dejunk
gateway nft list chain inet dejunk ask_syn >"$WORK/chain.log" 2>&1
if gateway nft -f - 2>/dev/null <<'END'
table inet try { chain c { queue flags bypass to 7; }; }
END
then
	grep -qE 'queue flags bypass to 5381|queue num 5381 bypass' "$WORK/chain.log" && ! grep -q 'xt target' "$WORK/chain.log" ||
		fail "this kernel has a queue statement; the chain is: $(cat "$WORK/chain.log")"
	say "native"
else
	grep -qE 'queue num 5381 bypass|xt target' "$WORK/chain.log" || fail "no target either: $(cat "$WORK/chain.log")"
	say "xtables target"
fi
# how many rules there are does not depend on how nft prints them
[ "$(gateway nft -j list chain inet dejunk ask_syn 2>/dev/null | grep -o '"rule":' | wc -l)" = 1 ] || fail "not one rule"
