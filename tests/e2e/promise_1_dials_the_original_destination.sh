#!/bin/bash
# promise_1_dials_the_original_destination.sh - DESIGN promise 1: the original destination is dialled, whatever the Host
# header or an absolute URI says, and an origin connection serves the one client connection it was dialled for
. "$(dirname "$0")/lib.sh"
topology
rules <<'END'
gateway: {lan: lan}
END
start_dejunk
cat >"$WORK/talk.py" <<'END'
import sys
sys.path.insert(0, sys.argv[2])
from wire import accept, connect, idle, listen
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%s'
OTHER = {4: '203.0.113.3', 6: '2001:db8:2::3'}

def get(host, target=b'/'):
    return b'GET %s HTTP/1.1\r\nHost: %s\r\n\r\n' % (target, host)

for v in 4, 6:
    named = OTHER[v].encode() if v == 4 else b'[%s]' % OTHER[v].encode()
    asked, other = listen(v), listen(v, OTHER[v])
    # one client connection, one origin connection, whoever the Host headers on it name
    c = connect(v)
    s = None
    for host in (b'own.example', named, named + b':80', b'localhost', b'127.0.0.1:1100', b'[::1]', b'10.1.0.1', b'203.0.113.1'):
        c.send(get(host))
        if s is None:
            s = accept(asked)
        s.expect(get(host))
        s.send(OK % b'me')
        c.expect(OK % b'me')
        assert idle(other, 0.02), 'Host: %r was dialled' % host
        assert idle(asked, 0.02), 'Host: %r made a second connection' % host
    # an absolute URI that agrees with Host is the original destination's to answer; one that does not is ambiguous
    c.send(get(named, b'http://%s/x' % named))
    s.expect(get(named, b'http://%s/x' % named))
    s.send(OK % b'me')
    c.expect(OK % b'me')
    c.close()
    s.expect_end()
    c = connect(v)
    c.send(get(b'own.example', b'http://%s/x' % named))
    assert c.answer()[0] == 400
    c.expect_end()
    c = connect(v)      # CONNECT, too, goes to where the client went
    c.send(b'CONNECT %s:80 HTTP/1.1\r\nHost: %s:80\r\n\r\n' % (named, named))
    s = accept(asked)
    s.head()
    assert idle(other), 'CONNECT was obeyed'
    c.close()

    # two clients at one server, the first one's origin connection idle and still open: never lent to the second,
    # nor kept for the next after its client left
    one, two = connect(v), connect(v)
    one.send(get(b'one.example'))
    of_one = accept(asked)
    of_one.expect(get(b'one.example'))
    of_one.send(OK % b'o1')
    one.expect(OK % b'o1')
    two.send(get(b'two.example'))
    of_two = accept(asked)
    of_two.expect(get(b'two.example'))
    one.send(get(b'one.example', b'/again'))
    of_one.expect(get(b'one.example', b'/again'))
    of_two.send(OK % b't1')
    of_one.send(OK % b'o2')
    one.expect(OK % b'o2')
    two.expect(OK % b't1')
    one.close()
    of_one.expect_end()
    three = connect(v)
    three.send(get(b'three.example'))
    accept(asked).expect(get(b'three.example'))
    of_two.silent()
    asked.close()
    other.close()
END
/usr/bin/python3 "$WORK/talk.py" "$ID" "$REPO/tests/e2e" >"$WORK/talk.log" 2>&1 || fail "see talk.log"

# the proxy's own port, addressed directly, from the lan and from the gateway itself
start_www
for url in http://10.1.0.1:3129/ 'http://[fd01::1]:3129/'; do
	client curl -sg -m 1 -o /dev/null "$url" && fail "the proxy's port answers the lan: $url"
done
for url in http://127.0.0.1:3129/ http://203.0.113.1:3129/ 'http://[::1]:3129/'; do
	gateway curl -sg -m 1 -o /dev/null "$url" && fail "the proxy's port answers what was never redirected: $url"
done
[ "$(status not_redirected)" -ge 1 ] || fail "not counted"
exit 0
