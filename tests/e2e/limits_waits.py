#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""limits_waits - nothing waits for ever in a proxy process: each limit of time is reached by a real client with the
small limits of tests/limits/short; what was promised happens then, it is counted and said once, and a client next to
it is served at once all the while.  Helpers: proxy_lab.py.

limits: FIRST_BYTE_MS HEAD_MS DIAL_MS RESPONSE_MS IDLE_MS TUNNEL_IDLE_MS LINGER_MS IMAGE_HELD_MS PROGRESS_BYTES
"""
import os, select, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault('DEJUNK', os.path.join(REPO, 'build', 'short', 'bin', 'dejunk'))
import proxy_lab
from proxy_lab import Lab, limit, SILENT, SLACK

RULES = '''
rules:
  - block: images
    size: ["468x60"]
  - block: requests
    url: "*/ads/*"
'''
GET = b'GET /x HTTP/1.1\r\nHost: plain.example\r\n\r\n'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'


def served(lab, v):
    """a good client gets its answer at once"""
    begin = time.monotonic()
    c, s = lab.asked(v, GET)
    s.send(OK)
    c.expect(OK)
    assert time.monotonic() - begin < SLACK, 'a good client waited'
    c.close()
    s.close()


class Reach:
    """with Reach(lab, v, NAME): the limit is reached after its time, not before and not much later"""
    def __init__(self, lab, v, name, times=1):
        self.lab, self.v, self.name, self.times = lab, v, name, times

    def __enter__(self):
        self.count = self.lab.reached(self.name)
        self.begin = time.monotonic()
        return self

    def __exit__(self, kind, *_):
        if kind:
            return
        took, due = time.monotonic() - self.begin, limit(self.name) / 1000
        assert due - 0.03 <= took <= due + SLACK, '%s: after %.2f s, not %.2f' % (self.name, took, due)
        n = self.lab.reached(self.name) - self.count
        assert n == self.times, '%s was counted %d times' % (self.name, n)


def head_that_never_ends(lab, v):
    cs = [lab.client(v) for _ in range(3)]
    with Reach(lab, v, 'HEAD_MS', 3):
        for c in cs:
            c.send(b'GET / HTTP/1.1\r\nHost: plain.example\r\nX: ')
        served(lab, v)
        for _ in range(limit('HEAD_MS') // 100 - 2):        # a byte now and then does not help
            time.sleep(0.1)
            cs[0].send(b'x')
        for c in cs:
            assert c.answer()[0] == 408
    for c in cs:
        c.expect_end()
        c.close()
    assert lab.said('limit HEAD_MS') == 1


def head_on_a_used_connection(lab, v):
    c, s = lab.asked(v, GET)
    s.send(OK)
    c.expect(OK)
    with Reach(lab, v, 'HEAD_MS'):
        c.send(b'GET /more')
        assert c.answer()[0] == 408
    c.close()
    s.close()


def dial_nobody_answers(lab, v):
    cs = [lab.client(v, SILENT[v]) for _ in range(3)]
    with Reach(lab, v, 'DIAL_MS', 3):
        for c in cs:
            c.send(GET)
        served(lab, v)
        for c in cs:
            assert c.answer()[0] == 504
    for c in cs:
        c.expect_end()
        c.close()
    assert lab.said('limit DIAL_MS') == 1


def silent_client_and_server(lab, v):
    c = lab.client(v)
    begin = time.monotonic()
    s = lab.server(v)           # dialled in case it speaks first
    assert time.monotonic() - begin >= limit('FIRST_BYTE_MS') / 1000 - 0.02
    rest = limit('IDLE_MS') / 1000
    c.expect_end()
    assert time.monotonic() - begin < rest + 0.3 + SLACK
    c.close()
    s.close()


def response_that_never_comes(lab, v):
    c, d = lab.client(v), lab.client(v)
    with Reach(lab, v, 'RESPONSE_MS', 2):
        c.send(GET)
        s = lab.server(v)
        s.expect(GET)
        d.send(GET)
        t = lab.server(v)
        served(lab, v)
        assert c.answer()[0] == 504 and d.answer()[0] == 504
    for p in c, d, s, t:
        p.close()
    assert lab.said('limit RESPONSE_MS') == 1


def response_while_the_client_goes_on(lab, v):
    """what the client sends meanwhile does not put the end off"""
    c = lab.client(v)
    with Reach(lab, v, 'RESPONSE_MS'):
        c.send(GET)
        s = lab.server(v)
        s.expect(GET)
        c.send(b'GET /next HTTP/1.1\r\nHost: plain.example\r\nX: ')
        for _ in range(limit('RESPONSE_MS') // 100 - 1):
            time.sleep(0.1)
            c.send(b'x')
        assert c.answer()[0] == 504
    c.close()
    s.close()


def response_after_a_slow_body(lab, v):
    """the wait begins when the request is complete"""
    c = lab.client(v)
    c.send(b'POST /x HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 16\r\n\r\n')
    s = lab.server(v)
    s.head()
    for _ in range(4):
        time.sleep(0.3)
        c.send(b'yyyy')
    s.expect(b'y' * 16)
    with Reach(lab, v, 'RESPONSE_MS'):
        assert c.answer()[0] == 504
    c.close()
    s.close()


def idle_between_requests(lab, v):
    c, s = lab.asked(v, GET)
    s.send(OK)
    c.expect(OK)
    with Reach(lab, v, 'IDLE_MS'):
        served(lab, v)
        c.expect_end()
    s.expect_end()
    c.close()
    s.close()


def idle_within_an_answer(lab, v):
    c, s = lab.asked(v, GET)
    s.send(b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
    with Reach(lab, v, 'IDLE_MS'):
        c.head()
        c.expect(b'half')
        served(lab, v)
        c.expect_reset()        # it must not look complete
    s.close()


def idle_within_a_body(lab, v):
    c = lab.client(v)
    c.send(b'POST /x HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 16\r\n\r\nhalf')
    s = lab.server(v)
    s.head()
    s.expect(b'half')
    with Reach(lab, v, 'IDLE_MS'):
        served(lab, v)
        c.expect_reset()
    s.close()


def drip(lab, v, give, take, data, seconds, pause=0.05):
    """@give sends the same bytes again and again, for so long; @take gets them all.  False: it was cut"""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            give.send(data)
            time.sleep(pause)
            while select.select([take.sock], [], [], 0)[0]:
                if not take.fill():
                    return False
                take.held = b''
    except OSError:
        return False
    return True


UPLOADS = (b'POST /x HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 99999\r\n\r\n', b'.'), \
    (b'POST /x HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: chunked\r\n\r\n', b'1\r\n.\r\n'), \
    (b'POST /ads/x HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 9999\r\n\r\n', b'.')
LONG = 2        # times IDLE_MS


def drip_within_a_body(lab, v):
    """a byte now and then does not hold a connection, whoever is to get it; nor when the answer has come already"""
    idle = limit('IDLE_MS') / 1000
    for (head, byte), early in ((UPLOADS[0], False), (UPLOADS[1], False), (UPLOADS[2], False), (UPLOADS[0], True)):
        c = lab.client(v)
        begin = time.monotonic()
        c.send(head)
        s = None if b'/ads/' in head else lab.server(v)
        if s:
            s.head()
        if early:
            s.send(OK)
            c.expect(OK)
        n = lab.reached('IDLE_MS')
        served(lab, v)
        while lab.pong()[3]:
            assert time.monotonic() - begin < idle + SLACK, 'it drips on'
            try:
                c.send(byte)
            except OSError:
                pass
            time.sleep(0.05)
        assert time.monotonic() - begin > idle - 0.03
        assert lab.reached('IDLE_MS') == n + 1
        c.close()
        if s:
            s.close()


def drip_within_an_answer(lab, v):
    """neither does a server's, within a head or a body of known length; and it must not look complete"""
    for head, byte in ((b'HTTP/1.1 200 OK\r\nX: ', b'.'), (b'HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n', b'.')):
        c, s = lab.asked(v, GET)
        with Reach(lab, v, 'IDLE_MS'):
            s.send(head)
            served(lab, v)
            assert not drip(lab, v, s, c, byte, LONG * limit('IDLE_MS') / 1000)
        c.close()
        s.close()


