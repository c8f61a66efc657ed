#!/bin/bash
# refuses_names_in_dns.sh - dns: refuse.  A blocked name is answered NXDOMAIN at once, whoever answers (a server behind the
# gateway, a resolver on it), over UDP and TCP, over both families, whatever is asked; wanted names, and clients that
# a rule is not for, get the true answer; also what the gateway itself asks.  curl fails within 100 ms
. "$(dirname "$0")/lib.sh"
topology
start_www 443
command -v dig >/dev/null || skip "dig is not installed"
zone=(address=/none.example/ address=/blocked.example/203.0.113.3 address=/blocked.example/2001:db8:2::3 address=/wanted.example/203.0.113.4
	address=/wanted.example/2001:db8:2::4 address=/good.blocked.example/203.0.113.5 address=/games.example/203.0.113.6
	cname=alias.example,www.blocked.example host-record=www.blocked.example,203.0.113.7 txt-record=blocked.example,text)
start_dns "${zone[@]}"
printf '%s\n' no-resolv no-hosts bind-interfaces user=root log-facility=- "pid-file=$WORK/dnsmasq.pid" "${zone[@]}" >"$WORK/dnsmasq-g.conf"
background resolver gateway dnsmasq -k -C "$WORK/dnsmasq-g.conf"
until_true 10 listens_udp g 53 || fail "the name server on the gateway does not start"
rules_of() { # LINE... of the gateway section
	rules <<END
gateway: {lan: lan$(printf ', %s' "$@")}
groups: {kids: [10.1.0.9, "fd01::9"]}
rules:
  - allow: everything
    host: good.blocked.example
  - block: connections
    host: blocked.example
  - block: connections
    host: games.example
    group: kids
END
}
ip -n "${ID}c" addr add 10.1.0.9/24 dev lan
ip -n "${ID}c" addr add fd01::9/64 dev lan nodad preferred_lft 0	# used where it is asked for
rules_of "dns: refuse"
start_dejunk

# asked WHO OPTION... - what dig says there: the status, then the addresses or texts
asked() {
	local who=$1
	shift
	"$who" dig +tries=1 +time=5 +noall +comments +answer "$@" >"$WORK/dig.log" || { echo "no answer"; return; }
	echo "$(sed -n 's/.*status: \([A-Z]*\),.*/\1/p' "$WORK/dig.log" | head -n 1)" $(awk '!/^;/ && NF { print $NF }' "$WORK/dig.log")
}
known_late=0
# an answer that was late, on a machine with much else to do, passed as it was: asked again
is() { # WANT WHO OPTION...
	local want=$1 got late
	shift
	for _ in {1..10}; do
		got=$(asked "$@")
		[ "$got" != "$want" ] || return 0
		late=$(status dns_late)
		[ "$late" != "$known_late" ] || break
		known_late=$late
	done
	fail "$*: $got, not $want"
}

n=0
for server in 203.0.113.2 2001:db8:2::2 10.1.0.1 fd01::1; do
	for how in +notcp "+tcp +noedns" +tcp; do
		[ $server = 203.0.113.2 ] || [ "$how" != +tcp ] || continue
		for type in A AAAA $([ $server != 203.0.113.2 ] || echo TXT HTTPS); do
			# shellcheck disable=SC2086	# two options
			is NXDOMAIN client $how "@$server" blocked.example $type
			n=$((n + 1))
		done
		# shellcheck disable=SC2086
		{
			is NXDOMAIN client $how "@$server" alias.example A
			is "NOERROR 2001:db8:2::4" client $how "@$server" wanted.example AAAA
		}
		n=$((n + 1))
	done
done
is "NOERROR 203.0.113.5" client @203.0.113.2 good.blocked.example A
is "NOERROR 203.0.113.6" client @203.0.113.2 games.example A
[ "$(status dns_refused)" -ge $n ] || fail "$(status dns_refused) answers were refused, not $n"
[ "$(status dns_unchanged)" = 0 ] || fail "answers could not be rewritten"
is NXDOMAIN client -b 10.1.0.9 @203.0.113.2 games.example
is NXDOMAIN client -b fd01::9 @fd01::1 games.example

# what the answer looks like: an SOA to remember it by, the reason, nothing authentic or authoritative
for how in +notcp +tcp; do
	client dig +tries=1 +time=5 $how +dnssec +nocookie @203.0.113.2 blocked.example >"$WORK/dig.log"
	grep -q '^blocked.example.[[:space:]]*30[[:space:]]*IN[[:space:]]*SOA' "$WORK/dig.log" || [ $how = +tcp ] || fail "no SOA record"
	grep -q 'EDE: 15' "$WORK/dig.log" || fail "$how: no extended error"
	grep -q '^;; flags: qr rd ra;' "$WORK/dig.log" || fail "$how: other flags"
	grep -qi 'malformed\|extra bytes' "$WORK/dig.log" && fail "$how: malformed"
done

# programs
fails() { # NAME - into $took
	local begin=${EPOCHREALTIME/./}
	client curl -s -m 5 -o /dev/null "http://$1:443/" && fail "$1 was reached"
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
}
# what a busy machine takes anyway, for a name that its server denies, is no fault of ours
fails_at_once() {
	fails none.example
	other=$took
	fails blocked.example
	[ $took -lt $((100 + other)) ]
}
until_true 20 fails_at_once || fail "it took $took ms to fail, where the server's own denial takes $other ms"
say "curl failed after $took ms; where the server itself says that there is no such name, after $other ms"
[ "$(client curl -s -m 5 http://wanted.example:443/x)" = "hello from /x" ] || fail "a wanted name is not reached"
unresolved() { ! client getent ahosts blocked.example; }	# again where an answer was late
until_true 20 unresolved || fail "the C library resolves a blocked name"
# whoever knows the address all the same is refused there
refused 203.0.113.3 "its address was learned"

# the question went to its server
grep -q 'query\[A\] blocked.example' "$WORK/dns.log" || fail "the server was not asked"

# another configuration
rules_of
gateway "$DEJUNK" reload --run-dir "$WORK/run" >/dev/null || fail "no reload"
is "NOERROR 203.0.113.3" client @203.0.113.2 blocked.example
refused 203.0.113.3 "learned only"
stop_dejunk

# this machine itself, by a server elsewhere and by a resolver of its own
rules_of "dns: refuse" "filter_self: yes"
start_dejunk
for server in 203.0.113.2 2001:db8:2::2 127.0.0.1; do
	known_late=0
	for how in +notcp +tcp; do
		is NXDOMAIN gateway $how "@$server" blocked.example
		is "NOERROR 203.0.113.4" gateway $how "@$server" wanted.example
	done
done
