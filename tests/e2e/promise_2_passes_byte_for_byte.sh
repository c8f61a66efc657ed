#!/bin/bash
# promise_2_passes_byte_for_byte.sh - DESIGN promise 2: what no rule names passes byte for byte, both ways and over both
# families: real heads (where the shared data is), odd case, order, duplicates, generated paths of 64 KiB, large bodies,
# chunks as they were cut.  There are rules of every kind, and none of them matches.
. "$(dirname "$0")/lib.sh"
topology
rules <<'END'
gateway: {lan: lan}
rules:
  - allow: everything
    host: another.example
  - block: connections
    host: unwanted.example
  - block: requests
    url: ["*/no-such-path/*", "/no such (text|word)/"]
  - block: cookies
    name: "no_such_cookie_*"
  - limit: cookies
    host: unwanted.example
  - block: images
    url: "*/no-such-banner/*"
  - block: images
    size: "468x60"
END
start_dejunk
cat >"$WORK/talk.py" <<'END'
import gzip, hashlib, itertools, os, random, re, sys, threading
sys.path.insert(0, sys.argv[2])
from wire import accept, connect, listen
random.seed(1)
GET = b'GET /a HTTP/1.1\r\nHost: plain.example\r\n\r\n'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'


def field(head, name):
    m = re.search(rb'(?im)^%s:[ \t]*(.*?)[ \t]*\r$' % name, head)
    return m.group(1) if m else None


def body_for(head, asked=b'GET'):
    """(a body that fits the head, does the connection go on after it?)"""
    alive = (field(head, b'connection') or b'').lower() != b'close'
    if head.startswith(b'HTTP/') and (asked == b'HEAD' or head[9:12] in (b'204', b'304')):
        return b'', alive
    if field(head, b'transfer-encoding'):
        cuts = [random.randint(1, 3000) for _ in range(3)]
        return b''.join(b'%X;x="%d"\r\n%s\r\n' % (n, n, os.urandom(n)) for n in cuts) + b'00\r\nX-Trailer:  t\r\n\r\n', alive
    if field(head, b'content-length') is not None:
        return os.urandom(int(field(head, b'content-length'))), alive
    return (os.urandom(2000), False) if head.startswith(b'HTTP/') else (b'', alive)


class Talk:
    """one connection after another, each used for as many exchanges as it bears"""
    def __init__(self, v, listener):
        self.v, self.listener, self.c = v, listener, None

    def exchange(self, request, response):
        try:
            self.exchange_once(request, response)
        except BaseException:
            print('of %r\nand %r' % (request[:600], response[:600]))
            raise

    def exchange_once(self, request, response):
        sent, up = body_for(request)
        back, down = body_for(response, request.split(b' ')[0])
        if self.c is None:
            self.c = connect(self.v)
            self.s = None
        t = threading.Thread(target=self.c.send, args=(request + sent,))
        t.start()
        self.s = self.s or accept(self.listener)
        self.s.expect(request + sent)
        t.join()
        t = threading.Thread(target=self.s.send, args=(response + back,))
        t.start()
        self.c.expect(response + back)
        t.join()
        if not (up and down):
            self.s.close()
            self.c.expect_end()
            self.c.close()
            self.c = None


def framings(head):
    """two are ambiguous, which is promise 3 (the recording ran some answers together)"""
    return len(re.findall(rb'(?im)^(?:content-length|transfer-encoding):', head))


def heads(name):
    data = gzip.open(os.path.join(sys.argv[3], 'data/heads', name)).read()
    return [h + b'\r\n\r\n' for h in data.split(b'\r\n\r\n') if h and framings(h) < 2]


def mixed(name):
    """Odd cAse, as no two writers agree on it"""
    return ''.join(random.choice((ch.upper(), ch.lower())) for ch in name)


def of_har():
    """requests and responses of real page loads, names in any case"""
    import json
    for line in gzip.open(os.path.join(sys.argv[3], 'data/heads/har-heads.jsonl.gz'), 'rt'):
        row = json.loads(line)
        m = re.match(r'https?://([^/?#]+)([^#]*)', row['url'])
        if not m or row['method'] not in ('GET', 'POST', 'HEAD') or not 200 <= row['status'] < 400:
            continue
        out = []
        for first, fields, host in (('%s %s HTTP/1.1' % (row['method'], m.group(2) if m.group(2).startswith('/') else '/' + m.group(2)),
                                     row['request_headers'], m.group(1)), ('HTTP/1.1 %d OK' % row['status'], row['response_headers'], None)):
            fields = [(n, ' '.join(v.split())) for n, v in fields if re.fullmatch(r'[\w-]+', n) and
                      n.lower() not in ('host', 'content-length', 'transfer-encoding', 'upgrade', 'expect')]
            fields = ([('Host', host)] if host else []) + fields + ([('Content-Length', str(random.randint(0, 2000)))] if not host or
                                                                    row['method'] == 'POST' else [])
            out.append((first + '\r\n' + ''.join('%s:%s%s\r\n' % (mixed(n), random.choice(('', ' ', '  ', '\t')), v)
                                                for n, v in fields) + '\r\n').encode('utf-8', 'replace'))
        if all(max(h) < 127 and 0 not in h for h in out):
            yield out


