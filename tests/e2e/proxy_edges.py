#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_edges - where two things meet in a proxy process: a cookie taken out of an image's head, a reset
behind a good answer, pipelined requests behind the last answer, and so on.  One test for each mended fault.

Topology and helpers: proxy_lab.py.
"""
import os, re, socket, struct, sys, threading, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proxy_lab
from proxy_lab import REFUSED, Lab, limit
from proxy_filters import png, size_of

RULES = '''
rules:
  - block: requests
    url: "*/telemetry/*"
  - block: images
    url: "*/banners/*"
  - block: images
    size: ["468x60", "1x1"]
  - block: cookies
    name: ["_ga*"]
  - limit: cookies
    host: shop.example
'''
GET = b'GET /%s HTTP/1.1\r\nHost: site.example\r\n\r\n'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'


def slow_client(lab, v, request):
    """a client whose receive buffer is small, and which does not read"""
    s = socket.socket(socket.AF_INET6 if v == 6 else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    s.settimeout(proxy_lab.WAIT)
    s.bind((proxy_lab.CLIENT[v], 0))
    s.connect((proxy_lab.V6 if v == 6 else proxy_lab.V4, 80))
    c = proxy_lab.Peer(s, 'client')
    c.send(request)
    return c


def image_with_a_blocked_cookie(lab, v):
    """the head's fields move when a cookie before them goes; what they say does not"""
    c = lab.client(v)
    c.send(GET % b'i.png', GET % b'n', GET % b'x')
    s = lab.server(v)
    for _ in range(3):
        s.head()
    banner = png(468, 60, 900)
    s.send(b'HTTP/1.1 200 OK\r\nSet-Cookie: _ga=%s\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n' %
           (b'v' * 100, len(banner)), banner, OK)
    status, head, body = c.answer()
    assert status == 200 and size_of(body) == (468, 60) and body != banner, head
    c.expect(OK)
    # and nothing that is no image is taken for one
    tail = b'Content-Length: %d\r\nX-Pad: %s\r\nContent-Type: text/plain\r\nX: image/png\r\n\r\n' % (len(banner), b'p' * 100)
    s.send(b'HTTP/1.1 200 OK\r\nSet-Cookie: _ga=1\r\n' + tail + banner)
    c.expect(b'HTTP/1.1 200 OK\r\n' + tail + banner)
    c.close()


def image_by_url_with_a_blocked_cookie(lab, v):
    c = lab.client(v)
    c.send(GET % b'banners/pic?id=7')
    s = lab.server(v)
    s.head()
    s.send(b'HTTP/1.1 200 OK\r\nSet-Cookie: _ga=1234567890; Path=/\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\nJPEG')
    assert size_of(c.answer()[2]) == (1, 1)
    c.close()