def answers_that_last(lab, v):
    """an event stream, a radio, a long job that says 102: a few bytes now and then are all there is, and they go on"""
    interim = b'HTTP/1.1 102 Processing\r\n\r\n'
    cases = ((b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', b'2\r\n:\n\r\n'),
             (b'HTTP/1.1 200 OK\r\n\r\n', b':\n'), (b'ICY 200 OK\r\n\r\n', b'.'), (interim, interim))
    pairs = [(lab.asked(v, GET), head, data) for head, data in cases]
    for (c, s), head, _ in pairs:
        s.send(head)
        c.expect(head)
    for _ in range(6):
        time.sleep(LONG * limit('IDLE_MS') / 6000)
        for (c, s), _, data in pairs:
            s.send(data)
            c.expect(data)
    served(lab, v)
    for (c, s), _, _ in pairs:
        c.close()
        s.close()


def slow_but_steady(lab, v):
    """PROGRESS_BYTES within IDLE_MS are enough, up and down"""
    some = b'.' * (limit('PROGRESS_BYTES') // 4)
    pause = limit('IDLE_MS') / 1000 / 6
    c = lab.client(v)
    c.send(UPLOADS[0][0])
    s = lab.server(v)
    s.head()
    assert drip(lab, v, c, s, some, LONG * limit('IDLE_MS') / 1000, pause)
    c.close()
    s.close()
    c, s = lab.asked(v, GET)
    s.send(b'HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n')
    assert drip(lab, v, s, c, some, LONG * limit('IDLE_MS') / 1000, pause)
    c.close()
    s.close()


def reader_of_a_little(lab, v):
    """much is there for a client that takes less of it than PROGRESS_BYTES in IDLE_MS: no stream, and no reason to wait"""
    for how in b'Content-Length: 100000000\r\n\r\n', b'Transfer-Encoding: chunked\r\n\r\n5f5e100\r\n':
        c = lab.client(v, rcvbuf=2048)
        c.send(GET)
        s = lab.server(v)
        s.expect(GET)
        s.sock.setblocking(False)
        s.sock.send(b'HTTP/1.1 200 OK\r\n' + how)
        begin = last = time.monotonic()
        while time.monotonic() - last < 0.2:
            try:
                s.sock.send(b'z' * 65536)
                last = time.monotonic()
            except BlockingIOError:
                time.sleep(0.02)
        served(lab, v)
        while lab.pong()[3]:
            assert time.monotonic() - begin < 2 * limit('IDLE_MS') / 1000 + SLACK, 'it reads on'
            select.select([c.sock], [], [], 0)[0] and c.sock.recv(500)
            time.sleep(0.25)
        c.close()
        s.close()


def idle_reader(lab, v):
    """a client that asks for much and reads nothing; within the answer, so a reset"""
    c, s = lab.asked(v, GET)
    s.sock.setblocking(False)
    s.sock.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n')
    last = time.monotonic()
    while time.monotonic() - last < 0.3:
        try:
            s.sock.send(b'z' * 65536)
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.02)
    served(lab, v)
    lab.until(lambda: lab.pong()[3] == 0, limit('IDLE_MS') / 1000 + SLACK)
    c.close()
    s.close()


def idle_tunnel(lab, v):
    cs = [lab.client(v) for _ in range(2)]
    ss = []
    with Reach(lab, v, 'TUNNEL_IDLE_MS', 2):
        for c in cs:
            c.send(b'\x16\x03\x01 not HTTP at all')
            ss.append(lab.server(v))
            ss[-1].expect(b'\x16\x03\x01 not HTTP at all')
        served(lab, v)
        for p in cs + ss:
            p.expect_end()
    for p in cs + ss:
        p.close()
    assert lab.said('limit TUNNEL_IDLE_MS') == 1


def busy_tunnel(lab, v):
    c = lab.client(v)
    c.send(b'\x16\x03\x01 not HTTP at all')
    s = lab.server(v)
    s.read(19)
    for i in range(limit('TUNNEL_IDLE_MS') // 500 + 1):
        time.sleep(0.5)
        (c if i % 2 else s).send(b'.')
        (s if i % 2 else c).expect(b'.')
    c.close()
    s.expect_end()
    s.close()


def linger_after_our_answer(lab, v):
    c = lab.client(v)
    n = lab.reached('LINGER_MS')
    c.send(b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    assert c.answer()[0] == 400
    c.expect_end()
    begin = time.monotonic()        # the client keeps its side open and goes on sending
    while lab.pong()[3]:
        assert time.monotonic() - begin < limit('LINGER_MS') / 1000 + SLACK, 'it lingers too long'
        try:
            c.send(b'x')
        except OSError:
            pass
        time.sleep(0.02)
    assert time.monotonic() - begin > limit('LINGER_MS') / 1000 - 0.1
    assert lab.reached('LINGER_MS') == n + 1
    c.close()


def image_that_stops(lab, v):
    """held until its size is known, but not for long"""
    head = b'HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nContent-Length: 43\r\n\r\nGIF'
    c, s = lab.asked(v, GET)
    with Reach(lab, v, 'IMAGE_HELD_MS'):
        s.send(head)
        c.expect(head)
    s.send(b'8' * 40)
    c.expect(b'8' * 40)
    c.close()
    s.close()


def thrown_away_for_ever(lab, v):
    """a client that goes on sending after what will be the last answer does not hold its connection longer"""
    c, s = lab.asked(v, GET)
    begin = time.monotonic()
    c.send(b'POST /ads/x HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 99999999\r\n\r\n')
    while lab.pong()[3]:
        assert time.monotonic() - begin < (limit('RESPONSE_MS') + limit('LINGER_MS')) / 1000 + SLACK, 'still there'
        try:
            c.send(b'x' * 100)
        except OSError:
            pass
        time.sleep(0.02)
    c.close()
    s.close()


if __name__ == '__main__':
    proxy_lab.namespace()
    proxy_lab.main(Lab(RULES, level=2), [head_that_never_ends, head_on_a_used_connection, dial_nobody_answers, silent_client_and_server,
                                response_that_never_comes, response_while_the_client_goes_on, response_after_a_slow_body,
                                idle_between_requests, idle_within_an_answer, idle_within_a_body, drip_within_a_body,
                                drip_within_an_answer, answers_that_last, slow_but_steady, reader_of_a_little, idle_reader, idle_tunnel,
                                busy_tunnel, linger_after_our_answer, image_that_stops, thrown_away_for_ever])
