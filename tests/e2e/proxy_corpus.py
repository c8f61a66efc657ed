#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_corpus - real heads pass a proxy process byte for byte; mutated ones neither crash it, nor leave a descriptor, a
connection or a buffer behind, nor let its memory grow.

The heads are those of ../shared/data/heads.  CORPUS_HEADS (8000) is how many mutated heads it gets, CORPUS_SEED which;
CORPUS_HEADS=1000000 takes a quarter of an hour.  Helpers: proxy_lab.py.
"""
import gzip, json, os, random, re, select, socket, struct, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proxy_lab
from proxy_lab import CLIENT, REPO, Lab, run

HEADS = int(os.environ.get('CORPUS_HEADS', 8000))
SEED = int(os.environ.get('CORPUS_SEED', 0)) or int(time.time())
DATA = os.path.join(os.environ.get('DEJUNK_SHARED', os.path.join(REPO, '../shared')), 'data/heads')
RULES = '''
rules:
  - block: cookies
    name: "never seen"
  - block: images
    size: ["467x61"]
'''
JOBS, AT_ONCE = 2, 40       # processes that are clients and servers at once, and connections of each
GROWN_KIB = 4096            # memory of the proxy process that is no growth


def raw(name):
    with gzip.open(os.path.join(DATA, name)) as f:
        return [head + b'\r\n\r\n' for head in f.read().split(b'\r\n\r\n')[:-1]]


def har():
    """requests and their responses, as they would be in HTTP/1.1"""
    with gzip.open(os.path.join(DATA, 'har-heads.jsonl.gz'), 'rt') as f:
        for line in f:
            e = json.loads(line)
            scheme, _, rest = e['url'].partition('://')
            host, slash, path = rest.partition('/')

            def fields(headers):
                pairs = [(h['name'], h['value']) if isinstance(h, dict) else h for h in headers]
                return [(n, one) for n, v in pairs if not n.startswith(':') for one in v.split('\n')]
            up, down = fields(e['request_headers']), fields(e['response_headers'])
            if not any(n.lower() == 'host' for n, _ in up):
                up.insert(0, ('Host', host))
            path = (slash + path).partition('#')[0] or '/'
            if not 100 <= e['status'] <= 999 or any(c in n + v for n, v in up + down for c in '\r\n\0') or any(' ' in n for n, _ in up):
                continue        # written so by the tool that recorded it, not by a browser
            up, down = (b''.join(b'%s: %s\r\n' % (n.encode(), v.encode()) for n, v in pairs) for pairs in (up, down))
            yield (b'%s %s HTTP/1.1\r\n%s\r\n' % (e['method'].encode(), path.encode(), up),
                   b'HTTP/1.1 %d X\r\n%s\r\n' % (e['status'], down))


def pairs():
    requests, responses = raw('http1-request-heads-2012.raw.gz'), raw('http1-response-heads-2012.raw.gz')
    assert len(requests) <= len(responses)
    return [(requests[i % len(requests)], responses[i]) for i in range(len(responses))] + list(har())


def as_passed(up, head):
    """a length beside a coding is the one thing that is taken out (docs/http-conformance.md, 6.3)"""
    if re.search(rb'(?i)\r\ntransfer-encoding: *chunked', head) and head[9:12] not in (b'204', b'304') and up[:5] != b'HEAD ':
        return re.sub(rb'(?i)\r\ncontent-length:[^\r]*', b'', head)
    return head


def real_heads(lab, v):
    passed = 0
    for up, down in pairs():
        n = re.search(rb'(?i)\r\ncontent-length: *(\d+)', up)
        c = lab.client(v)
        c.send(up, b'b' * int(n.group(1)) if n else b'')
        if select.select([c.sock, lab.servers[c.sock.family]], [], [], proxy_lab.WAIT)[0] == [c.sock]:
            raise AssertionError('%r\nwas answered %r' % (up, c.head()))
        s = lab.server(v)
        s.expect(up)
        s.send(down)
        s.shut()                    # or an image would be waited for
        c.expect(as_passed(up, down))
        c.reset()
        s.close()
        passed += 1
    print('%d requests and as many answers passed' % passed)
    assert passed > 2000


# --- mutated ones -------------------------------------------------------------

WORDS = [b'\r\n', b'\r', b'\n', b'\0', b' ', b'\t', b':', b',', b';', b'"', b'\x7f', b'\xff', b'\r\n ', b'\r\n\r\n', b'0', b'chunked', b'HTTP/1.0',
         b'Content-Length: 5\r\n', b'Transfer-Encoding: chunked\r\n', b'Connection: close\r\n', b'Connection: upgrade\r\nUpgrade: x\r\n',
         b'Expect: 100-continue\r\n', b'Host: b\r\n', b'Set-Cookie: a=b\r\n', b'Content-Type: image/png\r\n']


def mutated(rng, heads):
    head = rng.choice(heads)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(head) + 1)
        what = rng.randrange(10)
        if what < 2:
            head = head[:at] + bytes([rng.randrange(256)]) + head[at + 1:]
        elif what < 4:
            head = head[:at] + rng.choice(WORDS) + head[at + rng.randrange(2):]
        elif what == 4:
            head = head[:at] + head[at + rng.randrange(30):]
        elif what == 5:
            head = head[:at] + head[max(0, at - rng.randrange(200)):]
        elif what == 6:                             # a field of its own
            line = head.find(b'\r\n', at) + 2
            head = head[:line] + rng.choice(WORDS[17:]) + head[line:]
        elif what == 7:
            other = rng.choice(heads)
            head = head[:at] + other[rng.randrange(len(other)):]
        elif what == 8 and rng.random() < 0.05:
            head = head[:at] + head[at:at + 40] * rng.choice((300, 4000)) + head[at:]
        elif what == 9 and rng.random() < 0.3:
            head = head[:at]
    return head


class Crowd:
    """clients and servers of one process: clients send two heads and say that this is all, servers answer with two"""
    def __init__(self, lab, v, rng, requests, responses, count):
        self.v, self.rng, self.requests, self.responses, self.left = v, rng, requests, responses, count
        self.family = socket.AF_INET6 if v == 6 else socket.AF_INET
        self.listener = lab.servers[self.family]
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener, select.EPOLLIN | 1 << 28)      # EPOLLEXCLUSIVE
        self.ends, self.clients, self.sent = {}, 0, 0

    def begin(self):
        s = socket.socket(self.family)
        s.setblocking(False)
        s.bind((self.rng.choice(SOURCES[self.v]), 0))
        s.connect_ex((proxy_lab.V6 if self.v == 6 else proxy_lab.V4, 80))
        data = mutated(self.rng, self.requests) + (mutated(self.rng, self.requests) if self.rng.random() < 0.5 else b'')
        self.add(s, data, True)
        self.clients += 1
        self.left -= 1

    def add(self, s, data, client):
        self.ends[s.fileno()] = [s, data, client, False, time.monotonic()]
        self.poll.register(s, (select.EPOLLIN | select.EPOLLOUT) if client else select.EPOLLIN)

    def end(self, e):
        s = e[0]
        self.poll.unregister(s)
        del self.ends[s.fileno()]
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))      # no TIME_WAIT
        s.close()
        self.clients -= e[2]

    def write(self, e):
        n = e[0].send(e[1]) if e[1] else 0
        e[1] = e[1][n:]
        if not e[1]:
            e[0].shutdown(socket.SHUT_WR)
            self.poll.modify(e[0], select.EPOLLIN)

    def ready(self, e, events):
        try:
            if events & select.EPOLLOUT:
                self.write(e)
            if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                got = e[0].recv(65536)
                if not e[2] and not e[3]:           # a server that hears for the first time
                    e[3] = True
                    e[1] = mutated(self.rng, self.responses) + (mutated(self.rng, self.responses) if self.rng.random() < 0.5 else b'')
                    self.sent += 1
                    self.poll.modify(e[0], select.EPOLLIN | select.EPOLLOUT)
                if not got and (e[2] or not e[1]):
                    self.end(e)
        except BlockingIOError:
            pass
        except OSError:
            self.end(e)

    def accept(self):
        try:
            s, _ = self.listener.accept()
        except OSError:
            return
        s.setblocking(False)
        self.add(s, b'', False)

    def work(self):
        """until all are through; returns the number of answers"""
        swept = time.monotonic()
        while self.left > 0 or self.clients:
            while self.clients < AT_ONCE and self.left > 0:
                self.begin()
            for fd, events in self.poll.poll(0.5):
                if fd == self.listener.fileno():
                    self.accept()
                elif fd in self.ends:
                    self.ready(self.ends[fd], events)
            if time.monotonic() > swept + 5:
                swept = time.monotonic()
                for e in [e for e in self.ends.values() if swept - e[4] > 60]:
                    assert not e[2], 'a client waited for a minute: %r' % e[1]
                    self.end(e)
        return self.sent


def state(lab):
    text = open('/proc/%d/status' % lab.proxy.pid).read()
    return int(re.search(r'VmRSS:\s*(\d+)', text).group(1)), len(os.listdir('/proc/%d/fd' % lab.proxy.pid))


def heads_read(lab):
    return sum(lab.counter(n) for n in ('requests', 'bad_requests', 'tunnels'))


def crowd(lab, v, rng, requests, responses, count):
    """@count connections by JOBS processes; returns the number of answers they were sent"""
    kids = []
    for _ in range(JOBS):
        r, w = os.pipe()
        seed = rng.random()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                sent = Crowd(lab, v, random.Random(seed), requests, responses, count // JOBS).work()
                os.write(w, b'%d' % sent)
                code = 0
            except BaseException as e:
                print('crowd: %r' % e, flush=True)
            os._exit(code)
        os.close(w)
        kids.append((pid, r))
    sent, failed = 0, 0
    for pid, r in kids:
        while not select.select([r], [], [], 0.25)[0]:
            assert lab.alive(), 'the proxy is dead: status %s' % lab.proxy.poll()
            lab.pong()              # as the monitor does
        sent += int(os.read(r, 20) or b'0')
        failed += os.waitpid(pid, 0)[1] != 0
        os.close(r)
    lab.listeners_block()
    assert not failed
    return sent


def drain(lab):
    """what stands in the queue of the server's sockets, and was given up by then, goes"""
    def empty():
        for s in lab.servers.values():
            while select.select([s], [], [], 0)[0]:
                s.accept()[0].close()
        return lab.pong()[3] == 0
    lab.until(empty, 60)


