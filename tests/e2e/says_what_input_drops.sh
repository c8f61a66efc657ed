#!/bin/bash
# says_what_input_drops.sh - an INPUT policy that would black-hole redirected traffic: not armed, traffic flows, the
# chain and the command are named; when the command is run, dejunk arms by itself
. "$(dirname "$0")/lib.sh"
topology
start_www
gateway nft -f - <<'END' || skip "no nftables"
table inet strict {
	chain inbound {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
		meta l4proto { icmp, ipv6-icmp } accept
		tcp dport 22 accept
	}
}
END
rules <<'END'
gateway:
  lan: lan
rules:
  - block: requests
    url: "*/ads/*"
END
ip netns exec "${ID}g" "$DEJUNK" run -c "$WORK/rules.yaml" --run-dir "$WORK/run" >"$WORK/armed" 2>>"$WORK/dejunk.log" &
pids+=($!)
pid_of[dejunk]=$!
until_true 10 grep -q 'inbound' "$WORK/dejunk.log" || fail "the log does not name the chain"
! grep -qx armed "$WORK/armed" || fail "it armed although INPUT drops"
[ "$(client curl -s -m 5 http://203.0.113.2/ads/x)" = "hello from /ads/x" ] || fail "traffic does not flow"
gateway "$DEJUNK" status --run-dir "$WORK/run" >"$WORK/status.log"
grep -q inbound "$WORK/status.log" || fail "status does not name the chain"
command=$(grep -o 'nft insert rule [a-z0-9 ]*.*accept' "$WORK/dejunk.log" | head -n 1)
[ -n "$command" ] || fail "the log names no command"
# shellcheck disable=SC2086
gateway $command || fail "the command it names does not work: $command"
until_true 10 grep -qx armed "$WORK/armed" || fail "it did not arm after: $command"
code=$(client curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' http://203.0.113.2/ads/x)
[ "$code" = 403 ] || fail "an ad was answered $code"
