#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_filters - what the rules name is taken out by a proxy process, and nothing beside it: requests
answered in step, cookies in both directions with all other bytes equal, images by URL and by size.

Topology and helpers: proxy_lab.py.
"""
import os, re, struct, sys, threading, time, zlib
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proxy_lab
from proxy_lab import Lab, limit

RULES = '''
rules:
  - allow: everything
    host: bank.example
  - block: connections
    host: ads.example
  - block: requests
    url: "*/telemetry/*"
  - block: images
    url: "*/banners/*"
  - block: images
    size: ["468x60", "1x1"]
  - block: cookies
    name: ["_ga*"]
  - block: cookies
    third_party: yes
  - limit: cookies
    host: shop.example
'''
GET = b'GET /%s HTTP/1.1\r\nHost: site.example\r\n\r\n'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'


def png(width, height, fill=0):
    def part(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    return (b'\x89PNG\r\n\x1a\n' + part(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 6, 0, 0, 0)) +
            part(b'IDAT', b'\0' * fill) + part(b'IEND', b''))


def size_of(body):
    assert body.startswith(b'\x89PNG'), body[:40]
    return struct.unpack('>II', body[16:24])


def blocked_between_two(lab, v):
    c = lab.client(v)
    c.send(GET % b'1', GET % b'telemetry/x.js', GET % b'2', GET % b'telemetry/page', GET % b'3')
    s = lab.server(v)
    s.expect(GET % b'1' + GET % b'2' + GET % b'3')      # and never heard of the others
    c.silent()
    s.send(OK)
    c.expect(OK)
    status, head, body = c.answer()
    assert status == 200 and b'javascript' in head and b'no-store' in head and body == b'', (head, body)
    c.silent()
    s.send(OK.replace(b'ok', b'o2'))
    c.expect(OK.replace(b'ok', b'o2'))
    status, head, body = c.answer()
    assert status in (200, 403)
    s.send(OK)
    c.expect(OK)
    c.close()
    s.expect_end()


def blocked_host_never_dialled(lab, v):
    before = lab.counter('blocked')
    c = lab.client(v)
    for method, path, type_, status in ((b'GET', b'/', b'text/html', 403), (b'HEAD', b'/', b'text/html', 403),
                                        (b'GET', b'/x.css', b'text/css', 200), (b'GET', b'/x.gif', b'image/png', 200),
                                        (b'OPTIONS', b'/x.js', None, 200)):
        c.send(method + b' ' + path + b' HTTP/1.1\r\nHost: www.ads.example\r\nAccept: ' + (type_ or b'*/*') + b'\r\n\r\n')
        head = c.head()
        n = int(re.search(rb'(?i)content-length: (\d+)', head).group(1))
        assert int(head.split()[1]) == status, head
        body = b'' if method == b'HEAD' else c.read(n)
        if type_ == b'text/html':
            assert n > 50
            assert method == b'HEAD' or b'rules.yaml' in body, body
        if type_ == b'image/png':
            assert size_of(body) == (1, 1)
    c.close()
    lab.undialled(v)
    assert lab.counter('blocked') == before + 5


def blocked_post(lab, v):
    c = lab.client(v)
    for how, body in ((b'Content-Length: 5', b'12345'), (b'Transfer-Encoding: chunked', b'5\r\n12345\r\n0\r\n\r\n')):
        c.send(b'POST /telemetry/ HTTP/1.1\r\nHost: site.example\r\n' + how + b'\r\n\r\n')
        assert c.answer()[0] in (200, 403)
        for i in range(len(body)):
            c.send(body[i:i + 1])
    c.send(GET % b'after')
    s = lab.server(v)
    s.expect(GET % b'after')
    s.send(OK)
    c.expect(OK)
    c.close()


def blocked_post_too_long(lab, v):
    c = lab.client(v)
    c.send(b'POST /telemetry/ HTTP/1.1\r\nHost: site.example\r\nContent-Length: 9999999\r\n\r\n' + b'x' * 100000)
    status, head, _ = c.answer()
    assert b'connection: close' in head.lower(), head
    c.expect_end()
    c.close()


def blocked_expect(lab, v):
    req = b'POST /telemetry/ HTTP/1.1\r\nHost: site.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'
    c = lab.client(v)
    c.send(req)                 # the body never comes
    status, head, _ = c.answer()
    assert status != 100 and b'connection: close' in head.lower(), head
    c.expect_end()
    c = lab.client(v)
    c.send(req + b'12345' + GET % b'x')      # it comes at once: in step
    status, head, _ = c.answer()
    assert b'connection: close' not in head.lower(), head
    s = lab.server(v)
    s.expect(GET % b'x')
    c.close()


def blocked_by_the_thousand(lab, v):
    """one who asks much and reads nothing waits in bounded memory, and then gets all answers"""
    n = 5000
    c = lab.client(v)
    t = threading.Thread(target=lambda: c.send((GET % b'telemetry/a.html') * n))
    t.start()
    time.sleep(0.3)
    for _ in range(n):
        assert c.answer()[0] in (200, 403)
    t.join()
    c.close()


def blocked_http10(lab, v):
    c = lab.client(v)
    c.send(b'GET /telemetry/ HTTP/1.0\r\nHost: site.example\r\n\r\n')
    c.answer()
    c.expect_end()


def cookies_up(lab, v):
    before = lab.counter('cookies')
    c = lab.client(v)
    c.send(b'GET / HTTP/1.1\r\nhost:  site.example\r\nX-A: 1 \r\nCookie: sid=1; _ga=2; _gat=3; theme=dark\r\nX-b:2\r\n\r\n')
    s = lab.server(v)
    s.expect(b'GET / HTTP/1.1\r\nhost:  site.example\r\nX-A: 1 \r\nCookie: sid=1; theme=dark\r\nX-b:2\r\n\r\n')
    s.send(OK)
    c.expect(OK)
    c.send(b'POST /p HTTP/1.1\r\nHost: site.example\r\nCookie: _ga=2\r\nContent-Length: 3\r\n\r\nabc' + GET % b'n')
    s.expect(b'POST /p HTTP/1.1\r\nHost: site.example\r\nContent-Length: 3\r\n\r\nabc' + GET % b'n')
    s.send(OK + OK)
    c.expect(OK + OK)
    c.send(b'GET / HTTP/1.1\r\nHost: bank.example\r\nCookie: _ga=2\r\n\r\n')
    s.expect(b'GET / HTTP/1.1\r\nHost: bank.example\r\nCookie: _ga=2\r\n\r\n')
    assert lab.counter('cookies') == before + 3
    c.close()


def cookies_down(lab, v):
    c = lab.client(v)
    c.send(GET % b'', b'GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n',
           b'GET /i HTTP/1.1\r\nHost: third.example\r\nReferer: http://site.example/\r\n\r\n')
    s = lab.server(v)
    for _ in range(3):
        s.head()
    s.send(b'HTTP/1.1 200 OK\r\nset-cookie: _ga=1; Path=/\r\nX-A:  1\r\nSet-Cookie: sid=2; Max-Age=99\r\nContent-Length: 2\r\n\r\nok')
    c.expect(b'HTTP/1.1 200 OK\r\nX-A:  1\r\nSet-Cookie: sid=2; Max-Age=99\r\nContent-Length: 2\r\n\r\nok')
    s.send(b'HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Max-Age=99; Path=/; Expires=Wed, 01 Jan 2098 00:00:00 GMT; Secure\r\n'
           b'Set-Cookie: b=; Max-Age=0\r\nContent-Length: 2\r\n\r\nok')
    c.expect(b'HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/; Secure\r\n'
             b'Set-Cookie: b=; Max-Age=0\r\nContent-Length: 2\r\n\r\nok')
    s.send(b'HTTP/1.1 103 Early\r\nSet-Cookie: t=0\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: t=1\r\nContent-Length: 2\r\n\r\nok')
    c.expect(b'HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    c.close()


def image_by_url(lab, v):
    before = lab.counter('images')
    c = lab.client(v)
    c.send(b'GET /banners/x.gif HTTP/1.1\r\nHost: site.example\r\n\r\n')
    status, head, body = c.answer()
    assert status == 200 and size_of(body) == (1, 1)
    lab.undialled(v)
    assert lab.counter('images') == before + 1
    c.close()


def image_by_url_known_by_its_answer(lab, v):
    c = lab.client(v)
    c.send(b'GET /banners/pic?id=7 HTTP/1.1\r\nHost: site.example\r\n\r\n' + GET % b'n')
    s = lab.server(v)
    s.head()
    s.expect(GET % b'n')
    s.send(b'HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\nJPEG' + OK)
    status, head, body = c.answer()
    assert size_of(body) == (1, 1)
    c.expect(OK)
    c.close()


def images_by_size(lab, v):
    before = lab.counter('images')
    c = lab.client(v)
    s = None
    banner, photo = png(468, 60, 3000), png(640, 480, 3000)
    for how in ('length', 'chunked', 'slivers', 'large'):
        c.send(b'GET /i.png HTTP/1.1\r\nHost: site.example\r\n\r\n' + GET % b'n')
        s = s or lab.server(v)
        s.head()
        s.expect(GET % b'n')
        head = b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nSet-Cookie: x=1\r\nETag: "1"\r\n'
        if how == 'large':
            data = png(468, 60, 500000)
            s.send(head + b'Content-Length: %d\r\n\r\n' % len(data) + data)
        elif how == 'chunked':
            s.send(head + b'Transfer-Encoding: chunked\r\n\r\n' + b''.join(
                b'%x\r\n%s\r\n' % (len(banner[i:i + 9]), banner[i:i + 9]) for i in range(0, len(banner), 9)) + b'0\r\n\r\n')
        else:
            s.send(head + b'Content-Length: %d\r\n\r\n' % len(banner))
            step = 5 if how == 'slivers' else len(banner)
            for i in range(0, 40, step):
                s.send(banner[i:i + step])
            s.send(banner[40 if how == 'slivers' else len(banner):])
        s.send(OK)
        status, got, body = c.answer()
        assert status == 200 and size_of(body) == (468, 60), (how, got)
        assert b'Set-Cookie' not in got and b'ETag' not in got and b'no-store' in got
        c.expect(OK)
    assert lab.counter('images') == before + 4
    c.send(b'GET /i.png HTTP/1.1\r\nHost: site.example\r\n\r\n')
    s.head()
    rsp = b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n' % len(photo) + photo
    s.send(rsp)
    c.expect(rsp)
    c.close()


def image_until_close(lab, v):
    c = lab.client(v)
    c.send(b'GET /i.png HTTP/1.0\r\nHost: site.example\r\n\r\n')
    s = lab.server(v)
    s.head()
    s.send(b'HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n' + png(468, 60))
    status, head, body = c.answer()
    assert size_of(body) == (468, 60)
    c.expect_end()
    c.close()


def images_that_pass(lab, v):
    """206, HEAD, encoded, no image at all, and one that comes too slowly"""
    c = lab.client(v)
    c.send(GET % b'i')
    s = lab.server(v)
    s.head()
    data = png(468, 60)
    n = b'Content-Length: %d\r\n' % len(data)
    rsps = [b'HTTP/1.1 206 P\r\nContent-Type: image/png\r\nContent-Range: bytes 0-9/99\r\n' + n + b'\r\n' + data,
            b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Encoding: gzip\r\n' + n + b'\r\n' + data,
            b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n' + n + b'\r\n' + data,
            b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 8\r\n\r\nnotimage',
            b'HTTP/1.1 304 Not\r\nContent-Type: image/png\r\n' + n + b'\r\n',
            b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 0\r\n\r\n']
    for rsp in rsps:
        s.send(rsp)
        c.expect(rsp)
        c.send(GET % b'i')
        s.head()
    rsp = b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n' + n + b'\r\n'
    begin = time.monotonic()
    s.send(rsp + data[:20])
    c.expect(rsp + data[:20])
    assert 0.15 < time.monotonic() - begin < 0.2 + proxy_lab.SLACK
    s.send(data[20:])
    c.expect(data[20:])
    c.send(b'HEAD /i HTTP/1.1\r\nHost: site.example\r\n\r\n')
    s.head()
    s.send(rsp)
    c.expect(rsp)
    c.close()


def host_is_the_target_not_the_field(lab, v):
    c = lab.client(v)
    c.send(b'GET http://ads.example/x.js HTTP/1.1\r\nHost: ads.example\r\n\r\n')
    assert c.answer()[0] == 200
    c.send(b'CONNECT ads.example:443 HTTP/1.1\r\nHost: ads.example:443\r\n\r\n')
    assert c.answer()[0] == 403
    lab.undialled(v)
    c.close()


def reload(lab, v):
    """an exchange keeps the rules it began with; the next request of the connection has the new ones"""
    c = lab.client(v)
    c.send(b'GET /telemetry/old HTTP/1.1\r\nHost: site.example\r\n\r\n')
    c.answer()
    c.send(b'GET /x HTTP/1.1\r\nHost: site.example\r\nCookie: new=1\r\n\r\n')
    s = lab.server(v)
    s.expect(b'GET /x HTTP/1.1\r\nHost: site.example\r\nCookie: new=1\r\n\r\n')
    lab.rules('rules:\n  - block: cookies\n    name: new\n')
    s.send(b'HTTP/1.1 200 OK\r\nSet-Cookie: new=2\r\nContent-Length: 2\r\n\r\nok')
    c.expect(b'HTTP/1.1 200 OK\r\nSet-Cookie: new=2\r\nContent-Length: 2\r\n\r\nok')
    c.send(b'GET /telemetry/now HTTP/1.1\r\nHost: site.example\r\nCookie: new=1; b=2\r\n\r\n')
    s.expect(b'GET /telemetry/now HTTP/1.1\r\nHost: site.example\r\nCookie: b=2\r\n\r\n')
    s.send(OK)
    c.expect(OK)
    c.close()
    lab.rules(RULES)


def images_alive(lab, v):
    """connections on too old an image are closed, the others live"""
    before = lab.counter('images_exhausted')
    held = []
    for _ in range(limit('IMAGES_ALIVE') + 2):
        c = lab.client(v)
        c.send(GET % b'held')
        s = lab.server(v)
        s.head()
        held.append((c, s))
        lab.rules(RULES)
    gone = lab.counter('images_exhausted') - before
    assert gone == 3, gone
    for c, s in held[:gone]:
        c.expect_reset()
    for c, s in held[gone:]:
        s.send(OK)
        c.expect(OK)
        c.close()


def schedule(lab, v):
    """when a span begins, what it blocks ends; and a request of before it is not blocked"""
    if v == 6:          # nothing of it depends on the family, and it waits for the end of a minute
        return
    now = time.localtime(time.time() + 60)
    lab.rules('rules:\n  - block: requests\n    host: site.example\n    between: "%02d:%02d-%02d:%02d"\n' %
              (now.tm_hour, now.tm_min, (now.tm_hour + 1) % 24, now.tm_min))
    c = lab.client(v)
    c.sock.settimeout(65)
    c.send(GET % b'slow')
    s = lab.server(v)
    s.head()
    d = lab.client(v)
    d.send(b'GET / HTTP/1.1\r\nHost: other.example\r\n\r\n')
    t = lab.server(v)
    t.head()
    c.expect_reset()
    assert time.localtime().tm_sec < 3
    t.send(OK)
    d.expect(OK)
    d.close()
    c.close()
    lab.rules(RULES)


def forward_policy(lab, v):
    """a client that the FORWARD policy drops does not reach the server through the proxy"""
    lab.forward_open, lab.forward = 0, 1
    lab.epoch += 1
    lab.settings()
    c = lab.client(v)
    c.send(GET % b'')
    c.expect_reset()
    lab.undialled(v)
    lab.message('MSG_FORWARD_ASK')
    c = lab.client(v)           # remembered: not asked again
    c.send(GET % b'')
    c.expect_reset()
    lab.forward = 0
    lab.epoch += 1
    lab.settings()
    c, s = lab.asked(v, GET % b'')
    c.close()
    lab.forward_open = 1
    lab.settings()


def non_http_refused(lab, v):
    lab.rules('gateway:\n  non_http: refuse\nrules: []\n')
    c = lab.client(v)
    c.send(b'\x16\x03\x01\x00')
    c.expect_reset()
    c = lab.client(v)
    lab.undialled(v, 0.5)       # nor is a server that may speak first asked
    c.send(GET % b'late')
    s = lab.server(v)
    s.expect(GET % b'late')
    c.close()
    lab.rules(RULES)


def client_limit(lab, v):
    many = [lab.client(v) for _ in range(limit('CLIENT_CONNECTIONS'))]
    lab.until(lambda: lab.pong()[3] == len(many))
    try:
        lab.client(v).expect_reset()
    except ConnectionResetError:        # already
        pass
    for c in many:
        c.reset()
    lab.until(lambda: lab.pong()[3] == 0)
    c = lab.client(v)
    c.send(GET % b'')
    while True:                 # those whose server was dialled in case it speaks first
        s = lab.server(v)
        try:
            s.expect(GET % b'')
            break
        except (AssertionError, OSError):
            s.close()
    c.close()


if __name__ == '__main__':
    proxy_lab.namespace()
    proxy_lab.main(Lab(RULES), [
        blocked_between_two, blocked_host_never_dialled, blocked_post, blocked_post_too_long, blocked_expect,
        blocked_by_the_thousand, blocked_http10, cookies_up, cookies_down, image_by_url, image_by_url_known_by_its_answer, images_by_size,
        image_until_close, images_that_pass, host_is_the_target_not_the_field, reload, images_alive, schedule,
        forward_policy, non_http_refused, client_limit])
