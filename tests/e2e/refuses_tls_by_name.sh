#!/bin/bash
# refuses_tls_by_name.sh - a client whose DNS was never seen is refused by the server name of its ClientHello, TLS 1.2
# and 1.3, both families, at once; another name at the same address is served, and other ports are not looked at
. "$(dirname "$0")/lib.sh"
topology
start_tls 443 8443
rules <<'END'
gateway: {lan: lan}
rules:
  - allow: everything
    host: fine.blocked.example
  - block: connections
    host: blocked.example
END
start_dejunk

# fetch FAMILY VERSION NAME ADDRESS PORT - what curl says, and how long it took; the client asks no DNS that anybody sees
fetch() { client curl -sk"$1" "--tls-max" "$2" "--tlsv$2" -m 5 -o /dev/null -w '%{http_code} %{time_total}\n' --resolve "$3:$5:$4" "https://$3:$5/"; }

for family in 4 6; do
	address=203.0.113.4
	[ $family = 4 ] || address='[2001:db8:2::4]'
	for version in 1.2 1.3; do
		for name in wanted.example fine.blocked.example; do
			out=$(fetch $family $version $name "$address" 443)
			[[ $out == 200\ 0.* ]] || fail "$name over IPv$family, TLS $version: $out"
		done
		for name in blocked.example www.blocked.example; do
			out=$(fetch $family $version $name "$address" 443)
			code=$?
			[ $code = 35 ] || [ $code = 56 ] || fail "$name over IPv$family, TLS $version ended with curl's $code ($out), not reset"
			[[ $out == 000\ 0.[0-4]* ]] || fail "$name over IPv$family, TLS $version was refused only after ${out#* } s"
		done
		out=$(fetch $family $version blocked.example "$address" 8443)
		[[ $out == 200\ 0.* ]] || fail "a port that is no TLS port was looked at: $out"
	done
done
[ "$(status refused_tls)" = 8 ] || fail "$(status refused_tls) TLS connections counted as refused, not 8"
[ "$(status hellos)" = 16 ] || fail "$(status hellos) ClientHellos counted, not 16"
[ "$(status hello_late)" = 0 ] || fail "$(status hello_late) passed undecided"
say "wanted names served, blocked ones reset, both families, TLS 1.2 and 1.3"
