#!/bin/bash
# recomputes_sets_on_reload.sh - names learned before a reload are judged by the new rules, without any new DNS: what is
# blocked now is refused by the kernel itself, what is not blocked any more is reached
. "$(dirname "$0")/lib.sh"
topology
start_www 443
start_dns address=/one.example/203.0.113.3 address=/two.example/203.0.113.4 host-record=edge.cdn.example,203.0.113.5 \
	cname=three.example,edge.cdn.example address=/four.example/203.0.113.3
write_rules() {
	printf 'gateway: {lan: lan}\nrules:\n  - block: connections\n    host: [%s]\n  - block: connections\n    address: [%s]\n' \
		"$1" "$2" >"$WORK/rules.yaml"
}
try() { client curl -sg -m 5 -o /dev/null "http://$1:443/"; }
refused() { try "$1"; [ $? = 7 ] || fail "$1 is not refused $2"; }
reached() { try "$1" || fail "$1 is not reached $2"; }
reload() { gateway "$DEJUNK" reload --run-dir "$WORK/run" || fail "the reload failed"; }
# in_set NAME TEXT - nft warns of the queue expression it does not know; only the set is looked at
in_set() { gateway nft list set inet dejunk "$1" 2>/dev/null | grep -q "$2"; }

write_rules one.example 203.0.113.9
start_dejunk
client dig +short +tries=1 +time=2 one.example two.example three.example >"$WORK/dig.log"
[ "$(wc -l <"$WORK/dig.log")" = 4 ] || fail "no answers"
refused 203.0.113.3 before
refused 203.0.113.9 before
reached 203.0.113.4 before
reached 203.0.113.5 before

write_rules "two.example, cdn.example" 203.0.113.8
reload
refused 203.0.113.4 "after the reload"
refused 203.0.113.5 "after the reload, by an alias"
refused 203.0.113.8 "after the reload, by address"
reached 203.0.113.3 "after the reload"
reached 203.0.113.9 "after the reload"
until_true 10 in_set refused_hw4 203.0.113.4 || fail "the kernel does not refuse the pair by itself"
in_set refused_hw4 203.0.113.3 && fail "the kernel still refuses a pair that no rule blocks"

# the table deleted by somebody and put back: the same again
gateway nft delete table inet dejunk
until_true 5 in_set refused_hw4 203.0.113.4 || fail "the sets did not come back with the table"
refused 203.0.113.5 "after the table came back"
reached 203.0.113.3 "after the table came back"

# a wanted name appears on the address: its pair leaves the set at once
write_rules one.example 203.0.113.9
reload
refused 203.0.113.3 "after the second reload"
until_true 10 in_set refused_hw4 203.0.113.3 || fail "the kernel does not refuse the pair by itself"
[ "$(client dig +short +tries=1 +time=2 four.example)" = 203.0.113.3 ] || fail "no answer"
in_set refused_hw4 203.0.113.3 && fail "a wanted name on the address did not take the pair out of the set"
reached 203.0.113.3 "although a wanted name is there"
