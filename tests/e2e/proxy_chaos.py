#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_chaos - clients and servers that abort, reset, cut, mangle and pipeline at random, beside good
ones: every good client gets its own answers, in order and byte for byte; nothing crashes or leaks.

PROXY_CHAOS_SECONDS (10) and PROXY_CHAOS_SEED change how long and what.  Helpers: proxy_lab.py.
"""
import os, random, re, socket, struct, sys, threading, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proxy_lab
from proxy_lab import Lab, Peer

SECONDS = float(os.environ.get('PROXY_CHAOS_SECONDS', '10'))
SEED = int(os.environ.get('PROXY_CHAOS_SEED', '0')) or int(time.time())
RULES = '''
rules:
  - block: requests
    url: "*/blocked/*"
  - block: images
    size: 468x60
  - block: cookies
    name: bad
'''
PNG = (b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' + struct.pack('>II', 468, 60) + b'\x08\x06\0\0\0').ljust(5000, b'p')
good, wrong, served = [0], [], [0]
stop = threading.Event()
over = threading.Event()        # the origin outlives the clients: what it never accepted would wait for its answer


def body_of(n):
    return (b'%d.' % n) * (n * n % 5000)


def response(n, r):
    """what the server says to /n"""
    if n % 7 == 0:
        return b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n' % len(PNG) + PNG
    body = body_of(n)
    if r.random() < 0.5:
        return b'HTTP/1.1 200 OK\r\nX: %d\r\nContent-Length: %d\r\n\r\n' % (n, len(body)) + body
    cut = r.randrange(1, 3000)
    return b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' + b''.join(
        b'%x\r\n%s\r\n' % (len(body[i:i + cut]), body[i:i + cut]) for i in range(0, len(body), cut)) + b'0\r\n\r\n'


def slivers(p, data, r):
    if r.random() < 0.7:
        return p.send(data)
    i = 0
    while i < len(data):
        n = r.choice((1, 7, 100, 5000, 70000))
        p.send(data[i:i + n])
        i += n


def serve(sock, r):
    p = Peer(sock, 'server')
    try:
        while True:
            head = p.head()
            n = int(re.search(rb'/(\d+)', head).group(1))
            m = re.search(rb'(?i)content-length: (\d+)', head)
            if m:
                p.read(int(m.group(1)))
            if b'bad=' in head:
                wrong.append('a bad cookie came through: %r' % head)
            served[0] += 1
            if b'X-Chaos' in head and r.random() < 0.4:
                what = r.randrange(6)
                data = response(n, r)
                if what == 0:
                    return p.reset()
                if what == 1:
                    p.send(data[:r.randrange(len(data))])
                    return p.reset() if r.random() < 0.5 else p.close()
                if what == 2:
                    mangled = bytearray(data[:400])
                    for _ in range(3):
                        mangled[r.randrange(len(mangled))] = r.randrange(256)
                    p.send(bytes(mangled))
                    return p.close()
                if what == 3:
                    p.send(data, b'surplus')
                    return p.close()
                if what == 4:
                    time.sleep(r.random() * 0.3)
                else:
                    p.send(os.urandom(r.randrange(1, 3000)))
                    return p.close()
            slivers(p, response(n, r), r)
    except (OSError, AssertionError, AttributeError):
        sock.close()


def accept(server):
    while not over.is_set():
        try:
            sock, _ = server.accept()
        except OSError:
            continue
        sock.settimeout(20)
        threading.Thread(target=serve, args=(sock, random.Random(random.random())), daemon=True).start()


def read_answer(p):
    """status, body of one response with Content-Length or chunks"""
    head = p.head()
    m = re.search(rb'(?i)\r\ncontent-length: *(\d+)', head)
    if m:
        return int(head.split()[1]), p.read(int(m.group(1)))
    body = b''
    while True:
        line = b''
        while not line.endswith(b'\r\n'):
            line += p.read(1)
        n = int(line, 16)
        body += p.read(n + 2)[:n]
        if n == 0:
            return int(head.split()[1]), body


def good_client(lab, r):
    while not stop.is_set():
        try:
            p = lab.client(r.choice((4, 6)))
        except OSError as e:
            wrong.append('good client: %s' % e)
            return
        try:
            for _ in range(r.randrange(1, 4)):
                ns, data = [], b''
                for _ in range(r.randrange(1, 9)):
                    n = r.randrange(1000)
                    blocked = r.random() < 0.3
                    ns.append((n, blocked))
                    path = b'/blocked/%d.js' % n if blocked else b'/%d' % n
                    cookie = b'Cookie: a=1; bad=2\r\n' if r.random() < 0.3 else b''
                    if r.random() < 0.3:
                        body = body_of(n)
                        data += b'POST %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %d\r\n\r\n' % (path, cookie, len(body)) + body
                    else:
                        data += b'GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n' % (path, cookie)
                t = threading.Thread(target=slivers, args=(p, data, r))
                t.start()
                for n, blocked in ns:
                    status, body = read_answer(p)
                    image = not blocked and n % 7 == 0
                    want = b'' if blocked else body_of(n)
                    if status != 200 or (not image and body != want) or \
                            (image and (body[16:24] != PNG[16:24] or body == PNG)):
                        wrong.append('/%d blocked %d: %d %r' % (n, blocked, status, body[:80]))
                        stop.set()
                    good[0] += 1
                t.join()
            p.close()
        except (OSError, AssertionError) as e:
            wrong.append('good client: %s' % e)
            stop.set()


def bad_client(lab, r):
    while not stop.is_set():
        try:
            p = lab.client(r.choice((4, 6)))
            p.sock.settimeout(0.5)
            data = b''.join(r.choice((
                b'GET /%d HTTP/1.1\r\nHost: h\r\nX-Chaos: 1\r\n\r\n' % r.randrange(1000),
                b'GET /blocked/1 HTTP/1.1\r\nHost: h\r\nX-Chaos: 1\r\n\r\n',
                b'POST /3 HTTP/1.1\r\nHost: h\r\nX-Chaos: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
                b'PUT /blocked/2 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
                b'GET /7 HTTP/1.1\r\nHost: h\r\nX-Chaos: 1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
                b'CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\nX-Chaos: 1\r\n\r\n',
                b'GET /8 HTTP/1.0\r\nX-Chaos: 1\r\n\r\n')) for _ in range(r.randrange(1, 6)))
            if r.random() < 0.4:
                mangled = bytearray(data)
                for _ in range(r.randrange(1, 4)):
                    mangled[r.randrange(len(mangled))] = r.randrange(256)
                data = bytes(mangled)
            slivers(p, data[:r.randrange(len(data) + 1)] if r.random() < 0.3 else data, r)
            if r.random() < 0.3:
                p.shut()
            if r.random() < 0.7:
                try:
                    for _ in range(r.randrange(1, 5)):
                        if not p.fill():
                            break
                except socket.timeout:
                    pass
            p.reset() if r.random() < 0.5 else p.close()
        except (OSError, AssertionError):
            pass


def memory(lab):
    return int(re.search(r'VmRSS:\s*(\d+)', open('/proc/%d/status' % lab.proxy.pid).read()).group(1))


def chaos(lab, v):
    print('seed %d' % SEED)
    r = random.Random(SEED)
    threads = [threading.Thread(target=accept, args=(s,), daemon=True) for s in lab.servers.values() for _ in range(2)]
    threads += [threading.Thread(target=good_client, args=(lab, random.Random(r.random()))) for _ in range(4)]
    threads += [threading.Thread(target=bad_client, args=(lab, random.Random(r.random()))) for _ in range(6)]
    for t in threads:
        t.start()
    end, reload_at, first = time.monotonic() + SECONDS, time.monotonic() + 1, None
    while time.monotonic() < end and not stop.is_set() and lab.alive():
        time.sleep(0.1)
        if time.monotonic() > reload_at:
            lab.rules(RULES)
            reload_at += 1
            first = first or memory(lab)
    stop.set()
    for t in threads:
        t.join(10)
    assert lab.alive(), 'the proxy is dead: status %s' % lab.proxy.poll()
    assert not wrong, wrong[:5]
    assert good[0] > 100 and served[0] > 100, (good, served)
    lab.until(lambda: lab.pong()[3] == 0, 20)
    over.set()
    files = len(os.listdir('/proc/%d/fd' % lab.proxy.pid))
    grown = memory(lab) - first
    print('%d good answers, %d served, %d descriptors, %d KiB grown' % (good[0], served[0], files, grown))
    assert files < 60, files
    assert 'ASAN_OPTIONS' in os.environ or grown < 8192, grown


if __name__ == '__main__':
    proxy_lab.namespace()
    proxy_lab.main(Lab(RULES, level=1), [chaos], (4,))
