#!/bin/bash
# run_leaves_what_input_drops.sh - an INPUT policy of drop: not armed, the chain and the command that opens it are named, and that
# command works; a drop that no table shows (a netdev hook) is noticed by what does not arrive; traffic flows directly all along.
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<END
gateway: {lan: lan}
rules:
  - block: requests
    url: "*/ads/*"
END
gateway nft -f - <<END
table inet fw {
	chain incoming {
		type filter hook input priority filter + 10; policy drop;
		ct state established,related accept
		iifname "lo" accept
		meta l4proto { icmp, ipv6-icmp } accept
		tcp dport 22 accept
	}
}
END
get() { client curl -s -m 3 -o /dev/null http://203.0.113.2/; }
ip netns exec "${ID}g" "$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/run" --state-dir "$WORK/state" >"$WORK/armed" 2>>"$WORK/dejunk.log" &
pids+=($!)
pid_of[dejunk]=$!
until_true 10 grep -q 'not armed: redirected connections would be dropped' "$WORK/dejunk.log" || fail "the log does not say why"
get || fail "traffic does not flow directly"
grep -qx armed "$WORK/armed" && fail "armed into a black hole"
gateway "$DEJUNK" status --run-dir "$WORK/run" >"$WORK/status.log" && fail "status must exit with 1"
grep -q 'incoming' "$WORK/status.log" || fail "status does not name the chain"
command=$(sed -n 's/^.*to open it: \(nft .*\)$/\1/p' "$WORK/dejunk.log" | head -n 1)
[ -n "$command" ] || fail "the command is not named"
gateway sh -c "$command" || fail "the command does not work: $command"
until_true 5 grep -qx armed "$WORK/armed" || fail "not armed after: $command"
get || fail "no traffic after: $command"
[ "$(status connections)" -ge 1 ] || fail "traffic does not go through dejunk after: $command"
code=$(client curl -s -m 5 -o /dev/null -w '%{http_code}' http://203.0.113.2/ads/x)
[ "$code" = 403 ] || fail "after: $command: an ad was answered $code"

gateway nft flush chain inet fw incoming
until_true 5 eval '[ "$(status armed)" = false ]' || fail "still armed after the rule was taken away"
get || fail "traffic does not flow directly after the rule was taken away"
gateway nft delete table inet fw
until_true 5 eval '[ "$(status armed)" = true ]' || fail "not armed after the table was deleted"

# a rule that looks like chance and drops each
gateway nft -f - <<END || skip "no numgen on this kernel"
table inet dice {
	chain incoming { type filter hook input priority 5; policy accept; tcp dport 3129 numgen random mod 100 0-99 drop; }
}
END
sleep 1		# it is read at once; no connection yet, that would be missed
[ "$(status armed)" = true ] || fail "disarmed by a rule that may let all pass"
for i in 1 2 3; do client curl -s -m 2 -o /dev/null http://203.0.113.2/ & done
until_true 6 eval '[ "$(status armed)" = false ]' || fail "still armed while nothing arrives"
wait -n 2>/dev/null
grep -q 'not armed: redirected connections do not arrive' "$WORK/dejunk.log" || fail "the log does not say that nothing arrives"
get || fail "traffic does not flow directly while nothing arrives"
gateway nft delete table inet dice
until_true 5 eval '[ "$(status armed)" = true ]' || fail "not armed again after the table was deleted"
stop_dejunk || fail "exit status $?"
say "ok"
