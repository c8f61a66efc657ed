#!/bin/bash
# promise_4_nothing_waits_for_ever.sh - DESIGN promise 4: an origin that is silent is waited for as long as
# daemon/tbl/limit.h says and no longer, a head that never ends likewise; one client holds as many connections as stated
# there and not one more, and others are served beside it.  (The other limits: limits_*.sh, unit tests.)
. "$(dirname "$0")/lib.sh"
ulimit -n 4096 || skip "descriptors are short here"	# the web server's, too
topology
start_www
rules <<'END'
gateway: {lan: lan, workers: 1}
END
FILES=4096 start_dejunk
server nft -f - <<'END' || skip "no nftables"
table inet silent {
	chain input { type filter hook input priority 0; ip daddr 203.0.113.7 tcp dport 80 drop; ip6 daddr 2001:db8:2::7 tcp dport 80 drop; }
}
END
ip -n "${ID}c" addr add 10.1.0.3/24 dev lan
cat >"$WORK/talk.py" <<'END'
import re, socket, sys, threading, time
sys.path.insert(0, sys.argv[2])
from proxy_lab import limit
from wire import connect
WAITS = (('DIAL_MS', {4: '203.0.113.7', 6: '2001:db8:2::7'}, b'GET / HTTP/1.1\r\nHost: h\r\n\r\n', 504),
         ('HEAD_MS', {4: None, 6: None}, b'GET / HTTP/1.1\r\nHost: h\r\nX: ', 408))
failures = []


def wait(c, name, v, data, want):
    begin, limit_s = time.monotonic(), limit(name) / 1000
    try:
        c.sock.settimeout(limit_s + 3)
        c.send(data)
        status = c.answer()[0]
        took = time.monotonic() - begin
        c.expect_end()
        assert status == want and limit_s - 0.5 < took < limit_s + 1.5, 'answered %d after %.1f s' % (status, took)
        print('%s over IPv%d: %d after %.1f s' % (name, v, status, took))
    except Exception as e:
        failures.append('%s (%d s) over IPv%d: %r after %.1f s' % (name, limit_s, v, e, time.monotonic() - begin))


threads = [threading.Thread(target=wait, args=(connect(v, to[v]), name, v, data, want)) for name, to, data, want in WAITS for v in (4, 6)]
for t in threads:
    t.start()

bound = limit('CLIENT_CONNECTIONS')
held = []
for i in range(bound + 50):
    try:        # one too many is reset: within connect, or later
        c = connect(4, source='10.1.0.3')
        c.send(b'GET /size/1 HTTP/1.1\r\nHost: h\r\n\r\n')
        assert c.answer()[0] == 200
        held.append(c)
    except (OSError, AssertionError):
        pass
if len(held) != bound:
    failures.append('%d connections of one client are held, the limit is %d' % (len(held), bound))
other = connect(4)
other.send(b'GET /size/1 HTTP/1.1\r\nHost: h\r\n\r\n')
if other.answer()[0] != 200:
    failures.append('another client is not served')
held.pop().close()      # and room again for one
end = time.monotonic() + 3
while True:
    try:
        c = connect(4, source='10.1.0.3')
        c.send(b'GET /size/1 HTTP/1.1\r\nHost: h\r\n\r\n')
        assert c.answer()[0] == 200
        break
    except (OSError, AssertionError):
        if time.monotonic() > end:
            failures.append('no room after one was closed')
            break
print('%d connections of one client held' % len(held))
for t in threads:
    t.join()
print(*failures, sep='\n')
sys.exit(bool(failures))
END
/usr/bin/python3 "$WORK/talk.py" "$ID" "$REPO/tests/e2e" >"$WORK/talk.log" 2>&1 || fail "see talk.log"
cat "$WORK/talk.log"
[ "$(status client_limit)" -ge 50 ] || fail "refused connections are not counted: $(status client_limit)"
[ "$(grep -c 'limit CLIENT_CONNECTIONS of 1024 connections reached' "$WORK/dejunk.log")" = 1 ] || fail "the limit is not said once in the log"