def banner_that_stalls(lab, v):
    """the empty image does not wait for the end of the one it replaces; what follows waits for that end"""
    banner = png(468, 60, 3000)
    for chunked in (False, True):
        how = b'Transfer-Encoding: chunked' if chunked else b'Content-Length: %d' % len(banner)
        body = b'%x\r\n%s\r\n0\r\n\r\n' % (len(banner), banner) if chunked else banner
        c = lab.client(v)
        c.send(GET % b'i.png', GET % b'telemetry/x.js', GET % b'n')
        s = lab.server(v)
        s.expect(GET % b'i.png' + GET % b'n')
        s.send(b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n' + how + b'\r\n\r\n', body[:100])
        assert size_of(c.answer()[2]) == (468, 60)
        c.silent()
        s.send(body[100:], OK)
        assert b'javascript' in c.answer()[1]
        c.expect(OK)
        s.close()
        c.expect_end()
        c.close()


def image_behind_an_image(lab, v):
    """each is held for its own time, also when the second begins where the first ends"""
    photo, banner = png(640, 480, 500), png(468, 60, 500)
    head = b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n'
    for _ in range(10):
        c = lab.client(v)
        c.send(GET % b'1.png', GET % b'2.png')
        s = lab.server(v)
        s.head()
        s.head()
        s.send(head % len(photo), photo[:9])
        time.sleep(0.13)
        begin = time.monotonic()
        s.send(photo[9:], head % len(banner), banner[:9])
        time.sleep(0.1)
        s.send(banner[9:])
        in_time = time.monotonic() - begin < 0.15
        c.expect(head % len(photo) + photo)
        status, got, body = c.answer()
        c.close()
        if in_time:             # else this machine is too busy to tell
            assert b'no-store' in got and size_of(body) == (468, 60), got
            break


def banner_without_end(lab, v):
    """the body of a replaced image is thrown away up to a limit"""
    c = lab.client(v)
    c.send(GET % b'i.png', GET % b'n')
    s = lab.server(v)
    s.expect(GET % b'i.png' + GET % b'n')
    s.send(b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n' +
           png(468, 60).ljust(4096, b'x') + b'\r\n')
    assert size_of(c.answer()[2]) == (468, 60)
    try:
        for _ in range(2 * limit('DISCARD_BYTES') // 4096):
            s.send(b'1000\r\n' + b'x' * 4096 + b'\r\n')
    except OSError:
        pass
    c.expect_end()
    c.close()


def expect_behind_another(lab, v):
    """a blocked upload that waits for a 100, read together with the request before it"""
    head = b'POST /telemetry/ HTTP/1.1\r\nHost: site.example\r\nExpect: 100-continue\r\nContent-Length: 900\r\n\r\n'
    c = lab.client(v)
    c.send(GET % b'a', head, b'p' * 500)
    s = lab.server(v)
    s.expect(GET % b'a')
    s.send(OK)
    c.expect(OK)
    status, got, _ = c.answer()
    assert status != 100 and b'connection: close' in got.lower(), got
    c.expect_end()
    c.close()


def reset_behind_a_good_answer(lab, v):
    """the server resets an idle connection; the client still has to get all of the last answer"""
    body = os.urandom(1 << 20)
    rsp = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(body) + body
    c = slow_client(lab, v, GET % b'large')
    s = lab.server(v)
    s.head()
    s.send(rsp)

    def acked():
        return struct.unpack('=I', __import__('fcntl').ioctl(s.sock, 0x5411, b'\0' * 4))[0] == 0     # SIOCOUTQ
    for _ in range(30):
        if acked():
            break
        c.fill()
    lab.until(acked)
    time.sleep(0.05)
    s.reset()
    time.sleep(0.1)
    assert c.rest() == rsp
    c.close()


def more_requests_behind_the_last_answer(lab, v):
    """the server closes after its answer; what the client pipelined must not cost it that answer"""
    body = os.urandom(300000)
    rsp = b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n' % len(body) + body
    c = slow_client(lab, v, b'')
    req = GET % (b'p' * 900)
    t = threading.Thread(target=lambda: c.send(req * 1500))
    t.start()
    s = lab.server(v)
    s.expect(req)
    s.send(rsp)
    s.shut()
    time.sleep(0.5)
    assert c.rest() == rsp
    c.close()
    t.join()
    s.close()


def download_through_many_reloads(lab, v):
    """the bound on rule images ends who still needs an old one, not a download that only has to be finished"""
    held = []
    for i in range(limit('IMAGES_ALIVE') + 2):
        c = lab.client(v)
        c.send(GET % b'held')
        s = lab.server(v)
        s.head()
        if i < 3:
            s.send(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234')
            c.head()
            c.expect(b'01234')
        held.append((c, s))
        lab.rules(RULES)
    for c, s in held[:3]:
        s.send(b'56789')
        c.expect(b'56789')
    for c, s in held:
        c.close()
        s.close()


def memory_of_the_greedy(lab, v):
    """a client that takes all the memory there is for large buffers stops nobody's download"""
    rsp = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' + \
        (b'c0\r\n' + os.urandom(192) + b'\r\n') * 60000 + b'0\r\n\r\n'       # too small for splice
    image = b'HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 60000\r\n\r\n' + \
        (b'\xff\xd8' + b'\xff\xe1\xff\xff' + b'e' * 65533)[:60000]
    greedy = []
    n = limit('POOL_BYTES') // 2 // (256 << 10)
    for i in range(n + 20):         # the last of them take what is too little for a large head
        g = lab.client(10 - v)
        g.send(b'GET /' + b'x' * (100000 if i < n else 20000))
        greedy.append(g)
    time.sleep(0.5)
    c = slow_client(lab, v, GET % b'large')
    s = lab.server(v)
    s.head()
    t = threading.Thread(target=lambda: s.send(rsp))
    t.start()
    time.sleep(0.3)
    c.expect(rsp)
    t.join()
    c.send(GET % b'image')
    s.head()
    t = threading.Thread(target=lambda: s.send(image))
    t.start()
    c.expect(image)
    t.join()
    c.close()
    for g in greedy:
        g.close()
    lab.until(lambda: lab.pong()[3] == 0)


def memory_comes_back(lab, v):
    """what a burst of large heads took is given back with the next heartbeat"""
    def memory():
        return int(re.search(r'VmRSS:\s*(\d+)', open('/proc/%d/status' % lab.proxy.pid).read()).group(1))
    many = [lab.client(v) for _ in range(400)]
    for c in many:
        c.send(b'GET /' + b'x' * 120000)
    lab.until(lambda: memory() > 400 * 120000 // 1024)     # all of it is read
    full = memory()
    for c in many:
        c.reset()
    lab.until(lambda: lab.pong()[3] == 0)
    lab.pong()
    assert 'ASAN_OPTIONS' in os.environ or memory() < full - 30000, (full, memory())


if __name__ == '__main__':
    proxy_lab.namespace()
    proxy_lab.main(Lab(RULES), [
        image_with_a_blocked_cookie, image_by_url_with_a_blocked_cookie, banner_that_stalls,
        image_behind_an_image, banner_without_end, expect_behind_another,
        reset_behind_a_good_answer, more_requests_behind_the_last_answer,
        download_through_many_reloads, memory_of_the_greedy, memory_comes_back])
