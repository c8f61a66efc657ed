#!/bin/bash
# lists_of_adguard.sh - AdGuard's own filters, unchanged, before real traffic: its cookie filters strip and cap the Set-Cookie
# headers of a crawl, its URL tracking list shortens requests, their exceptions hold, and deletions pass untouched
. "$(dirname "$0")/lib.sh"
DATA=$SHARED/data
[ -e "$DATA/cookies/setcookie.tsv.gz" ] || skip "no data beside the repository"
cp "$DATA/cookies/adguard-cookie-rules.txt" "$WORK/cookies.txt"
xz -dc "$DATA/lists/adguard-url-tracking.txt.xz" >"$WORK/tracking.txt" || skip "no xz"
{
	printf '%s\n' '_awl=1; Path=/; Max-Age=86400' '_awl=2' '_awl=; Max-Age=0' '_awl=x; expires=Thu, 01 Jan 1970 00:00:00 GMT' \
		'_awl=3; Max-Age=20' '_gid=4; path=/' '_gid=; Max-Age=-1'
	gzip -dc "$DATA/cookies/setcookie.tsv.gz" | grep -v '^#' | cut -f 5-
} >"$WORK/jar"
export COOKIE_JAR=$WORK/jar
topology
start_www
rules <<'END'
lists:
  - file: cookies.txt
  - file: tracking.txt
END
start_dejunk

cat >"$WORK/crawl.py" <<'END'
"""each Set-Cookie of the jar through the gateway, against a naive reading of the filters that name neither host nor page"""
import http.client, http.cookiejar, re, sys, time

rules, jar, server = sys.argv[1:]
names, expressions = set(), []
for line in open(rules, encoding="utf-8"):
    m = re.match(r"\$cookie=(.+?)(?:,domain=(.*))?$", line.rstrip("\r\n"))
    if not m or ";" in m[1] or (m[2] and not all(d.startswith("~") for d in m[2].split("|"))):
        continue
    if m[1].startswith("/") and m[1].endswith("/"):
        expressions.append(re.compile(m[1][1:-1]))
    else:
        names.add(m[1])


def deletes(line):
    parts = [tuple(s.strip() for s in p.partition("=")[::2]) for p in line.split(";")[1:]]
    ages = [int(v) for k, v in parts if k.lower() == "max-age" and re.fullmatch(r"-?\d+", v)]
    dates = [http.cookiejar.http2time(v) for k, v in parts if k.lower() == "expires"]
    dates = [d for d in dates if d is not None]
    return ages[-1] <= 0 if ages else bool(dates) and dates[-1] <= time.time()


def passes(line):
    name = line.split(";")[0].partition("=")
    name = name[0].strip() if name[1] else ""
    return not name in names and not any(e.search(name) for e in expressions) or deletes(line)


lines = open(jar, "rb").read().decode("latin-1").split("\n")[:-1]
connection = http.client.HTTPConnection(server)
wrong = stripped = kept = deletions = 0
http.client._MAXHEADERS = 1000
for page in range((len(lines) + 39) // 40):
    connection.request("GET", "/jar/%d" % page)
    answer = connection.getresponse()
    answer.read()
    sent = lines[page * 40:page * 40 + 40]
    want = [l for l in sent if passes(l)]
    got = answer.headers.get_all("Set-Cookie") or []
    if [w.strip() for w in want] != got:
        wrong += 1
        for line in set(w.strip() for w in want) ^ set(got):
            print("page %d: %s: %s" % (page, "too much" if line in got else "missing", line))
    stripped += len(sent) - len(got)
    kept += len(got)
    deletions += sum(map(deletes, sent))
print("%d filters by name, %d by expression: %d cookies stripped, %d kept, %d deletions" %
      (len(names), len(expressions), stripped, kept, deletions))
sys.exit(wrong != 0 or len(names) < 300 or stripped < 100 or kept < 5000)
END
for host in 203.0.113.2 '[2001:db8:2::2]'; do
	client /usr/bin/python3 "$WORK/crawl.py" "$WORK/cookies.txt" "$WORK/jar" "$host" >"$WORK/crawl.log" 2>&1 ||
		fail "$host: real cookies are not as the filters want them"
	say "$host: $(tail -n 1 "$WORK/crawl.log")"
done

# maxAge: the pages it is for, and others
set_cookies() { client curl -sgi "$@" "http://203.0.113.2/jar/0" | tr -d '\r' | sed -n 's/^Set-Cookie: \(_awl\|_gid\)/\1/p'; }
set_cookies -H 'Referer: http://www.nypost.com/' | head -n 5 >"$WORK/got"
printf '%s\n' '_awl=1; Path=/; Max-Age=30' '_awl=2; Max-Age=30' '_awl=; Max-Age=0' \
	'_awl=x; expires=Thu, 01 Jan 1970 00:00:00 GMT' '_awl=3; Max-Age=20' >"$WORK/want"
cmp "$WORK/got" "$WORK/want" || { cat "$WORK/got"; fail "maxAge=30 did not cap what it should, or no more than that"; }
set_cookies | head -n 5 | diff - <(head -n 5 "$WORK/jar") || fail "maxAge capped a cookie of another page"
# exceptions: by name, and of all
set_cookies -H 'Host: godaddy.com' | grep -qx '_gid=4; path=/' || fail "the exception of godaddy.com does not hold"
set_cookies -H 'Host: 1login.wp.pl' | grep -qx '_gid=4; path=/' || fail "the exception of 1login.wp.pl does not hold"
set_cookies -H 'Host: www.example.com' | grep -qx '_gid=4; path=/' && fail "_gid passes"
# requests: the same names
client curl -sg -b '_gid=1; keep=2; _hjSession_9=3; _awl=4' -H 'Host: www.example.com' http://203.0.113.2/echo/ |
	grep -q $'^Cookie: keep=2; _awl=4\r$' || fail "the request's cookies are not as the filters want them"
client curl -sg -b '_gid=1; keep=2' -H 'Host: godaddy.com' http://203.0.113.2/echo/ | grep -q $'^Cookie: _gid=1; keep=2\r$' ||
	fail "the exception of godaddy.com does not hold for requests"

# parameters
asked() { client curl -sg -H 'Accept: text/html' -H "Host: $1" "http://203.0.113.2/echo/$2" | head -n 1 | tr -d '\r'; }
got=$(asked www.example.com '?utm_source=a&id=7&fbclid=b&gclid=c&q=%20d&utm_campaign=e&yclid')
[ "$got" = 'GET /echo/?id=7&q=%20d HTTP/1.1' ] || fail "the URL tracking list made it: $got"
got=$(asked usprobioticguide.com '?utm_campaign=e&fbclid=1')
[ "$got" = 'GET /echo/?utm_campaign=e HTTP/1.1' ] || fail "the exception of usprobioticguide.com: $got"
got=$(asked www.example.com '?id=7&q=1')
[ "$got" = 'GET /echo/?id=7&q=1 HTTP/1.1' ] || fail "what no filter names was changed: $got"
stop_dejunk || fail "SIGTERM ended it with $?"
