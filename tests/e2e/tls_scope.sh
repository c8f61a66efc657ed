#!/bin/bash
# tls_scope.sh - "tls: suspect" decides by server name only at addresses that carry a blocked name, "tls: off" nowhere;
# tls_ports says on which ports; with filter_self the gateway's own connections are decided, too
. "$(dirname "$0")/lib.sh"
topology
start_tls 443 8443
start_dns "address=/blocked.example/203.0.113.5" "address=/wanted.example/203.0.113.5"

configure() {
	printf 'gateway: {lan: lan, %s}\nrules:\n  - block: connections\n    host: blocked.example\n' "$1" >"$WORK/rules.yaml"
	[ -z "${pid_of[dejunk]:-}" ] && return
	gateway "$DEJUNK" reload --run-dir "$WORK/run" >>"$WORK/reload.log" 2>&1 || fail "the reload failed: $1"
}
# fetch WHERE NAME ADDRESS [PORT]
fetch() { "$1" curl -sk -m 10 --resolve "$2:${4:-443}:$3" "https://$2:${4:-443}/"; }
served() { [ "$(fetch "$@")" = "hello over tls" ] || fail "$mode: $2 at $3 is not served to the $1"; }
refused() {
	local code
	fetch "$@" >/dev/null; code=$?
	[[ $code =~ ^(35|56)$ ]] || fail "$mode: $2 at $3 is not refused to the $1: curl ended with $code"
}

mode='tls: suspect'
configure "$mode"
start_dejunk
served client blocked.example 203.0.113.4	# an address of which nothing is known
# a wanted name and a blocked one at the same address: suspect, and the client is not refused by the address
client dig +short +tries=1 +time=2 blocked.example A wanted.example A >"$WORK/dig.log" 2>&1
served client wanted.example 203.0.113.5
refused client blocked.example 203.0.113.5

mode='tls: off'
configure "$mode"
served client blocked.example 203.0.113.4
served client blocked.example 203.0.113.5

mode='tls_ports: [8443]'
configure "$mode"
served client blocked.example 203.0.113.4
refused client blocked.example 203.0.113.4 8443
served client wanted.example 203.0.113.4 8443
served gateway blocked.example 203.0.113.4 8443

mode='filter_self: yes'
configure "$mode"
refused gateway blocked.example 203.0.113.4
served gateway wanted.example 203.0.113.4
refused client blocked.example 203.0.113.4
