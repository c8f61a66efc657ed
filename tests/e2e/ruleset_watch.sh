#!/bin/bash
# ruleset_watch.sh - the model of other tables is stale when another table changed, and only then:
# our own lease and sets, and elements that are asked of the kernel each time, do not count.
# Large sets are asked of the kernel, and an answer takes microseconds.
. "$(dirname "$0")/lib.sh"
ASK=$REPO/build/root/ruleset_ask
[ -x "$ASK" ] || skip "there is no build/root/ruleset_ask"
topology
gateway nft -f - <<'END' || fail "nft refuses the ruleset"
table inet dejunk {
	set lease { type nf_proto; flags timeout; }
	set refused { type ipv4_addr . ipv4_addr; flags timeout; }
	chain f { type filter hook forward priority -7; meta nfproto @lease drop; }
}
table inet other {
	set plain { type ipv4_addr; elements = { 192.0.2.1 }; }
	set timed { type ipv4_addr; flags timeout; }
	chain f { type filter hook forward priority 0; ip saddr @plain drop; ip saddr @timed drop; }
}
table ip6 dejunk { chain f { type filter hook forward priority 0; }; }
END
mkfifo "$WORK/in"
gateway "$ASK" watch <"$WORK/in" >"$WORK/out" 2>&1 &
pids+=($!)
exec 9>"$WORK/in"
until_true 5 grep -q loaded "$WORK/out" || fail "not loaded: $(cat "$WORK/out")"
asked=1
# after NAME fresh|stale COMMAND... - what it says after COMMAND
after() {
	local name=$1 want=$2
	shift 2
	gateway "$@" || fail "$name: the command fails"
	echo >&9
	asked=$((asked + 1))
	until_true 10 eval '[ "$(wc -l <"$WORK/out")" -ge $asked ]' || fail "$name: no answer"
	[ "$(tail -n 1 "$WORK/out")" = "$want" ] || fail "$name: $(tail -n 1 "$WORK/out"), wanted $want"
}
after "nothing happened" fresh true
after "our lease" fresh nft 'add element inet dejunk lease { ipv4 timeout 3s }'
after "our lease, renewed" fresh nft 'add element inet dejunk lease { ipv4 timeout 3s }; delete element inet dejunk lease { ipv4 }; add element inet dejunk lease { ipv4 timeout 3s }'
after "our sets" fresh nft 'add element inet dejunk refused { 10.1.0.2 . 203.0.113.2 timeout 1m, 10.1.0.2 . 203.0.113.3 timeout 1m }'
after "our chains" fresh nft 'add chain inet dejunk more; add rule inet dejunk more drop'
after "our table replaced" fresh nft 'delete table inet dejunk; add table inet dejunk; add chain inet dejunk f { type filter hook forward priority -7; policy drop; }'
after "elements that are asked for" fresh nft 'add element inet other timed { 10.1.0.2 timeout 1h }'
after "a bridge's table" fresh nft 'add table bridge b'
after "elements that are kept" stale nft 'add element inet other plain { 10.1.0.3 }'
exec 9>&-

for change in 'add rule inet other f counter' 'delete table inet other' 'add table ip x' 'flush ruleset' \
	'add chain inet other f2 { type filter hook forward priority 9; }' 'add set ip6 dejunk s { type mark; }'; do
	: >"$WORK/out"
	(until grep -q loaded "$WORK/out"; do sleep 0.05; done; ip netns exec "${ID}g" nft "$change"; echo) |
		gateway timeout 10 "$ASK" watch >"$WORK/out" 2>&1
	[ "$(tail -n 1 "$WORK/out")" = stale ] || fail "not stale after: $change ($(tail -n 1 "$WORK/out"))"
	gateway nft 'add table inet other; add chain inet other f; add table ip6 dejunk' || fail "nft"
done

gateway nft flush ruleset
# 100,000 elements, 2,000 rules
/usr/bin/python3 - >"$WORK/large.nft" <<'END'
print("table inet large {\n\tset s { type ipv4_addr; elements = {")
print(",\n".join("198.18.%d.%d" % (i // 250 % 250, i % 250) if i < 62500 else
                  "198.19.%d.%d" % (i // 250 % 250, i % 250) for i in range(100000)))
print("}; }\n\tchain f { type filter hook forward priority 0; ip daddr @s drop;")
for i in range(2000):
    print("ip saddr 10.9.%d.%d tcp dport 80 drop;" % (i // 250, i % 250))
print("}\n}")
END
gateway nft -f "$WORK/large.nft" || fail "nft refuses the large ruleset"
gateway "$ASK" forward,10.1.0.2,5,198.18.7.7,80,lan,wan forward,10.1.0.2,5,203.0.113.2,80,lan,wan \
	forward,10.9.7.200,5,203.0.113.2,80,lan,wan time,2000,forward,10.1.0.2,5,203.0.113.2,80,lan,wan >"$WORK/large"
cut -f 1 "$WORK/large" | head -n 3 | tr '\n' ' ' | grep -qx 'DROPPED PASSES DROPPED ' ||
	fail "a large set: $(cat "$WORK/large")"
say "with sanitizers, 2,000 rules and a set asked of the kernel: $(tail -n 1 "$WORK/large")"
