#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_abuse - many hostile or broken clients, with the limits as they are: all the while a good client, on a new connection
and on one it keeps, gets its answer in under a second; and nothing of it is left when they are gone.

The hostile ones and their servers are processes of their own; good ones have a server of their own, proxy_lab.OTHER.
What happens at each limit is in limits_sizes.py and limits_waits.py.  Helpers: proxy_lab.py.

limits: UNSENT_BYTES
"""
import os, re, select, signal, socket, struct, subprocess, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proxy_lab
from proxy_lab import CLIENT, OTHER, Lab, Peer, limit, run

GET = b'GET /x HTTP/1.1\r\nHost: plain.example\r\n\r\n'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
SECOND = 1.0
FILES = 20000
IDLE = {4: 8000, 6: 3000}     # a machine's time is short
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
SERVER = {4: proxy_lab.V4, 6: proxy_lab.V6}
SOURCES = {4: ['198.51.100.%d' % i for i in range(20, 30)], 6: ['2001:db8:1::%x' % i for i in range(0x20, 0x2a)]}
listeners = {}


def answered(c, s):
    c.send(GET)
    s.expect(GET)
    s.send(OK)
    c.expect(OK)


class Good:
    """a good client, from before the abuse until after it"""
    def __init__(self, lab, v):
        self.lab, self.v = lab, v
        self.kept = self.connect()
        self.took = []

    def connect(self):
        c = self.lab.client(self.v, OTHER[self.v])
        c.send(GET)
        s = Peer(listeners[self.v].accept()[0], 'server')
        s.expect(GET)
        s.send(OK)
        c.expect(OK)
        return c, s

    def ask(self, times=10):
        took = []
        for _ in range(times):
            begin = time.monotonic()
            c, s = self.connect()
            new = time.monotonic()
            answered(*self.kept)
            took += [new - begin, time.monotonic() - new]
            c.close()
            s.close()
            time.sleep(0.05)
        took.sort()
        print('  a good client waits %.0f ms, at most %.0f' % (took[len(took) // 2] * 1000, took[-1] * 1000))
        # a machine that is busy with other things is not the proxy's fault
        assert took[len(took) * 3 // 4] < SECOND and took[-1] < SECOND + proxy_lab.SLACK, took

    def end(self):
        for p in self.kept:
            p.close()


class Crowd:
    """with Crowd(what, lab, v, ...): another process does what(lab, v, ready, ...) until the end"""
    def __init__(self, what, *args):
        self.what, self.args = what, args

    def __enter__(self):
        r, w = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
                self.what(*self.args, lambda: os.write(w, b'.'))
                code = 0
            except BaseException as e:
                print('%s: %r' % (self.what.__name__, e), flush=True)
            os._exit(code)
        os.close(w)
        assert select.select([r], [], [], 60)[0] and os.read(r, 1), '%s did not get ready' % self.what.__name__
        os.close(r)
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)


def hostile(v, i, rcvbuf=0):
    s = socket.socket(FAMILY[v])
    if rcvbuf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    s.bind((SOURCES[v][i % len(SOURCES[v])], 0))
    s.settimeout(20)
    s.connect((SERVER[v], 80))
    return s


def drip(socks, data, rounds, pause):
    for _ in range(rounds):
        time.sleep(pause)
        for s in socks:
            try:
                s.send(data)
            except OSError:
                pass


def slow_heads(lab, v, ready):
    socks = [hostile(v, i) for i in range(3000)]
    drip(socks, b'GET / HTTP/1.1\r\nHost: plain.example\r\nX: ', 1, 0)
    ready()
    drip(socks, b'x', 1000, 0.2)


def slow_bodies(lab, v, ready):
    socks = [hostile(v, i) for i in range(1500)]
    drip(socks, b'POST /x HTTP/1.1\r\nHost: plain.example\r\nContent-Length: 1000000\r\n\r\n', 1, 0)
    servers = [lab.server(v) for _ in socks]
    ready()
    drip(socks, b'x', 1000, 0.2)
    del servers


def slow_readers(lab, v, ready):
    socks = [hostile(v, i, 2048) for i in range(400)]
    drip(socks, GET, 1, 0)
    servers = [lab.server(v) for _ in socks]
    for s in servers:
        s.sock.setblocking(False)
    head = b'HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n'
    drip([s.sock for s in servers], head, 1, 0)
    told = False
    while True:
        drip([s.sock for s in servers], b'z' * 65536, 1, 0.05)
        for s in socks:
            if select.select([s], [], [], 0)[0]:
                s.recv(100)
        if not told:
            ready()
        told = True


def answering(lab, v, ready):
    """a server that answers whoever asks"""
    listener = lab.servers[FAMILY[v]]
    listener.setblocking(False)
    poll, socks = select.epoll(), {}
    poll.register(listener, select.EPOLLIN)
    ready()
    while True:
        for fd, _ in poll.poll():
            if fd == listener.fileno():
                s, _ = listener.accept()
                socks[s.fileno()] = s
                poll.register(s, select.EPOLLIN)
                continue
            try:
                got = socks[fd].recv(4096)
                socks[fd].send(OK * got.count(b'GET ')) if got else None
            except OSError:
                got = b''
            if not got:
                poll.unregister(fd)
                socks.pop(fd).close()


def idle(lab, v, ready):
    """each asked something once"""
    socks = []
    for i in range(IDLE[v]):
        s = hostile(v, i)
        s.sendall(GET)
        assert s.recv(4096) == OK
        socks.append(s)
    ready()
    while True:
        time.sleep(1)


def come_and_go(lab, v, ready):
    """5000 a second, half of them with a reset; what the machine does not give is not made up for"""
    ready()
    n, begin = 0, time.monotonic()
    while time.monotonic() < begin + 4:
        while n < (time.monotonic() - begin) * 5000:
            s = socket.socket(FAMILY[v])
            s.bind((SOURCES[v][n % len(SOURCES[v])], 0))
            s.setblocking(False)
            s.connect_ex((SERVER[v], 80))
            if n % 64 >= 32:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            s.close()
            n += 1
        time.sleep(0.0005)
    print('  %.0f connections a second' % (n / (time.monotonic() - begin)), flush=True)


def hog(lab, v, ready):
    """one client with all it may have, trying for more, that asks some thousand times a second"""
    socks, poll = {}, select.epoll()
    for _ in range(limit('CLIENT_CONNECTIONS') + 200):
        try:
            s = hostile(v, 0)
            s.setblocking(False)
            s.send(GET)
        except OSError:
            continue
        socks[s.fileno()] = s
        poll.register(s, select.EPOLLIN)
    ready()
    while True:
        time.sleep(0.01)
        for fd, _ in poll.poll(maxevents=20):
            try:
                if socks[fd].recv(65536):
                    socks[fd].send(GET * 3)
                    continue
            except OSError:
                pass
            poll.unregister(fd)


def greedy(lab, v, ready):
    """all the memory there is for large buffers"""
    big = limit('HEAD_BYTES') * 7 // 8
    socks = [hostile(v, i) for i in range(limit('POOL_BYTES') // 2 // limit('HEAD_BYTES') + 100)]
    for s in socks:
        try:
            s.sendall(b'GET /' + b'x' * big)
        except OSError:
            pass
    ready()
    while True:
        time.sleep(1)


def gone(lab):
    """what was in the server's queue, too"""
    def empty():
        for s in lab.servers.values():
            while select.select([s], [], [], 0)[0]:
                s.accept()[0].close()
        return lab.pong()[3] == 0
    lab.until(empty, 60)
    accepted, files, *_ = lab.pong()
    assert files < 70 and lab.buffers()[0] == 0, (files, lab.buffers())
    for s in lab.servers.values():
        s.settimeout(proxy_lab.WAIT)


