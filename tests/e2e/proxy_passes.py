#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_passes - what no rule names goes through a proxy process byte for byte, in both directions:
every way HTTP/1 has to frame a message, what is not HTTP, and every way it can end.

Topology and helpers: proxy_lab.py.
"""
import os, socket, sys, threading, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proxy_lab
from proxy_lab import REFUSED, SILENT, Lab, limit

GET = b'GET /a HTTP/1.1\r\nHost: plain.example\r\nx-Odd:   kept \r\nX-Odd: twice\r\n\r\n'
OK = b'HTTP/1.1 200 Fine\r\ncontent-Length: 2\r\nX-a:1\r\n\r\nok'


def exchange(c, s, request=GET, response=OK):
    c.send(request)
    s.expect(request)
    s.send(response)
    c.expect(response)


def open_both(lab, v, request=GET, response=OK):
    c, s = lab.asked(v, request)
    s.send(response)
    c.expect(response)
    return c, s


def keep_alive(lab, v):
    c, s = open_both(lab, v)
    for _ in range(3):
        exchange(c, s)
    c.close()
    s.expect_end()


def http10_until_close(lab, v):
    c, s = lab.asked(v, b'GET /old HTTP/1.0\r\n\r\n')
    s.send(b'HTTP/1.0 200 OK\r\n\r\nsome ')
    c.expect(b'HTTP/1.0 200 OK\r\n\r\nsome ')
    s.send(b'more')
    s.close()
    assert c.rest() == b'more'


def http10_keep_alive(lab, v):
    req = b'GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
    rsp = b'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc'
    c, s = open_both(lab, v, req, rsp)
    exchange(c, s, req, rsp)
    c.close()
    s.expect_end()


def pipelined(lab, v):
    reqs = [b'GET /%d HTTP/1.1\r\nHost: plain.example\r\n\r\n' % i for i in range(20)]
    rsps = [b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (i, b'x' * i) for i in range(20)]
    c = lab.client(v)
    c.send(*reqs)
    s = lab.server(v)
    s.expect(b''.join(reqs))
    s.send(*rsps)
    c.expect(b''.join(rsps))
    c.close()


def more_pipelined_than_the_limit(lab, v):
    n = limit('PIPELINE_REQUESTS') * 3
    req, rsp = b'GET /p HTTP/1.1\r\nHost: plain.example\r\n\r\n', b'HTTP/1.1 204 No\r\n\r\n'
    c = lab.client(v)
    c.send(req * n)
    s = lab.server(v)
    for _ in range(n):
        s.expect(req)
        s.send(rsp)
    c.expect(rsp * n)
    c.close()


def chunked_and_trailers(lab, v):
    body = b'5;ext="a b"\r\nhello\r\n0a\r\n0123456789\r\n000\r\nX-Trailer: t\r\nAnother: u\r\n\r\n'
    req = b'POST /c HTTP/1.1\r\nHost: plain.example\r\ntransfer-encoding: chunked\r\n\r\n' + body
    rsp = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n\r\n' + body
    c, s = open_both(lab, v, req, rsp)
    for data, a, b in ((req, c, s), (rsp, s, c)):     # and cut anywhere
        for i in range(0, len(data), 7):
            a.send(data[i:i + 7])
        b.expect(data)
    exchange(c, s)
    c.close()


def no_body_after_head_204_304(lab, v):
    c, s = open_both(lab, v, GET.replace(b'GET', b'HEAD'), b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n')
    exchange(c, s, GET, b'HTTP/1.1 304 Not\r\nContent-Length: 99\r\nETag: "x"\r\n\r\n')
    exchange(c, s, GET, b'HTTP/1.1 204 No\r\n\r\n')
    exchange(c, s)
    c.close()


def interim_responses(lab, v):
    early = b'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'
    c, s = open_both(lab, v, GET, early + early + OK)
    exchange(c, s)
    c.close()


def expect_continue(lab, v):
    req = b'PUT /f HTTP/1.1\r\nHost: plain.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'
    c, s = lab.asked(v, req)
    c.silent()
    s.send(b'HTTP/1.1 100 Continue\r\n\r\n')
    c.expect(b'HTTP/1.1 100 Continue\r\n\r\n')
    c.send(b'12345')
    s.expect(b'12345')
    s.send(OK)
    c.expect(OK)
    exchange(c, s)
    c.close()


def early_response(lab, v):
    c = lab.client(v)
    c.send(b'POST /f HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 10\r\n\r\n12345')
    s = lab.server(v)
    s.head()
    s.expect(b'12345')
    s.send(OK)
    c.expect(OK)
    c.send(b'67890')
    s.expect(b'67890')
    exchange(c, s)
    c.close()


def upgrade(lab, v):
    req = b'GET /ws HTTP/1.1\r\nHost: plain.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    rsp = b'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    c, s = open_both(lab, v, req, rsp + b'\x81\x02hi')
    c.send(b'\x00GET / HTTP/1.1\r\n\r\n')
    s.expect(b'\x00GET / HTTP/1.1\r\n\r\n')
    c.shut()
    s.expect_end()
    s.send(b'bye')
    s.close()
    assert c.rest() == b'bye'


def upgrade_refused(lab, v):
    req = b'GET /ws HTTP/1.1\r\nHost: plain.example\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'
    c = lab.client(v)
    c.send(req + GET)
    s = lab.server(v)
    s.expect(req)
    s.silent()          # what follows may be anything until the server has answered
    s.send(OK)
    c.expect(OK)
    s.expect(GET)
    s.send(OK)
    c.expect(OK)
    c.close()


def connect_method(lab, v):
    req = b'CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n'
    c, s = open_both(lab, v, req, b'HTTP/1.1 200 Established\r\n\r\n')
    c.send(b'\x16\x03\x01')
    s.expect(b'\x16\x03\x01')
    s.send(b'\x16\x03\x03')
    c.expect(b'\x16\x03\x03')
    c.close()
    s.expect_end()
    c, s = open_both(lab, v, req, b'HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx')
    exchange(c, s)
    c.close()


def absolute_form(lab, v):
    c, s = open_both(lab, v, b'GET http://plain.example/x HTTP/1.1\r\nHost: plain.example\r\n\r\n')
    exchange(c, s, b'OPTIONS * HTTP/1.1\r\nHost: plain.example\r\n\r\n')
    c.close()


def long_path(lab, v):
    path = b'/_ylh=X3oDMTEwdnZjMjFhBF9TAzI3MTYxNDkEdGVzdAMwBHRtcG' * 1250
    assert len(path) >= 64000
    c, s = open_both(lab, v, b'GET ' + path + b' HTTP/1.1\r\nHost: plain.example\r\n\r\n')
    exchange(c, s)
    c.close()


def head_in_slivers(lab, v):
    c = lab.client(v)
    for i in range(len(GET)):
        c.send(GET[i:i + 1])
        time.sleep(0.001)
    s = lab.server(v)
    s.expect(GET)
    for i in range(len(OK)):
        s.send(OK[i:i + 1])
    c.expect(OK)
    c.close()


def head_too_large(lab, v):
    c = lab.client(v)
    c.send(b'GET / HTTP/1.1\r\nHost: plain.example\r\nX: ' + b'a' * (limit('HEAD_BYTES') + 10))
    assert c.answer()[0] == 431
    c.expect_end()
    lab.undialled(v, 0)


def large_bodies(lab, v):
    size = 10 << 20
    block = os.urandom(1 << 20)
    for chunked in (False, True):
        if chunked:
            cut = [1, 100, 70000, 200001]
            pieces, i, k = [], 0, 0
            while i < len(block):
                n = min(cut[k % 4], len(block) - i)
                pieces.append(b'%x\r\n' % n + block[i:i + n] + b'\r\n')
                i, k = i + n, k + 1
            body = b''.join(pieces) * (size >> 20) + b'0\r\n\r\n'
            how = b'Transfer-Encoding: chunked\r\n\r\n'
        else:
            body = block * (size >> 20)
            how = b'Content-Length: %d\r\n\r\n' % size
        req = b'POST /big HTTP/1.1\r\nHost: plain.example\r\n' + how
        rsp = b'HTTP/1.1 200 OK\r\n' + how
        c = lab.client(v)
        t = threading.Thread(target=lambda: c.send(req + body))
        t.start()
        s = lab.server(v)
        s.expect(req)
        s.expect(body)
        t.join()
        t = threading.Thread(target=lambda: s.send(rsp + body))
        t.start()
        c.expect(rsp)
        time.sleep(0.1)         # a slow reader
        c.expect(body)
        t.join()
        exchange(c, s)
        c.close()


def until_close_large(lab, v):
    body = os.urandom(1 << 20) * 4
    c, s = lab.asked(v, GET)
    t = threading.Thread(target=lambda: (s.send(b'HTTP/1.1 200 OK\r\n\r\n' + body), s.close()))
    t.start()
    assert c.rest() == b'HTTP/1.1 200 OK\r\n\r\n' + body
    t.join()


def client_half_closes(lab, v):
    c = lab.client(v)
    c.send(GET)
    c.shut()
    s = lab.server(v)
    s.expect(GET)
    s.expect_end()
    s.send(OK)
    c.expect(OK)
    c.expect_end()
    s.close()


def server_closes_idle(lab, v):
    c, s = open_both(lab, v)
    s.close()
    c.expect_end()
    c.close()


def server_closes_a_reused_connection(lab, v):
    c, s = open_both(lab, v)
    c.send(GET)
    s.expect(GET)
    s.close()
    c.expect_end()      # and no answer of ours: the client tries again
    c.close()


def cut_in_the_middle(lab, v):
    c, s = lab.asked(v, GET)
    s.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    s.close()
    assert c.rest().endswith(b'\r\n\r\nhalf')
    c.close()


def bytes_nobody_asked_for(lab, v):
    """they end the connection and go nowhere: a request that is under way would take them for its answer"""
    for stray in OK, b'\r\n', b'x', b'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n', b'HTTP/1.1 100 Continue\r\n\r\n':
        before = lab.counter('unasked')
        c, s = open_both(lab, v)
        s.send(stray)
        c.expect_end()
        s.expect_end()
        assert lab.counter('unasked') == before + 1
    # with the answer, in one segment: this passes whole, and nothing else
    c, s = lab.asked(v, GET)
    s.send(OK + OK)
    c.expect(OK)
    c.expect_end()
    # the client asks again just then: it gets no answer, or that of its own request, never the stray one
    for _ in range(20):
        c, s = open_both(lab, v)
        s.send(OK.replace(b'X-a:1', b'X-a:stray'))
        c.send(GET)
        try:
            assert b'stray' not in c.rest()
        except ConnectionResetError:
            pass
        c.close()
        s.close()
    # what follows an answer and is no HTTP is no answer to the next request
    c, s = lab.asked(v, GET + GET)
    s.send(OK + b'and some more of it\r\n' + OK)
    c.expect(OK)
    status, head, _ = c.answer()
    assert status == 502 and b'connection: close' in head.lower(), head
    c.expect_end()


def server_resets(lab, v):
    c, s = lab.asked(v, GET)
    s.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    assert c.head()
    c.expect(b'half')
    s.reset()
    c.expect_reset()


def client_resets(lab, v):
    c, s = lab.asked(v, GET)
    c.reset()
    s.expect_reset()


def refused_is_502(lab, v):
    c = lab.client(v, REFUSED[v])
    begin = time.monotonic()
    c.send(GET + GET)
    status, head, _ = c.answer()
    assert status == 502 and b'connection: close' in head.lower(), head
    c.expect_end()
    assert time.monotonic() - begin < proxy_lab.SLACK
    m = lab.message('MSG_DIRECT')
    family = socket.AF_INET6 if v == 6 else socket.AF_INET
    assert m[2][0] == family and m[2][2:4] == b'\x00\x50', m
    assert socket.inet_ntop(family, m[2][4:20] if v == 6 else m[2][4:8]) == REFUSED[v]


def silent_is_504(lab, v):
    c = lab.client(v, SILENT[v])
    c.sock.settimeout(15)
    c.send(GET)
    begin = time.monotonic()
    assert c.answer()[0] == 504
    assert 9 < time.monotonic() - begin < 10 + proxy_lab.SLACK
    c.expect_end()


def server_speaks_first(lab, v):
    c = lab.client(v)
    begin = time.monotonic()
    s = lab.server(v)
    assert 0.25 < time.monotonic() - begin < 0.3 + proxy_lab.SLACK
    s.send(b'220 hello\r\n')
    c.expect(b'220 hello\r\n')
    c.send(b'EHLO me\r\n')
    s.expect(b'EHLO me\r\n')
    s.send(b'250 ok\r\n')
    c.expect(b'250 ok\r\n')
    c.close()
    s.expect_end()


def not_http(lab, v):
    before = lab.counter('tunnels')
    for first in (b'\x16\x03\x01\x02\x00\x01', b'SSH-2.0-x\r\n', b'\x00\x00', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'):
        c, s = lab.asked(v, first)
        s.send(b'\x00\xffanswer')
        c.expect(b'\x00\xffanswer')
        s.shut()
        c.expect_end()
        c.send(b'after the half-close')
        s.expect(b'after the half-close')
        c.close()
        s.expect_end()
    assert lab.counter('tunnels') == before + 4


def not_http_without_a_line(lab, v):
    """a client that waits for an answer to one word gets it; a request that comes in pieces is none of these"""
    for first in b'PING', b'HELO me':
        c, s = lab.asked(v, first)
        s.send(b'+PONG')
        c.expect(b'+PONG')
        c.send(b'more')
        s.expect(b'more')
        c.close()
        s.expect_end()
    before = lab.counter('tunnels')
    c = lab.client(v)
    for piece in b'g', b'e':        # never tunnelled, however slow: HTTP in some server's eyes
        c.send(piece)
        time.sleep(0.5)
    c.close()
    c = lab.client(v)
    c.send(GET[:2])
    time.sleep(0.6)
    c.send(GET[2:])
    s = lab.server(v)
    s.expect(GET)
    s.send(OK)
    c.expect(OK)
    assert lab.counter('tunnels') == before
    c.close()
    s.close()


def not_http_large(lab, v):
    data = os.urandom(1 << 20) * 6
    c = lab.client(v)
    t = threading.Thread(target=lambda: (c.send(b'\x00' + data), c.shut()))
    t.start()
    s = lab.server(v)
    u = threading.Thread(target=lambda: (s.send(data), s.shut()))
    u.start()
    got = []
    w = threading.Thread(target=lambda: got.append(c.rest()))
    w.start()
    assert s.rest() == b'\x00' + data
    for x in t, u, w:
        x.join()
    assert got[0] == data
    c.close()


def response_not_http(lab, v):
    c, s = lab.asked(v, GET)
    s.send(b'ICY 200 OK\r\nicy-name: x\r\n\r\n\xff\xfb')
    c.expect(b'ICY 200 OK\r\nicy-name: x\r\n\r\n\xff\xfb')
    s.send(b'more')
    c.expect(b'more')
    s.close()
    c.expect_end()


def ambiguous_is_400(lab, v):
    for bad in (b'Content-Length: 3\r\nContent-Length: 4\r\n', b'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n',
                b'Content-Length: +3\r\n', b'Transfer-Encoding: xchunked\r\n', b'Content-Length : 3\r\n',
                b' folded: x\r\n', b'Host: other.example\r\n'):
        c = lab.client(v)
        c.send(b'POST / HTTP/1.1\r\nHost: plain.example\r\n' + bad + b'\r\nabc')
        assert c.answer()[0] == 400, bad
        c.expect_end()
        c.close()
    lab.undialled(v)


def bad_after_good(lab, v):
    c = lab.client(v)
    c.send(GET + b'GET  / HTTP/1.1\r\n\r\n')
    s = lab.server(v)
    s.expect(GET)
    c.silent()
    s.send(OK)
    c.expect(OK)        # in order
    assert c.answer()[0] == 400
    c.expect_end()
    c.close()


def broken_chunks(lab, v):
    c = lab.client(v)
    c.send(b'POST / HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    s = lab.server(v)
    s.head()
    s.expect(b'3\r\nabc\r\n')
    c.send(b'zz\r\n')
    assert c.answer()[0] == 400
    c.close()
    assert s.rest() == b''


def bad_response_is_502(lab, v):
    for bad in (b'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx', b'HTTP/1.1 2x0 OK\r\n\r\n',
                b'HTTP/1.1 101 Why\r\n\r\n'):
        c, s = lab.asked(v, GET)
        s.send(bad)
        assert c.answer()[0] == 502, bad
        c.expect_end()
        c.close()


def never_redirected(lab, v):
    before = lab.counter('not_redirected')
    c = lab.client(v, '::1' if v == 6 else '127.0.0.1', 3129)
    c.expect_end()
    lab.until(lambda: lab.counter('not_redirected') == before + 1)


def probe(lab, v):
    c = lab.client(4, '127.0.0.1', 1100)
    assert abs(int(c.rest()) - time.time()) < 3


def nothing_leaks(lab, v):
    lab.until(lambda: lab.pong()[3] == 0)
    accepted, files, max_files, alive, _ = lab.pong()
    really = len(os.listdir('/proc/%d/fd' % lab.proxy.pid))
    assert really <= files <= really + 16, (really, files)
    assert files < 64 and max_files == 4096 and accepted > 10, (files, max_files, accepted)


if __name__ == '__main__':
    proxy_lab.namespace()
    proxy_lab.main(Lab(), [
        keep_alive, http10_until_close, http10_keep_alive, pipelined, more_pipelined_than_the_limit,
        chunked_and_trailers, no_body_after_head_204_304, interim_responses, expect_continue, early_response,
        upgrade, upgrade_refused, connect_method, absolute_form, long_path, head_in_slivers, head_too_large,
        large_bodies, until_close_large, client_half_closes, server_closes_idle,
        server_closes_a_reused_connection, cut_in_the_middle, bytes_nobody_asked_for, server_resets, client_resets, refused_is_502,
        silent_is_504, server_speaks_first, not_http, not_http_without_a_line, not_http_large, response_not_http, ambiguous_is_400,
        bad_after_good, broken_chunks, bad_response_is_502, never_redirected, probe, nothing_leaks])
