#!/bin/bash
# filters_the_three_kinds.sh - what the product promises on its first page, over IPv4 and IPv6: cookies go in both
# directions and nothing else changes; a banner becomes an empty image of its size; an ad image is never fetched
. "$(dirname "$0")/lib.sh"
topology
start_www
rules <<'END'
rules:
  - block: cookies
    name: "_ga*"
  - limit: cookies
    name: keep
  - block: images
    url: "*/ads/*"
  - block: images
    size: ["468x60", "1x1"]
  - block: requests
    url: "*/telemetry/*"
END
start_dejunk

# pixels FILE - width, height and kind as file(1)-like truth, by reading the image
pixels() {
	/usr/bin/python3 -c '
import struct, sys
d = open(sys.argv[1], "rb").read()
if d[:4] == b"GIF8": print("gif %dx%d" % struct.unpack("<HH", d[6:10]))
elif d[:8] == b"\x89PNG\r\n\x1a\n": print("png %dx%d" % struct.unpack(">II", d[16:24]))
else: print("not an image:", d[:60])' "$1"
}

for host in 203.0.113.2 '[2001:db8:2::2]'; do
	url=http://$host
	# the request: one cookie of three goes, every other byte stays
	client curl -sg -A 'Agent/1' -H 'X-Odd-Case:  two  blanks ' -H 'Cookie: a=1; _ga=GA1.2.3; b="x; y"' \
		"$url/echo/it?q=%20&&" >"$WORK/got" || fail "$host: no answer"
	printf 'GET /echo/it?q=%%20&& HTTP/1.1\r\nHost: %s\r\nUser-Agent: Agent/1\r\nAccept: */*\r\nX-Odd-Case:  two  blanks \r\nCookie: a=1; b="x; y"\r\n\r\n' \
		"$host" >"$WORK/want"
	cmp "$WORK/got" "$WORK/want" || { cat -A "$WORK/got"; fail "$host: the request was changed beyond the cookie"; }

	# the answer: one dropped, one for the session, one untouched
	client curl -sgi "$url/cookies" >"$WORK/got" || fail "$host: no cookies"
	printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: session=abc; Path=/; HttpOnly\r\nX-Odd-case:   kept  \r\nset-cookie: keep=1\r\nContent-Length: 3\r\n\r\nok\n' >"$WORK/want"
	cmp "$WORK/got" "$WORK/want" || { cat -A "$WORK/got"; fail "$host: the answer was changed beyond its cookies"; }

	# a banner, by its size; a photograph, untouched
	client curl -sg -o "$WORK/banner" -D "$WORK/head" "$url/img/468x60.png" || fail "$host: no banner"
	[[ $(pixels "$WORK/banner") == *468x60 ]] || fail "$host: the banner became $(pixels "$WORK/banner")"
	[ "$(stat -c %s "$WORK/banner")" -lt 1000 ] || fail "$host: the banner is not empty"
	grep -qi '^set-cookie' "$WORK/head" && fail "$host: the banner kept its cookie"
	grep -qi '^etag' "$WORK/head" && fail "$host: the banner kept its validator"
	grep -qi '^cache-control:.*no-store' "$WORK/head" || fail "$host: the banner may be cached"
	client curl -sg -o "$WORK/photo" "$url/img/300x200.png" || fail "$host: no photograph"
	/usr/bin/python3 -c "
import sys; sys.path.insert(0, '$REPO/tests/e2e'); import www
sys.stdout.buffer.write(www.png(300, 200))" | cmp - "$WORK/photo" || fail "$host: the photograph was touched"
	client curl -sg -o "$WORK/bug" "$url/img/1x1.gif"
	[[ $(pixels "$WORK/bug") == *1x1 ]] || fail "$host: the web bug became $(pixels "$WORK/bug")"

	# an ad by its URL: never fetched
	code=$(client curl -sg -o "$WORK/ad" -w '%{http_code} %{content_type}' -H 'Accept: image/webp,image/*' "$url/ads/x.png")
	[[ $code == 200\ image/* ]] || fail "$host: an ad image was answered $code"
	[[ $(pixels "$WORK/ad") == *1x1 ]] || fail "$host: the ad became $(pixels "$WORK/ad")"
	# a blocked page names its rule
	code=$(client curl -sg -o "$WORK/page" -w '%{http_code}' -H 'Accept: text/html,*/*' "$url/telemetry/x")
	[ "$code" = 403 ] || fail "$host: a blocked page was answered $code"
	grep -q rules.yaml "$WORK/page" || fail "$host: the blocked page does not name the rule"
done
grep -E ' /(ads|telemetry)/' "$WORK/www.log" && fail "the origin was asked for something blocked"
[ "$(status cookies)" -ge 6 ] || fail "cookies are not counted: $(status cookies)"
[ "$(status images)" -ge 6 ] || fail "images are not counted: $(status images)"
[ "$(status blocked)" -ge 4 ] || fail "blocked requests are not counted: $(status blocked)"
[ "$(status armed)" = true ] || fail "status does not say armed"
stop_dejunk || fail "SIGTERM ended it with $?"
gateway nft list tables | grep -q dejunk && fail "the table is still there"
[ "$(client curl -s http://203.0.113.2/ads/x)" = "hello from /ads/x" ] || fail "traffic does not flow after the end"
