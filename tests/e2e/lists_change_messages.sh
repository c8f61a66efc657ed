#!/bin/bash
# lists_change_messages.sh - what filters of lists do to requests that they do not block: parameters leave the query,
# cookies go or live shorter, and a redirect filter's resource stands in; every other byte stays, over both families
. "$(dirname "$0")/lib.sh"
topology
start_www
cat >"$WORK/list.txt" <<'END'
[Adblock Plus 2.0]
$removeparam=utm_source
$removeparam=/^fb[a-z]*id=/
||203.0.113.3^$removeparam
||203.0.113.2/echo/xhr$xmlhttprequest,removeparam=x
@@/quiet/*$removeparam
@@/half/*$removeparam=utm_source
/telemetry?b|$document
$cookie=_ga
||203.0.113.*^$cookie=keep;maxAge=100
/cookies?lax$cookie=session;sameSite=lax
@@/cookies/quiet$cookie
/gif^$redirect=1x1.gif
/noop^$redirect=noopjs
/vast^$redirect=noopvast-3.0
/plain^$image
END
printf '[Adblock Plus 2.0]\n$removeparam=seen\n$cookie=seen\n' >"$WORK/observed.txt"
rules <<'END'
lists:
  - file: list.txt
  - file: observed.txt
    mode: observe
rules:
  - allow: requests
    url: "*/mine/*"
END
start_dejunk -d debug
html='Accept: text/html,*/*'

# echo_of HOST METHOD TARGET [OPTION...] - the request line that the server saw
echo_of() {
	local host=$1 method=$2 target=$3
	shift 3
	client curl -sg -X "$method" -H "$html" --path-as-is "$@" --request-target "$target" "http://$host/" | head -n 1 | tr -d '\r'
}

# row TARGET WANT - both families
row() {
	local host got
	for host in 203.0.113.2 '[2001:db8:2::2]'; do
		got=$(echo_of "$host" GET "$1")
		[ "$got" = "GET $2 HTTP/1.1" ] || fail "$host: asked for $1, the server saw: $got"
	done
}
row '/echo/p?utm_source=a&b=%20&&c' '/echo/p?b=%20&&c'
row '/echo/p?b=1&fbclid=x' '/echo/p?b=1'
row '/echo/p?utm_source=1' '/echo/p'
row '/echo/p?UTM_SOURCE=1&utm_sourc%65=2&xutm_source=3' '/echo/p?UTM_SOURCE=1&xutm_source=3'
row '/echo/quiet/p?utm_source=1&fbclid=2' '/echo/quiet/p?utm_source=1&fbclid=2'
row '/echo/half/p?utm_source=1&fbclid=2' '/echo/half/p?utm_source=1'
row '/echo/mine/p?utm_source=1' '/echo/mine/p?utm_source=1'
row '/echo/p?seen=1' '/echo/p?seen=1'
row '/echo/p?' '/echo/p?'
[ "$(echo_of 203.0.113.3 GET '/echo/p?a&b=2')" = 'GET /echo/p HTTP/1.1' ] || fail "not all parameters went"
[ "$(echo_of 203.0.113.2 OPTIONS '/echo/p?utm_source=1')" = 'OPTIONS /echo/p HTTP/1.1' ] || fail "OPTIONS"
[ "$(echo_of 203.0.113.2 POST '/echo/p?utm_source=1' -d x)" = 'POST /echo/p?utm_source=1 HTTP/1.1' ] || fail "a POST was changed"
# absolute-form stays what it is
[ "$(echo_of 203.0.113.2 GET 'http://203.0.113.2/echo/p?utm_source=1&b')" = 'GET http://203.0.113.2/echo/p?b HTTP/1.1' ] ||
	fail "absolute-form: $(echo_of 203.0.113.2 GET 'http://203.0.113.2/echo/p?utm_source=1&b')"
# a type that the filter names, and one that it does not
got=$(client curl -sg -H 'Accept: application/json' "http://203.0.113.2/echo/xhr?x=1&utm_source=2" | head -n 1)
[[ $got == 'GET /echo/xhr?utm_source=2 '* ]] || fail "a request of another type: $got"
# the shorter request is judged again
code=$(client curl -sg -o /dev/null -w '%{http_code}' -H "$html" "http://203.0.113.2/telemetry?utm_source=1&b")
[ "$code" = 403 ] || fail "a blocked request was answered $code"

