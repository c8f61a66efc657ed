#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_conformance - what RFC 9112 and RFC 9110 ask of who stands between a client and a server: the rows of
docs/http-conformance.md that no other test shows, those included where byte-exactness goes before the RFC.

Topology and helpers: proxy_lab.py.
"""
import os, sys, threading, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proxy_lab
from proxy_lab import Lab, limit
from proxy_filters import png, size_of

RULES = '''
rules:
  - block: images
    size: ["468x60"]
  - block: cookies
    name: ["_ga*"]
'''
GET = b'GET /a HTTP/1.1\r\nHost: plain.example\r\n\r\n'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'


def exchange(c, s, request=GET, response=OK):
    c.send(request)
    s.expect(request)
    s.send(response)
    c.expect(response)


def passes(lab, v, request=GET, response=OK, more=True):
    """both as they are, and the connection goes on"""
    c, s = lab.asked(v, request)
    s.send(response)
    c.expect(response)
    if more:
        exchange(c, s)
    c.close()
    s.expect_end()


def nothing_is_added(lab, v):
    """no Via, no Date, no X-Forwarded-For, no version of our own, no Connection: close"""
    passes(lab, v, b'GET / HTTP/1.1\r\nHost: plain.example\r\nReferer: http://plain.example/x\r\nVia: 1.0 old\r\n\r\n',
           b'HTTP/1.1 405 No\r\nAllow: GET, X\r\nContent-Length: 0\r\n\r\n')
    passes(lab, v, b'GET / HTTP/1.2\r\nHost: plain.example\r\n\r\n', b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    passes(lab, v, b'GET / HTTP/1.0\r\n\r\n', b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', False)


def fields_of_the_connection_pass(lab, v):
    passes(lab, v, b'GET / HTTP/1.1\r\nHost: plain.example\r\nConnection: X-Odd, TE, keep-alive\r\nX-Odd: 1\r\nTE: trailers\r\n'
           b'Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\n\r\n',
           b'HTTP/1.1 200 OK\r\nConnection: X-Odd\r\nX-Odd: 2\r\nKeep-Alive: timeout=5\r\nTE: x\r\nContent-Length: 2\r\n\r\nok')


def max_forwards_is_not_counted(lab, v):
    for n in b'0', b'1', b'010', b'x':
        passes(lab, v, b'OPTIONS * HTTP/1.1\r\nHost: plain.example\r\nMax-Forwards: ' + n + b'\r\n\r\n')
        passes(lab, v, b'TRACE / HTTP/1.1\r\nHost: plain.example\r\nMax-Forwards: ' + n + b'\r\n\r\n')


def options_of_the_whole_server(lab, v):
    passes(lab, v, b'OPTIONS * HTTP/1.1\r\nHost: plain.example\r\n\r\n')
    passes(lab, v, b'OPTIONS http://plain.example HTTP/1.1\r\nHost: plain.example\r\n\r\n')
    for bad in b'GET * HTTP/1.1\r\n', b'GET plain.example:80 HTTP/1.1\r\n':
        c = lab.client(v)
        c.send(bad + b'Host: plain.example\r\n\r\n')
        assert c.answer()[0] == 400, bad
        c.expect_end()
        c.close()


def absolute_form_must_agree_with_host(lab, v):
    passes(lab, v, b'GET http://Plain.example:80/x HTTP/1.1\r\nHost: plain.example\r\n\r\n')
    c = lab.client(v)
    c.send(b'GET http://plain.example/x HTTP/1.1\r\nHost: other.example\r\n\r\n')
    assert c.answer()[0] == 400
    c.expect_end()
    c.close()
    lab.undialled(v, 0)


def target_too_long_is_414(lab, v):
    for lead, end in ((b'', b''), (b'\r\n\r\n', b''), (b'', b' HTTP/1.1\r\nHost: plain.example\r\n\r\n')):
        c = lab.client(v)
        c.send(lead + b'GET /' + b'a' * limit('HEAD_BYTES') + end)
        assert c.answer()[0] == 414
        c.expect_end()
        c.close()
    lab.undialled(v, 0)


def empty_lines_before_a_request(lab, v):
    c, s = lab.asked(v, b'\r\n' + GET)
    s.send(OK)
    c.expect(OK)
    exchange(c, s, b'\r\n\r\n' + GET)
    c.close()


def answers_that_only_clients_can_read(lab, v):
    """a folded value, a blank before a colon, no reason, LF alone: not what frames the body, so not ours to mend"""
    passes(lab, v, GET, b'HTTP/1.1 200\r\nP3P: a\r\n\tb\r\nServer : x\r\nX: caf\xe9 \xff\r\nContent-Length: 2\r\n\r\nok')
    passes(lab, v, GET, b'HTTP/1.1 200 OK\nX: a\nContent-Length: 2\n\nok')


def odd_cookies_are_cookies(lab, v):
    """and what is read so that it passes is read so that it is filtered, too"""
    c, s = lab.asked(v, GET)
    s.send(b'HTTP/1.1 200 OK\r\nSet-Cookie : _ga=1\r\nSet-Cookie:\r\n _ga=2\r\nX: y\r\nContent-Length: 2\r\n\r\nok')
    c.expect(b'HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\nok')
    c.close()


def framing_that_is_no_framing(lab, v):
    """what 1xx, 204, 304 and answers to HEAD say of a length or of chunks means no body"""
    for request, response in (
            (GET, b'HTTP/1.1 100 Go\r\nTransfer-Encoding: chunked\r\n\r\n' + OK),
            (GET, b'HTTP/1.1 103 Hint\r\nContent-Length: 9\r\n\r\n' + OK),
            (GET, b'HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n'), (GET, b'HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n'),
            (GET, b'HTTP/1.1 304 Not\r\nTransfer-Encoding: chunked\r\n\r\n'),
            (GET.replace(b'GET', b'HEAD'), b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')):
        passes(lab, v, request, response)


def length_beside_chunks_is_removed(lab, v):
    c, s = lab.asked(v, GET)
    s.send(b'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nC: d\r\n\r\n2\r\nok\r\n0\r\n\r\n')
    c.expect(b'HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\nC: d\r\n\r\n2\r\nok\r\n0\r\n\r\n')
    exchange(c, s)
    c.close()


def chunks_of_an_http10_server_are_data(lab, v):
    rsp = b'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    c, s = lab.asked(v, GET)
    s.send(rsp)
    c.expect(rsp)
    for _ in range(2):
        s.send(OK)              # still the body
        c.expect(OK)
        c.silent()
    s.close()
    c.expect_end()
    c.close()


def codings_before_chunked(lab, v):
    passes(lab, v, b'POST / HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
           b'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n')
    c, s = lab.asked(v, GET)
    s.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n')
    c.head()
    s.send(OK)                  # not chunked: until the close
    c.expect(OK)
    s.close()
    c.expect_end()
    c.close()


def drip(sock, data, piece):
    for i in range(0, len(data), piece):
        sock.send(data[i:i + piece])
        time.sleep(0.001)


def trailers_stay_trailers(lab, v):
    passes(lab, v, b'POST / HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\nCookie: sid=1\r\n\r\n',
           b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n0\r\nX-T: 1\r\nSet-Cookie: sid=1\r\n\r\n')


def trailers_lose_cookies_and_framing(lab, v):
    """what the rules take from a head, they take from the trailers; a length or coding there never passes; the rest as it is"""
    post = b'POST / HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: chunked\r\n\r\n'
    rsp = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    body = b'5;e\r\nhello\r\n00\r\nX-T:  1\r\n%sx-t: 2 \r\n\r\n'
    cookies = lab.counter('cookies')
    for piece in 1000, 1:               # at once, and byte by byte
        c = lab.client(v)
        drip(c, post + body % b'cookie:a=b; _gat=1\r\n', piece)
        s = lab.server(v)
        s.expect(post + body % b'')
        drip(s, rsp + body % b'SET-COOKIE: _ga=1; Path=/\r\nContent-Length: 3\r\nSet-Cookie: b=_ga\r\ntransfer-encoding: x\r\n', piece)
        c.expect(rsp + body % b'Set-Cookie: b=_ga\r\n')
        exchange(c, s)
        c.close()
        s.expect_end()
    assert lab.counter('cookies') == cookies + 4
    # cut within such a line: what came before it has passed, and the message has no end
    c, s = lab.asked(v, GET)
    s.send(rsp + b'0\r\nX: y\r\nSet-Cookie: _g')
    s.shut()
    c.expect(rsp + b'0\r\nX: y\r\n')
    c.expect_end()
    c = lab.client(v)
    c.send(post + b'0\r\nX: y\r\nCookie: _ga=')
    c.shut()
    s = lab.server(v)
    s.expect(post + b'0\r\nX: y\r\n')
    s.expect_end()
    s.close()


def nothing_is_read_behind_a_close(lab, v):
    """what follows a request with "close" is no request"""
    last = b'GET /last HTTP/1.1\r\nHost: plain.example\r\nConnection: close\r\n\r\n'
    old = b'GET /last HTTP/1.0\r\n\r\n'
    for request in last, old:
        c = lab.client(v)
        c.send(request, GET)
        s = lab.server(v)
        s.expect(request)
        s.silent()
        s.send(OK)
        s.shut()
        c.expect(OK)
        c.expect_end()
        c.close()
        s.expect_end()
        s.close()


def close_is_left_to_who_said_it(lab, v):
    """a server that says "close" and stays, at the request of the client or by itself: neither side is closed for it"""
    last = b'GET /last HTTP/1.1\r\nHost: plain.example\r\nConnection: close\r\n\r\n'
    for request, response in (last, OK), (GET, OK.replace(b'OK', b'OK\r\nConnection: close')):
        c, s = lab.asked(v, request)
        s.send(response)
        c.expect(response)
        c.silent()
        s.silent()
        s.close()
        c.expect_end()
        c.close()


def early_answer_to_a_long_upload(lab, v):
    """the server has said its last and reads no more: the client, still sending, gets the answer whole, not a reset"""
    rsp = b'HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 60000\r\n\r\n' + b'n' * 60000
    for drains in True, False:
        c = lab.client(v)

        def upload():
            try:
                c.send(b'PUT /f HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 30000000\r\n\r\n')
                c.send(b'u' * 30000000)
            except OSError:
                pass
        t = threading.Thread(target=upload)
        t.start()
        s = lab.server(v)
        s.head()
        s.read(1000)
        s.send(rsp)
        if drains:
            s.shut()
        c.expect(rsp)
        s.close()
        c.sock.shutdown(2)
        t.join()
        c.close()


def answer_while_both_bodies_flow(lab, v):
    """an echo: the response is far along while the request still comes"""
    c = lab.client(v)
    c.send(b'POST /echo HTTP/1.1\r\nHost: plain.example\r\nTransfer-Encoding: chunked\r\n\r\n')
    s = lab.server(v)
    s.head()
    s.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    c.head()
    for i in range(20):
        chunk = b'3\r\n%03d\r\n' % i
        c.send(chunk)
        s.expect(chunk)
        s.send(chunk)
        c.expect(chunk)
    c.send(b'0\r\n\r\n')
    s.expect(b'0\r\n\r\n')
    s.send(b'0\r\n\r\n')
    c.expect(b'0\r\n\r\n')
    exchange(c, s)
    c.close()


EXPECT = b'PUT /f HTTP/1.1\r\nHost: plain.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'


def client_does_not_wait_for_100(lab, v):
    c, s = lab.asked(v, EXPECT)
    s.silent()
    c.send(b'12345')            # its patience is over
    s.expect(b'12345')
    s.send(b'HTTP/1.1 100 Continue\r\n\r\n' + OK)
    c.expect(b'HTTP/1.1 100 Continue\r\n\r\n' + OK)
    exchange(c, s)
    c.close()


def expectation_is_not_met(lab, v):
    """a final answer in place of the 100; the client then sends the body all the same, or leaves"""
    rsp = b'HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n'
    c, s = lab.asked(v, EXPECT)
    s.send(rsp)
    c.expect(rsp)
    c.send(b'12345')
    s.expect(b'12345')
    exchange(c, s)
    c.close()
    c, s = lab.asked(v, EXPECT)
    s.send(rsp)
    c.expect(rsp)
    c.close()
    s.expect_end()


def expectation_of_http10(lab, v):
    passes(lab, v, b'PUT /f HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n12345', OK, False)


def switch_after_a_100(lab, v):
    req = b'POST /ws HTTP/1.1\r\nHost: plain.example\r\nConnection: upgrade\r\nUpgrade: x/1\r\nExpect: 100-continue\r\n' \
        b'Content-Length: 3\r\n\r\n'
    c, s = lab.asked(v, req)
    s.send(b'HTTP/1.1 100 Continue\r\n\r\n')
    c.expect(b'HTTP/1.1 100 Continue\r\n\r\n')
    c.send(b'abc')
    s.expect(b'abc')
    rsp = b'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x/1\r\n\r\n'
    s.send(rsp)
    c.expect(rsp)
    c.send(b'\x00\x01')
    s.expect(b'\x00\x01')
    s.shut()
    c.expect_end()              # one half
    c.send(b'rest')
    s.expect(b'rest')
    c.shut()
    s.expect_end()
    c.close()


def upgrade_in_http10_is_none(lab, v):
    req = b'GET /ws HTTP/1.0\r\nConnection: upgrade, keep-alive\r\nUpgrade: x/1\r\n\r\n'
    c, s = lab.asked(v, req)
    s.send(b'HTTP/1.1 101 Switching\r\nUpgrade: x/1\r\n\r\n')
    assert c.answer()[0] == 502
    c.expect_end()
    c.close()


def upgrade_to_h2c(lab, v):
    """granted, it is a tunnel; not granted, HTTP/1.1 as before (proxy_passes, upgrade_refused)"""
    req = b'GET / HTTP/1.1\r\nHost: plain.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n'
    rsp = b'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'
    c, s = lab.asked(v, req)
    s.send(rsp + b'\0\0\0\x04\0\0\0\0\0')
    c.expect(rsp + b'\0\0\0\x04\0\0\0\0\0')
    c.send(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    s.expect(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    c.close()
    s.expect_end()


def truncated_is_seen_as_truncated(lab, v):
    """no byte is made up: no last chunk, no length that fits; and a reset, where a close would look complete, is a reset"""
    for head, part in ((b'Content-Length: 9\r\n', b'half'), (b'Transfer-Encoding: chunked\r\n', b'9\r\nhalf'),
                       (b'Transfer-Encoding: chunked\r\n', b'4\r\nhalf\r\n'), (b'Transfer-Encoding: chunked\r\n', b'4\r\nhalf\r\n0\r\n')):
        head = b'HTTP/1.1 200 OK\r\n' + head + b'\r\n'
        for end in 'close', 'reset':
            c, s = lab.asked(v, GET)
            s.send(head + part)
            c.expect(head + part)
            if end == 'close':
                s.close()
                c.expect_end()
            else:
                s.reset()
                c.expect_reset()
            c.close()
    c, s = lab.asked(v, GET)
    s.send(b'HTTP/1.1 200 OK\r\n\r\nuntil the close')
    c.expect(b'HTTP/1.1 200 OK\r\n\r\nuntil the close')
    s.reset()
    c.expect_reset()
    c.close()


def truncated_request_is_no_request(lab, v):
    """a client that ends or resets within a body: the server sees the same"""
    for how in b'Content-Length: 9\r\n\r\nhalf', b'Transfer-Encoding: chunked\r\n\r\n9\r\nhalf':
        req = b'POST / HTTP/1.1\r\nHost: plain.example\r\n' + how
        c, s = lab.asked(v, req)
        c.shut()
        s.expect_end()
        s.close()
        c.close()
        c, s = lab.asked(v, req)
        c.reset()
        s.expect_reset()
        s.close()


def chunks_broken_by_the_server(lab, v):
    c, s = lab.asked(v, GET)
    s.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n')
    c.expect(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n')
    s.send(b'x\r\n0\r\n\r\n')
    c.expect_reset()
    c.close()


def no_transform_is_no_shield(lab, v):
    """a rule of its owner replaces an image whatever the server says; what no rule names is never transformed"""
    head = b'HTTP/1.1 200 OK\r\nCache-Control: no-transform\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n'
    for width, replaced in ((468, True), (469, False)):
        image = png(width, 60, 300)
        c, s = lab.asked(v, GET)
        s.send(head % len(image), image)
        if replaced:
            assert b'no-store' in c.answer()[1]
        else:
            c.expect(head % len(image) + image)
        c.close()


def our_own_answers_are_whole(lab, v):
    """a date, a length, and Connection: close when it is the last"""
    c = lab.client(v)
    c.send(b'GET / HTTP/1.1\r\n\r\n')
    status, head, body = c.answer()
    assert status == 400 and head.startswith(b'HTTP/1.1 400 Bad Request\r\n'), head
    assert b'\r\nDate: ' in head and b'\r\nConnection: close\r\n' in head, head
    c.expect_end()
    c.close()


if __name__ == '__main__':
    proxy_lab.namespace()
    proxy_lab.main(Lab(RULES), [
        nothing_is_added, fields_of_the_connection_pass, max_forwards_is_not_counted, options_of_the_whole_server,
        absolute_form_must_agree_with_host, target_too_long_is_414, empty_lines_before_a_request,
        answers_that_only_clients_can_read, odd_cookies_are_cookies, framing_that_is_no_framing,
        length_beside_chunks_is_removed, chunks_of_an_http10_server_are_data, codings_before_chunked, trailers_stay_trailers, trailers_lose_cookies_and_framing,
        nothing_is_read_behind_a_close, close_is_left_to_who_said_it, early_answer_to_a_long_upload, answer_while_both_bodies_flow,
        client_does_not_wait_for_100, expectation_is_not_met, expectation_of_http10, switch_after_a_100,
        upgrade_in_http10_is_none, upgrade_to_h2c, truncated_is_seen_as_truncated, truncated_request_is_no_request,
        chunks_broken_by_the_server, no_transform_is_no_shield, our_own_answers_are_whole])
