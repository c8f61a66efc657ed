#!/bin/bash
# refuses_quic_by_name.sh - a real QUIC client (gtlsclient) is refused by the server name of its Initial packets, both
# families, version 1 and 2; other names at the same address are served; "quic: block" refuses all, "pass" none
. "$(dirname "$0")/lib.sh"
command -v gtlsclient >/dev/null && command -v gtlsserver >/dev/null || skip "no QUIC programs (ngtcp2-client, ngtcp2-server)"
topology
mkdir -p "$WORK/www"
echo hello over quic >"$WORK/www/x"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=wanted.example -days 2 \
	-keyout "$WORK/key.pem" -out "$WORK/cert.pem" >"$WORK/openssl.log" 2>&1 || fail "no certificate could be made"
background quic4 server gtlsserver -q -d "$WORK/www" 203.0.113.4 443 "$WORK/key.pem" "$WORK/cert.pem"
background quic6 server gtlsserver -q -d "$WORK/www" 2001:db8:2::4 443 "$WORK/key.pem" "$WORK/cert.pem"
for name in wanted.example blocked.example; do echo "203.0.113.4 $name v4.$name"; done >"/etc/netns/${ID}c/hosts"
for name in wanted.example blocked.example; do echo "2001:db8:2::4 v6.$name"; done >>"/etc/netns/${ID}c/hosts"
until_true 10 listens_udp s 443

configure() { printf 'gateway: {lan: lan, quic: %s}\nrules:\n  - block: connections\n    host: blocked.example\n' "$1" >"$WORK/rules.yaml"; }
# fetch NAME VERSION - gtlsclient's view of it: is the file there afterwards?
fetch() {
	rm -rf "$WORK/got"; mkdir "$WORK/got"
	client timeout "${3:-10}" gtlsclient -q --version="$2" --exit-on-all-streams-close --download="$WORK/got" "$1" 443 "https://$1/x" >>"$WORK/client.log" 2>&1
	[ "$(cat "$WORK/got/x" 2>/dev/null)" = "hello over quic" ]
}

configure inspect
start_dejunk
for family in 4 6; do
	for version in v1 v2draft; do
		fetch v$family.wanted.example $version || fail "a wanted name is not served over IPv$family, $version"
		fetch v$family.blocked.example $version 2 && fail "a blocked name is served over IPv$family, $version"
	done
done
refused=$(status refused_quic)
[ "$refused" -ge 4 ] || fail "only $refused connections counted as refused"

configure block
gateway "$DEJUNK" reload --run-dir "$WORK/run" >>"$WORK/reload.log" 2>&1 || fail "the reload failed"
for family in 4 6; do fetch v$family.wanted.example v1 2 && fail "QUIC passes over IPv$family though all is to be blocked"; done
configure pass
gateway "$DEJUNK" reload --run-dir "$WORK/run" >>"$WORK/reload.log" 2>&1 || fail "the reload failed"
for family in 4 6; do fetch v$family.blocked.example v1 || fail "QUIC does not pass over IPv$family though none is to be looked at"; done
say "blocked names refused, wanted ones served, by the server name in QUIC Initial packets"