# two on one connection, with cookies: each head is edited as a whole
client curl -sg -H "$html" -A 'Agent/1' -H 'X-Odd:  two  ' -b 'a=1; _ga=2; seen=3' \
	'http://203.0.113.2/echo/1?utm_source=1&b=2' 'http://203.0.113.2/echo/2?utm_source=1&b=2' >"$WORK/got"
for i in 1 2; do
	printf 'GET /echo/%s?b=2 HTTP/1.1\r\nHost: 203.0.113.2\r\nUser-Agent: Agent/1\r\n%s\r\nX-Odd:  two  \r\nCookie: a=1; seen=3\r\n\r\n' $i "$html"
done >"$WORK/want"
sort "$WORK/got" >"$WORK/got.sorted"
sort "$WORK/want" | cmp - "$WORK/got.sorted" || { cat -A "$WORK/got"; fail "two requests with cookies were not edited as they should"; }

# answers: removed, capped, SameSite added; and an exception
client curl -sgi -H "$html" 'http://203.0.113.2/cookies?lax' >"$WORK/got"
printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: session=abc; Path=/; HttpOnly; SameSite=Lax\r\nX-Odd-case:   kept  \r\nset-cookie: keep=1; Expires=@; Max-Age=100\r\nContent-Length: 3\r\n\r\nok\n' >"$WORK/want"
sed 's/Expires=[A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] 20[0-9][0-9] [0-9:]* GMT;/Expires=@;/' "$WORK/got" | cmp - "$WORK/want" ||
	{ cat -A "$WORK/got"; fail "the answer's cookies are not as the filters want them"; }
expires=$(date -d "$(sed -n 's/.*Expires=\([^;]*\);.*/\1/p' "$WORK/got")" +%s)
now=$(date +%s)
[ "$expires" -le $((now + 100)) ] && [ "$expires" -ge $((now - 60)) ] || fail "Expires is $((expires - now)) s from now, not 100"
client curl -sgi -H "$html" 'http://203.0.113.2/cookies/quiet' | grep -qi '^Set-Cookie: _ga=GA1.2.3; Path=/; Max-Age=63072000' ||
	fail "the exception did not keep the cookie"

# resources of redirect filters
kind() { client curl -sg -o "$WORK/body" -w '%{http_code} %{content_type}' -H "Accept: $2" "http://203.0.113.2$1"; }
[ "$(kind /gif 'image/*')" = '200 image/gif' ] && [ "$(stat -c %s "$WORK/body")" = 43 ] || fail "1x1.gif: $(kind /gif 'image/*')"
[ "$(kind /noop '*/*')" = '200 text/javascript; charset=utf-8' ] || fail "noopjs: $(kind /noop '*/*')"
[ "$(kind /vast '*/*')" = '200 application/xml' ] && grep -q '<VAST version="3.0"></VAST>' "$WORK/body" || fail "noopvast-3.0"
[ "$(kind /plain 'image/*')" = '200 image/png' ] || fail "a plain block became a resource"

grep -E ' /(gif|noop|vast|plain|telemetry)' "$WORK/www.log" && fail "the origin was asked for something blocked"
[ "$(status params_removed)" = 18 ] || fail "parameters removed: $(status params_removed)"
[ "$(status cookies_listed)" = 3 ] || fail "cookies removed by lists: $(status cookies_listed)"
[ "$(status cookies_capped)" = 2 ] || fail "cookies capped: $(status cookies_capped)"
[ "$(status cookies)" = 5 ] || fail "cookies: $(status cookies)"
grep -q 'removed parameter utm_source of 203.0.113.2/echo/p?utm_source=1 by .*list.txt:2$' "$WORK/dejunk.log" ||
	fail "the log does not say which filter removed a parameter"
grep -q 'would remove parameter seen of .* by .*observed.txt:2$' "$WORK/dejunk.log" || fail "nothing was observed"
grep -q 'removed cookie _ga of .* by .*list.txt:9$' "$WORK/dejunk.log" || fail "the log does not say which filter removed a cookie"
grep -q 'capped cookie keep of .* by .*list.txt:10$' "$WORK/dejunk.log" || fail "the log does not say which filter capped a cookie"
stop_dejunk || fail "SIGTERM ended it with $?"