def mutated_heads(lab, v):
    requests, responses = zip(*pairs())
    rng = random.Random('%d %d' % (SEED, v))
    print('seed %d' % SEED)
    goal, answers, begin, before = HEADS // 2, 0, time.monotonic(), None
    first = heads_read(lab)
    while heads_read(lab) - first + answers < goal:
        answers += crowd(lab, v, rng, requests, responses, min(20000, max(goal // 4, 1000)))
        drain(lab)
        if before is None:
            before = state(lab)     # what a first wave takes is no growth
    memory, files = state(lab)
    print('%d heads of requests read, %d answers, %.0f s; memory %d -> %d KiB, descriptors %d -> %d' % (
        heads_read(lab) - first, answers, time.monotonic() - begin, before[0], memory, before[1], files))
    assert lab.buffers()[0] == 0
    assert 'ASAN_OPTIONS' in os.environ or memory - before[0] < GROWN_KIB
    assert files <= before[1] + 32, files       # pipes are kept for the next


SOURCES = {4: ['198.51.100.%d' % i for i in range(20, 40)], 6: ['2001:db8:1::%x' % i for i in range(0x20, 0x40)]}


class Corpus(Lab):
    def listeners_block(self):
        for s in self.servers.values():
            s.settimeout(proxy_lab.WAIT)


if __name__ == '__main__':
    if not os.path.exists(DATA):
        print('SKIP proxy_corpus: no heads in %s' % DATA)
        sys.exit(77)
    proxy_lab.namespace()
    # a million of connections in minutes: what is over leaves the kernel's table before that is full
    run('sysctl', '-qw', 'net.ipv4.ip_local_port_range=1024 65001', 'net.netfilter.nf_conntrack_tcp_timeout_close=1',
        *('net.netfilter.nf_conntrack_tcp_timeout_%s=5' % state for state in ('time_wait', 'last_ack')))
    for family in 4, 6:
        for ip in SOURCES[family]:
            run('ip', 'addr', 'add', ip + ('/32' if family == 4 else '/128'), 'dev', 'lo', *([] if family == 4 else ['nodad']))
    proxy_lab.main(Corpus(RULES, level=1), [real_heads, mutated_heads])
