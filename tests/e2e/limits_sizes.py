#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""limits_sizes - nothing grows without bound in a proxy process: each limit of size or number is reached by a real
client with the small limits of tests/limits/short; what was promised happens then, it is counted and said once, and
good clients are served all the while.  Helpers: proxy_lab.py.

limits: HEAD_BYTES HEAD_FIELDS CHUNK_LINE_BYTES TRAILER_BYTES PIPELINE_REQUESTS IMAGE_HELD_BYTES STAND_IN_PIXELS
limits: CONNECTIONS CLIENT_CONNECTIONS BUFFER_BYTES POOL_BYTES PIPES DISCARD_BYTES FORWARD_ANSWERS IMAGES_ALIVE
"""
import os, struct, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault('DEJUNK', os.path.join(REPO, 'build', 'short', 'bin', 'dejunk'))
import proxy_lab
from proxy_lab import Lab, limit, run

RULES = '''
rules:
  - block: images
    size: ["468x60", "600x500"]
  - block: requests
    url: "*/ads/*"
'''
GET = b'GET /x HTTP/1.1\r\nHost: plain.example\r\n\r\n'
POST = b'POST /%s HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: chunked\r\n\r\n'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'


def others(v):
    """addresses of further clients"""
    return ['198.51.100.%d' % (20 + i) if v == 4 else '2001:db8:1::%x' % (0x20 + i) for i in range(12)]


def served(lab, v, ip=None):
    """a good client gets its answer at once"""
    begin = time.monotonic()
    c = lab.client(v, ip=ip or others(v)[11])
    c.send(GET)
    s = lab.server(v)
    s.expect(GET)
    s.send(OK)
    c.expect(OK)
    assert time.monotonic() - begin < proxy_lab.SLACK, 'a good client waited'
    c.close()
    s.close()


class Reach:
    """with Reach(lab, NAME, N): it is counted N times, and was said once by now"""
    def __init__(self, lab, name, times=1):
        self.lab, self.name, self.times = lab, name, times

    def __enter__(self):
        self.count = self.lab.reached(self.name)

    def __exit__(self, kind, *_):
        if kind:
            return
        n = self.lab.reached(self.name) - self.count
        assert n == self.times, '%s was counted %d times' % (self.name, n)
        assert self.lab.said('limit %s of' % self.name) == 1, '%s was said %d times' % (
            self.name, self.lab.said('limit %s of' % self.name))


def pair(lab, v, request=GET):
    c, s = lab.asked(v, request)
    return c, s


def long_heads(lab, v):
    size = limit('HEAD_BYTES')
    with Reach(lab, 'HEAD_BYTES', 2):
        for i in range(2):
            c = lab.client(v)
            c.send(b'GET /%s HTTP/1.1\r\nHost: plain.example\r\n\r\n' % (b'x' * size))
            assert c.answer()[0] == 414
            c.expect_end()
            c.close()
    url = b'x' * (size - 39)
    request = b'GET /%s HTTP/1.1\r\nHost: plain.example\r\n\r\n' % url
    assert len(request) == size
    c, s = pair(lab, v, request)            # one of the longest passes
    with Reach(lab, 'HEAD_BYTES', 1):       # an answer is passed unread
        answer = b'HTTP/1.1 200 OK\r\nX: %s\r\nContent-Length: 2\r\n\r\nok' % (b'y' * size)
        s.send(answer)
        s.shut()
        assert c.rest() == answer
    c.close()
    s.close()


def many_fields(lab, v):
    n = limit('HEAD_FIELDS')
    head = b'Host: plain.example\r\n' + b''.join(b'X-%d: 1\r\n' % i for i in range(n - 1))
    c, s = pair(lab, v, b'GET / HTTP/1.1\r\n%s\r\n' % head)
    s.send(OK)
    c.expect(OK)
    c.close()
    s.close()
    with Reach(lab, 'HEAD_FIELDS', 2):
        for i in range(2):
            c = lab.client(v)
            c.send(b'GET / HTTP/1.1\r\n%sX: one more\r\n\r\n' % head)
            assert c.answer()[0] == 431
            c.close()
    c, s = pair(lab, v)
    with Reach(lab, 'HEAD_FIELDS', 1):
        answer = b'HTTP/1.1 200 OK\r\n' + head + b'X: one more\r\nContent-Length: 2\r\n\r\nok'
        s.send(answer)
        s.shut()
        assert c.rest() == answer
    c.close()
    s.close()


def long_chunk_lines(lab, v):
    n = limit('CHUNK_LINE_BYTES')
    chunk = b'5;x=%s\r\nhello\r\n' % (b'y' * (n - 6))       # the longest there may be
    c, s = pair(lab, v, POST % b'good' + chunk + b'0\r\n\r\n')
    s.send(CHUNKED + chunk)
    c.expect(CHUNKED + chunk)
    with Reach(lab, 'CHUNK_LINE_BYTES', 1):
        s.send(b'5;x=%s' % (b'y' * n))
        try:
            assert not c.rest().endswith(b'0\r\n\r\n')
        except ConnectionResetError:
            pass
    c.close()
    s.close()
    with Reach(lab, 'CHUNK_LINE_BYTES', 2):
        for i in range(2):
            c, s = lab.asked(v, POST % b'bad')
            c.send(b'5;x=%s\r\nhello\r\n' % (b'y' * n))
            assert c.answer()[0] == 400
            c.close()
            s.close()


def long_trailers(lab, v):
    n = limit('TRAILER_BYTES')
    trailer = b'0\r\nX: %s\r\n\r\n' % (b'y' * (n - 7))
    c, s = pair(lab, v, POST % b'good' + trailer)
    s.send(CHUNKED + trailer)
    c.expect(CHUNKED + trailer)
    c.close()
    s.close()
    with Reach(lab, 'TRAILER_BYTES', 2):
        for i in range(2):
            c, s = pair(lab, v, POST % b'bad')
            c.send(b'0\r\nX: %s\r\n\r\n' % (b'y' * n))
            assert c.answer()[0] == 400
            c.close()
            s.close()
    with Reach(lab, 'TRAILER_BYTES', 1):
        c, s = pair(lab, v)
        s.send(CHUNKED + b'0\r\nX: %s' % (b'y' * n))
        try:
            assert not c.rest().endswith(b'\r\n\r\n\r\n')
        except ConnectionResetError:
            pass
    c.close()
    s.close()


def pipeline(lab, v):
    """more requests than may be under way wait unread, and come as the others are answered"""
    n, many = limit('PIPELINE_REQUESTS'), 20
    c = lab.client(v)
    c.send(GET * many)
    s = lab.server(v)
    s.expect(GET * n)
    s.silent()
    served(lab, v)
    for i in range(many):
        s.send(OK)
        c.expect(OK)
        if i < many - n:
            s.expect(GET)
            s.silent(0.02)
    c.close()
    s.close()


def image_without_a_size(lab, v):
    """a JPEG whose size does not come within what is held passes as it is"""
    n = limit('IMAGE_HELD_BYTES')
    segments = b'\xff\xe1' + struct.pack('>H', n + 100) + b'e' * (n + 98)
    body = b'\xff\xd8' + segments + b'\xff\xc0\0\x11\x08' + struct.pack('>HH', 60, 468) + b'\3' + b'z' * 500
    for i in range(2):
        c, s = pair(lab, v)
        with Reach(lab, 'IMAGE_HELD_BYTES', 1):
            head = b'HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n' % len(body)
            s.send(head + body)
            c.expect(head + body)
        c.close()
        s.close()


def large_stand_in(lab, v):
    """an image larger than any empty one we make becomes 1x1"""
    gif = b'GIF89a' + struct.pack('<HH', 600, 500) + b'\0' * 100
    for i in range(2):
        c, s = pair(lab, v)
        with Reach(lab, 'STAND_IN_PIXELS', 1):
            s.send(b'HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nContent-Length: %d\r\n\r\n' % len(gif) + gif)
            status, head, body = c.answer()
            assert status == 200
            size = struct.unpack('>II', body[16:24]) if body.startswith(b'\x89PNG') else struct.unpack('<HH', body[6:10])
            assert size == (1, 1), size
        c.close()
        s.close()


def large_bodies_of_blocked_requests(lab, v):
    n = limit('DISCARD_BYTES')
    head = b'POST /ads/x HTTP/1.1\r\nHost: plain.example\r\nContent-Length: %d\r\n\r\n'
    c = lab.client(v)
    c.send(head % n + b'b' * n)             # thrown away, and the connection goes on
    c.answer()
    c.send(GET)
    s = lab.server(v)
    s.expect(GET)
    s.send(OK)
    c.expect(OK)
    c.close()
    s.close()
    with Reach(lab, 'DISCARD_BYTES', 1):
        c = lab.client(v)
        c.send(head % (n + 1) + b'b' * 100)
        c.answer()
        c.expect_end()
        c.close()
    with Reach(lab, 'DISCARD_BYTES', 1):    # a length that is not told
        c = lab.client(v)
        c.send(POST % b'ads/x' + b'8000\r\n' + b'b' * 0x8000 + b'\r\n')
        c.answer()
        c.expect_end()
        c.close()


def one_clients_connections(lab, v):
    n = limit('CLIENT_CONNECTIONS')
    before = lab.counter('client_limit')
    cs = [lab.client(v) for _ in range(n)]
    for c in cs:
        c.send(b'GET /half')
    lab.until(lambda: lab.pong()[3] == n)
    with Reach(lab, 'CLIENT_CONNECTIONS', 3):
        for i in range(3):
            try:
                c = lab.client(v)
                c.send(GET)
                c.expect_reset()
            except (ConnectionResetError, BrokenPipeError):
                pass
    assert lab.counter('client_limit') == before + 3
    served(lab, v)                          # another client is not concerned
    cs[0].close()
    lab.until(lambda: lab.pong()[3] == n - 1)
    served(lab, v, proxy_lab.CLIENT[v])     # nor is this one when one has ended
    for c in cs[1:]:
        c.close()
    lab.until(lambda: lab.pong()[3] == 0)


def all_connections(lab, v):
    """at the limit accepting stops, what waits in the kernel comes when there is room, what is established goes on"""
    n = limit('CONNECTIONS')
    c, s = pair(lab, v)
    cs = []
    for i in range(n + 5):
        cs.append(lab.client(v, ip=others(v)[i % 8]))
        cs[-1].send(b'GET /half HTTP/1.1\r\nHost: plain.example\r\nConnection: close\r\nX: ')
    lab.until(lambda: lab.pong()[3] == n)
    assert lab.pong()[4] == n               # what the monitor compares with
    for _ in range(5):
        s.send(OK)
        c.expect(OK)
        c.send(GET)
        s.expect(GET)
    assert lab.pong()[3] == n and lab.reached('CONNECTIONS') > 0
    assert lab.said('accepting nothing') == 1
    for d in cs[:10]:
        d.close()
    cs[-1].send(b'1\r\n\r\n')
    t = lab.server(v)
    t.head()
    t.send(OK)
    cs[-1].expect(OK)
    for p in cs[10:] + [c, s, t]:
        p.close()
    lab.until(lambda: lab.pong()[3] == 0)


def resident(lab):
    return int(open('/proc/%d/statm' % lab.proxy.pid).read().split()[1]) * 4096


def flood(s, seconds=0.3):
    """send until no more is taken; returns how much was"""
    s.sock.setblocking(False)
    sent, last = 0, time.monotonic()
    while time.monotonic() - last < seconds:
        try:
            sent += s.sock.send(b'z' * 65536)
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.02)
    s.sock.settimeout(proxy_lab.WAIT)
    return sent


def much_for_a_client_that_does_not_read(lab, v):
    before = resident(lab)
    c, s = pair(lab, v)
    s.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n')
    flood(s)
    assert resident(lab) - before < 4 * limit('BUFFER_BYTES') + 262144, resident(lab) - before
    served(lab, v)
    c.reset()
    s.close()
    lab.until(lambda: lab.pong()[3] == 0)


def memory_of_buffers(lab, v):
    """many heads that are never ended: the pool is bounded, those for whom nothing is left are reset, and it is all given back"""
    before, lost = resident(lab), lab.reached('POOL_BYTES')
    cs = []
    for i in range(48):
        cs.append(lab.client(v, ip=others(v)[i % 8]))
        try:
            cs[-1].send(b'GET /half HTTP/1.1\r\nX: ' + b'x' * (limit('HEAD_BYTES') - 500))
        except OSError:
            pass
    lab.until(lambda: lab.reached('POOL_BYTES') > lost)
    used, most = lab.buffers()
    assert most * 9 // 10 <= used <= most == limit('POOL_BYTES'), (used, most)      # the monitor withdraws the lease
    assert resident(lab) - before < 2 * most + 1048576, resident(lab) - before
    assert lab.said('limit POOL_BYTES of') == 1
    for c in cs:
        c.reset()
    lab.until(lambda: lab.pong()[3] == 0)
    assert lab.buffers()[0] == 0
    served(lab, v)


def more_transfers_than_pipes(lab, v):
    """without a pipe bytes are copied, and are the same"""
    body = os.urandom(1 << 20) * 4          # more than the kernel takes for a client that does not read
    run('sysctl', '-qw', 'net.ipv4.tcp_wmem=4096 16384 262144')
    head = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(body)
    before = lab.reached('PIPES')
    pairs = [pair(lab, v) for _ in range(limit('PIPES') + 2)]
    for c, s in pairs:
        s.send(head)
        flood_at = 0
        s.sock.setblocking(False)
        try:
            while flood_at < len(body):
                flood_at += s.sock.send(body[flood_at:flood_at + 262144])
                time.sleep(0.002)
        except BlockingIOError:
            pass
        s.sock.settimeout(proxy_lab.WAIT)
        s.left = body[flood_at:]
    time.sleep(0.2)
    for c, s in pairs:                      # all of them hold a pipe, or would like to
        c.head()
        while s.left or len(c.held) < len(body):
            if s.left:
                s.sock.setblocking(False)
                try:
                    s.left = s.left[s.sock.send(s.left[:262144]):]
                except BlockingIOError:
                    pass
            if len(c.held) < len(body):
                c.fill()
        assert c.read(len(body)) == body
        c.close()
        s.close()
    assert lab.reached('PIPES') > before, 'no transfer wanted for a pipe'


def images_of_rules(lab, v):
    """a connection keeps the rules it began with, but not through any number of reloads"""
    c, s = pair(lab, v)
    before = lab.counter('images_exhausted')
    held = [(c, s)]
    for i in range(limit('IMAGES_ALIVE') - 1):
        lab.rules(RULES)
        held.append(pair(lab, v))
    assert lab.counter('images_exhausted') == before
    with Reach(lab, 'IMAGES_ALIVE', 1):
        lab.rules(RULES)
        held[0][0].expect_reset()           # the oldest
    assert lab.counter('images_exhausted') == before + 1
    for c, s in held[1:]:
        s.send(OK)
        c.expect(OK)
        c.close()
        s.close()
    served(lab, v)


def answers_about_the_forward_policy(lab, v):
    """more pairs than are remembered: asked again, never wrong"""
    lab.forward_open, lab.forward, lab.epoch = 0, 0, lab.epoch + 1      # 0: FORWARD_PASSES
    lab.settings()
    for turn in range(2):
        for ip in others(v):
            served(lab, v, ip)
    lab.forward_open, lab.forward, lab.epoch = 1, None, lab.epoch + 1
    lab.settings()


if __name__ == '__main__':
    proxy_lab.namespace()
    for family in 4, 6:
        for ip in others(family):
            run('ip', 'addr', 'add', ip + ('/32' if family == 4 else '/128'), 'dev', 'lo', *([] if family == 4 else ['nodad']))
    proxy_lab.main(Lab(RULES, level=2), [long_heads, many_fields, long_chunk_lines, long_trailers, pipeline, image_without_a_size,
                                large_stand_in, large_bodies_of_blocked_requests, one_clients_connections, all_connections,
                                much_for_a_client_that_does_not_read, memory_of_buffers, more_transfers_than_pipes,
                                images_of_rules, answers_about_the_forward_policy])
