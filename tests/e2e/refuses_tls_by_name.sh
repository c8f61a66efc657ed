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

# us - of what fetch said
us() { local t=${1#* }; echo $((10#${t/./})); }
slowest=0 tries=0
# refused_at_once ARGUMENT... of fetch - within 100 ms; a slow machine has the time that it takes to be served, too
refused_at_once() {
	tries=$((tries + 1))
	out=$(fetch "$@")
	code=$?
	[ $code = 35 ] || [ $code = 56 ] || fail "$3 over IPv$1, TLS $2 ended with curl's $code ($out), not reset"
	[ "$(us "$out")" -lt $((100000 + served)) ] || return 1
	[ "$(us "$out")" -le $slowest ] || slowest=$(us "$out")
}

for family in 4 6; do
	address=203.0.113.4
	[ $family = 4 ] || address='[2001:db8:2::4]'
	for version in 1.2 1.3; do
		for name in wanted.example fine.blocked.example; do
			out=$(fetch $family $version $name "$address" 443)
			[[ $out == 200\ 0.* ]] || fail "$name over IPv$family, TLS $version: $out"
			served=$(us "$out")
		done
		for name in blocked.example www.blocked.example; do
			until refused_at_once $family $version $name "$address" 443; do
				[ $tries -lt 20 ] || fail "$name over IPv$family, TLS $version was refused only after ${out#* } s"
			done
		done
		out=$(fetch $family $version blocked.example "$address" 8443)
		[[ $out == 200\ 0.* ]] || fail "a port that is no TLS port was looked at: $out"
	done
done
[ "$(status refused_tls)" = $tries ] || fail "$(status refused_tls) TLS connections counted as refused, not $tries"
[ "$(status hellos)" = $((8 + tries)) ] || fail "$(status hellos) ClientHellos counted, not $((8 + tries))"
[ "$(status hello_late)" = 0 ] || fail "$(status hello_late) passed undecided"
say "wanted names served, blocked ones reset within $((slowest / 1000)) ms, both families, TLS 1.2 and 1.3"
