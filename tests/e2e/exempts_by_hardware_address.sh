#!/bin/bash
# exempts_by_hardware_address.sh - a client whose link-layer address is exempt is left alone on every layer, whatever its IP address:
# its DNS answers are not rewritten, its connections neither refused nor redirected; when it is exempt no more, it is filtered like all
. "$(dirname "$0")/lib.sh"
topology
start_www
command -v dig >/dev/null || skip "dig is not installed"
start_dns address=/blocked.example/203.0.113.3 address=/blocked.example/2001:db8:2::3
rules_for() { # LINK-LAYER ADDRESS
	rules <<-END
		gateway: {lan: lan, dns: refuse, exempt: ["$1"]}
		rules:
		  - {block: connections, host: blocked.example}
		  - {block: requests, url: "*/ads/*"}
	END
}
hw=$(client cat /sys/class/net/lan/address)
rules_for "${hw^^}"
start_dejunk

answers() { client dig +short +tries=1 +time=5 "$@" blocked.example; }
code() { client curl -gs -m 10 -o /dev/null -w '%{http_code}' -H 'Accept: text/html' "$1"; }
for how in +notcp +tcp; do
	[ "$(answers $how A)" = 203.0.113.3 ] && [ "$(answers $how AAAA)" = 2001:db8:2::3 ] || fail "the answers to an exempt client are changed ($how)"
done
for server in 203.0.113.3 '[2001:db8:2::3]'; do
	[ "$(code "http://$server/ads/x")" = 200 ] || fail "a request of an exempt client to $server was answered $(code "http://$server/ads/x")"
done
[ "$(status syns)" = 0 ] && [ "$(status requests)" = 0 ] || fail "an exempt client was asked about"

rules_for 02:00:5e:00:00:77
gateway "$DEJUNK" reload --run-dir "$WORK/run" >/dev/null || fail "reload"
unanswered() { [ -z "$(answers A)" ] && [ -z "$(answers AAAA)" ]; }
until_true 10 unanswered || fail "a client that is exempt no more still gets its answers"
[ "$(code http://203.0.113.4/ads/x)" = 403 ] || fail "a client that is exempt no more is not filtered: $(code http://203.0.113.4/ads/x)"
stop_dejunk || fail "exit status $?"
say "ok"
