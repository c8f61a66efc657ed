#!/bin/bash
# filters_by_lists.sh - lists in Adblock syntax decide as a browser's blocker would, from what plain HTTP tells: Referer, Accept,
# extension.  Written lists for each promise (image, script, exception, groups, observe, allow: yes, what the SYN may not decide);
# then EasyList itself, where the shared data is
. "$(dirname "$0")/lib.sh"
topology
start_www
cat >"$WORK/ads.txt" <<'END'
[Adblock Plus 2.0]
! written for this test
/banner/*$image
||third.example^$third-party
||whole.example^
||kept.example^
@@||kept.example/fine/
/track.js$script
END
printf '! trial\n/watched/\n' >"$WORK/trial.txt"
printf '||games.example^\n||paths.example/x\n' >"$WORK/kids.txt"
printf 'named.example\nlifted.example\n' >"$WORK/names.txt"
printf '||lifted.example^\n||whole.example/ok/\n' >"$WORK/good.txt"
data=${DEJUNK_SHARED:-$REPO/../shared}/data
easy=
if [ -f "$data/lists/easylist.txt.xz" ]; then
	xz -dc "$data/lists/easylist.txt.xz" >"$WORK/easylist.txt"
	easy=1
fi
cat >"$WORK/rules.yaml" <<END
gateway: {lan: lan}
groups: {kids: [10.1.0.64/28, "fd01::40/124"]}
lists:
  - file: ads.txt
  - {file: trial.txt, mode: observe}
  - {file: kids.txt, groups: kids}
  - file: names.txt
  - {file: good.txt, allow: yes}
  ${easy:+- file: easylist.txt}
END
start_dejunk -d debug
ip -n "${ID}c" addr add 10.1.0.65/24 dev lan
ip -n "${ID}c" addr add fd01::41/64 dev lan nodad

image='image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5'
page='text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
# get HOST/PATH ACCEPT [REFERER [CLIENT]] - as a browser does; the body in $WORK/body, the status in $code; did: how many more were blocked
get() {
	local before referer=() at
	before=$(status blocked)
	[ -z "${3:-}" ] || [ "$3" = - ] || referer=(-H "Referer: $3")
	at=$server
	code=$(client curl -sg -m 10 --interface "${4:-$other}" -o "$WORK/body" -D "$WORK/head" -w '%{http_code}' -H "Host: ${1%%/*}" -H "Accept: $2" "${referer[@]}" "http://$at/${1#*/}") ||
		fail "$at $1: no answer"
	did=$(($(status blocked) - before))
}
passes() { [ "$did" = 0 ] || fail "$server: $*: blocked"; }
blocked() { [ "$did" = 1 ] || fail "$server: $*: passed"; }
for server in 203.0.113.2 '[2001:db8:2::2]'; do
	if [ "$server" = 203.0.113.2 ]; then other=10.1.0.2 kid=10.1.0.65; else other=fd01::2 kid=fd01::41; fi
	get any.example/banner/1.png "$image" http://page.example/
	blocked "an image by its URL"
	[ "$code" = 200 ] && /usr/bin/python3 -c '
import struct, sys
d = open(sys.argv[1], "rb").read()
assert d[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", d[16:24]) == (1, 1) or d[:4] == b"GIF8", d[:60]' "$WORK/body" ||
		fail "$server: the image was answered with $code, not an empty image"
	get any.example/banner/1 "$page" -
	passes "a page is no image"
	get third.example/x.css text/css,*/*\;q=0.1 http://page.example/
	blocked "third party"
	get third.example/x.css text/css,*/*\;q=0.1 http://www.third.example/
	passes "the same site"
	get third.example/x.css text/css,*/*\;q=0.1 -
	passes "an unknown page"
	get any.example/track.js '*/*' http://page.example/
	blocked "a script by its extension"
	[ "$code" = 200 ] || fail "$server: the script was answered with $code"
	get any.example/track.js.png "$image" http://page.example/
	passes "an image is no script"
	get www.whole.example/ "$page" -
	blocked "a page of a whole host"
	[ "$code" = 403 ] && grep -q 'ads.txt:5: ||whole.example^' "$WORK/body" || fail "$server: the page does not name the filter: $(cat "$WORK/body")"
	get www.whole.example/ok/x.png "$image" -
	passes "lifted by a list with allow: yes"
	get kept.example/x.js '*/*' http://page.example/
	blocked "beside the exception"
	get kept.example/fine/x.js '*/*' http://page.example/
	passes "an exception"
	get named.example/fine/x.js '*/*' -
	blocked "a name"
	get lifted.example/ '*/*' -
	passes "a name that a list with allow: yes lifts"
	get games.example/ "$page" - "$kid"
	blocked "a list of a group, for the group"
	get games.example/ "$page" -
	passes "a list of a group, for others"
	before=$(status would_block)
	get any.example/watched/x.png "$image" -
	passes "observed"
	[ $(($(status would_block) - before)) = 1 ] || fail "$server: what would have been blocked was not counted"
done
grep -q 'would block any.example/watched/x.png by trial.txt:2' "$WORK/dejunk.log" || fail "what would have been blocked is not in the log"

if [ -z "$easy" ]; then
	skip "no data/lists beside the repository: EasyList was not asked"
fi
server=203.0.113.2 other=10.1.0.2
get ads.example/banner_ads/468.png "$image" http://news.example/
blocked "EasyList: an image"
get www.googletagservices.com/tag/js/gpt.js '*/*' http://news.example/
blocked "EasyList: a script of a third party"
get news.example/story.html "$page" -
passes "EasyList: a page"
get news.example/style.css text/css,*/*\;q=0.1 http://news.example/story.html
passes "EasyList: its style"
grep -q "easylist.txt: Adblock, in force: 78454 lines" "$WORK/dejunk.log" || fail "the log does not say what was read of EasyList"
# the gateway and explain agree
"$DEJUNK" explain -c "$WORK/rules.yaml" --type image --referer http://news.example/ http://ads.example/banner_ads/468.png >"$WORK/explain.log"
grep -q 'request *block *easylist.txt:[0-9]' "$WORK/explain.log" || fail "explain does not name the filter"
