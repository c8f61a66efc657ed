#!/bin/bash
# refuses_tls_in_pieces.sh - a ClientHello of two segments (as those with post-quantum keys are), in either order, sent
# again, overlapping, in tiny segments, in several records, in IP fragments: the blocked name is reset, the wanted one served;
# one whose segments contradict each other passes and is counted
. "$(dirname "$0")/lib.sh"
command -v nft >/dev/null || skip "no nft here"
topology
start_tls 443
client nft 'add table inet quiet; add chain inet quiet out { type filter hook output priority 0; }; add rule inet quiet out tcp flags & rst == rst drop'
rules <<'END'
gateway: {lan: lan}
rules:
  - block: connections
    host: blocked.example
END
start_dejunk

pieces() { client timeout 20 /usr/bin/python3 "$REPO/tests/e2e/tls_pieces.py" "$@" 2>>"$WORK/pieces.log"; }

took=
for family in 4 6; do
	address=203.0.113.4
	[ $family = 4 ] || address=2001:db8:2::4
	for way in whole two swapped again overlap shuffled tiny records fragments; do
		out=$(pieces $family $address wanted.example $way)
		[[ $out == served\ * ]] || fail "a wanted name, $way, IPv$family: $out"
		out=$(pieces $family $address www.blocked.example $way)
		[[ $out == reset\ * ]] || fail "a blocked name, $way, IPv$family: $out"
		took="$took $way:${out#reset }"
	done
	pieces $family $address blocked.example contradict >/dev/null
done
[ "$(status hello_conflicts)" = 2 ] || fail "$(status hello_conflicts) contradictions counted, not 2"
[ "$(status refused_tls)" = 18 ] || fail "$(status refused_tls) refused, not 18"
[ "$(status hello_late)" = 0 ] || fail "$(status hello_late) connections passed undecided"
say "nine ways to cut a ClientHello, both families; reset after ms:$took"