def bear(lab, v, what, least, meanwhile=lambda: None):
    """@least: connections that it comes to; @meanwhile is called when it has come to that"""
    g = Good(lab, v)
    with Crowd(what, lab, v):
        lab.until(lambda: lab.pong()[3] >= least)
        g.ask()
        meanwhile()
        print('  %d connections, %d KiB of buffers' % (lab.pong()[3], lab.buffers()[0] // 1024))
    g.ask(3)        # all of them leave at once
    g.end()
    gone(lab)


def slow_heads_are_borne(lab, v):
    bear(lab, v, slow_heads, 3000)


def slow_bodies_are_borne(lab, v):
    bear(lab, v, slow_bodies, 1500)


def slow_readers_are_borne(lab, v):
    """nor does the kernel hold much for them: it takes megabytes, until the whole machine is short of memory for TCP"""
    def little_is_held():
        text = subprocess.run(['ss', '-tmnH', 'sport = :3129'], stdout=subprocess.PIPE, text=True, check=True).stdout
        held = [int(n) for n in re.findall(r'skmem:\S*,w(\d+)', text)]
        print('  %d sockets to clients hold %d KiB, one %d at most' % (len(held), sum(held) // 1024, max(held) // 1024))
        assert len(held) >= 400 and sum(held) < 2 * len(held) * limit('UNSENT_BYTES')
    bear(lab, v, slow_readers, 400, little_is_held)


def thousands_idle(lab, v):
    before = memory(lab)
    with Crowd(answering, lab, v):
        g = Good(lab, v)
        with Crowd(idle, lab, v):
            g.ask()
            n, grown = lab.pong()[3], memory(lab) - before
            print('  %d idle connections take %d KiB' % (n, grown))
            assert n >= IDLE[v] and ('ASAN_OPTIONS' in os.environ or grown < 16384)
        g.ask(3)
        g.end()
    gone(lab)


def many_come_and_go(lab, v):
    before = lab.counter('connections')
    g = Good(lab, v)
    with Crowd(come_and_go, lab, v):
        for _ in range(3):
            g.ask(8)
        time.sleep(1)
    print('  %d of them accepted' % (lab.counter('connections') - before))
    g.end()
    gone(lab)


def one_client_hogs(lab, v):
    before = lab.counter('client_limit')
    with Crowd(answering, lab, v):
        bear(lab, v, hog, limit('CLIENT_CONNECTIONS'))
    assert lab.counter('client_limit') >= before + 100


def memory_runs_out(lab, v):
    before = lab.reached('POOL_BYTES')
    bear(lab, v, greedy, 500)
    assert lab.reached('POOL_BYTES') > before


def memory(lab):
    return int(open('/proc/%d/statm' % lab.proxy.pid).read().split()[1]) * 4


if __name__ == '__main__':
    proxy_lab.namespace()
    run('sysctl', '-qw', 'net.ipv4.ip_local_port_range=1024 65001', 'net.core.somaxconn=4096')
    for family in 4, 6:
        for address in SOURCES[family]:
            run('ip', 'addr', 'add', address + ('/32' if family == 4 else '/128'), 'dev', 'lo', *([] if family == 4 else ['nodad']))
        listener = socket.socket(FAMILY[family])
        listener.bind((OTHER[family], 80))
        listener.listen(64)
        listener.settimeout(proxy_lab.WAIT)
        listeners[family] = listener
    the_lab = Lab(level=1, max_files=FILES)
    for listener in the_lab.servers.values():
        listener.listen(4096)
    proxy_lab.main(the_lab, [slow_heads_are_borne, slow_bodies_are_borne, slow_readers_are_borne, thousands_idle, many_come_and_go,
                             one_client_hogs, memory_runs_out])