def real_heads(talk):
    n = 0
    for request, response in zip(itertools.cycle(heads('http1-request-heads-2012.raw.gz')), heads('http1-response-heads-2012.raw.gz')):
        if field(response, b'content-length') and int(field(response, b'content-length')) > 1 << 20:
            response = re.sub(rb'(?i)(\ncontent-length:[ \t]*)\d+', rb'\g<1>70000', response)
        talk.exchange(request, response)
        n += 1
    for request, response in of_har():
        talk.exchange(request, response)
        n += 1
    print('IPv%d: %d exchanges with real heads' % (talk.v, n))


def odd_heads(talk):
    many = b''.join(b'x-%d: %d\r\nX-Same:%s\r\n' % (i, i, b' ' * (i % 4)) for i in range(100))
    talk.exchange(b'GET /a//b/../c?%zz&&=%00#f HTTP/1.1\r\nhOsT: plain.example\r\n' + many + b'\r\n', OK[:-2])
    talk.exchange(b'GET / HTTP/1.1\r\nX-Empty:\r\nCookie: a=1;b=2;;  c ; d="x y"; a=3\r\nHost:plain.example\r\ncookie:  z\r\n\r\n',
                  b'HTTP/1.1 200 \r\nset-cookie: a=b;;Path\r\nSet-Cookie:  no value \r\nContent-length:0002\r\nSET-COOKIE: =\r\n\r\n')
    talk.exchange(b'GET /\xe4\xff HTTP/1.1\r\nHost: plain.example\r\nX-Text: \x80\xfe\t"\\\r\n\r\n',
                  b'HTTP/1.1 299 Ein sch\xf6ner Grund\r\nX: \xff\r\nContent-Length: 1\r\n\r\n')
    talk.exchange(b'BREW /pot HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 3\r\nConnection: x-odd, keep-alive\r\nX-Odd: 1\r\n'
                  b'TE: trailers\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\n\r\n',
                  b'HTTP/1.1 418 teapot\r\nConnection: keep-alive\r\nVia: 1.0 old\r\nContent-Length: 2\r\nAge: 1\r\n\r\n')


def long_paths(talk):
    for n in (255, 4096, 16384, 65536):
        path = (b'/_ylh=X3oDMTEwdnZjMjFhBF9TAzI3MTYxNDkEdGVzdAMwBHRtcG' * 2000)[:n]
        talk.exchange(b'GET ' + path + b' HTTP/1.1\r\nHost: plain.example\r\n\r\n', OK[:-2])


def chunks_as_sent(talk):
    body = b'1\r\na\r\n0004;n=v;q="\\"x"\r\nbcde\r\nA\r\n0123456789\r\n000\r\ntRailer: x\r\nTrailer2:\r\n\r\n'
    c = connect(talk.v)
    c.send(b'POST /c HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: Chunked\r\n\r\n')
    s = accept(talk.listener)
    s.expect(b'POST /c HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: Chunked\r\n\r\n')
    for i in range(len(body)):      # not one byte is held back for long, whatever it is
        c.send(body[i:i + 1])
    s.expect(body)
    s.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    c.expect(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    for i in range(len(body)):
        s.send(body[i:i + 1])
    c.expect(body)
    c.send(GET)
    s.expect(GET)
    s.send(OK)
    c.expect(OK)
    c.close()


def large_bodies(talk):
    """24 MiB each way by length and by chunks, compared by checksum"""
    block = os.urandom(1 << 20)
    pieces, i = [], 0
    for n in itertools.cycle((1, 100, 70000, 200001)):
        n = min(n, len(block) - i)
        pieces.append(b'%x\r\n' % n + block[i:i + n] + b'\r\n')
        i += n
        if i == len(block):
            break
    for how, one, end in ((b'Content-Length: %d' % (24 << 20), block, b''), (b'Transfer-Encoding: chunked', b''.join(pieces), b'0\r\n\r\n')):
        def send(peer, head):
            peer.send(head)
            for _ in range(24):
                peer.send(one)
            peer.send(end)

        def receive(peer, head):
            got, left = hashlib.sha256(), len(head) + 24 * len(one) + len(end)
            while left:
                data = peer.read(min(left, 65536))
                got.update(data)
                left -= len(data)
            want = hashlib.sha256(head)
            for _ in range(24):
                want.update(one)
            want.update(end)
            assert got.digest() == want.digest(), '%s: a large body was changed' % peer.name
        request, response = b'PUT /big HTTP/1.1\r\nHost: plain.example\r\n' + how + b'\r\n\r\n', b'HTTP/1.1 200 OK\r\n' + how + b'\r\n\r\n'
        c = connect(talk.v)
        t = threading.Thread(target=send, args=(c, request))
        t.start()
        s = accept(talk.listener)
        receive(s, request)
        t.join()
        t = threading.Thread(target=send, args=(s, response))
        t.start()
        receive(c, response)
        t.join()
        c.close()


for v in 4, 6:
    talk = Talk(v, listen(v))
    odd_heads(talk)
    long_paths(talk)
    chunks_as_sent(talk)
    large_bodies(talk)
    if os.path.isdir(os.path.join(sys.argv[3], 'data/heads')):
        real_heads(talk)
    else:
        print('no shared data: real heads are left out')
    talk.listener.close()
END
/usr/bin/python3 "$WORK/talk.py" "$ID" "$REPO/tests/e2e" "$SHARED" >"$WORK/talk.log" 2>&1 || fail "see talk.log"
cat "$WORK/talk.log"
[ "$(status requests)" -ge 20 ] || fail "the traffic did not go through dejunk: $(status requests) requests"
for counter in blocked cookies images bad_requests bad_gateway; do
	[ "$(status $counter)" = 0 ] || fail "$counter: $(status $counter)"
done
