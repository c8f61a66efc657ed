#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_smuggling - what the origin reads is what dejunk read, whoever the origin is, or the message was refused

Each ambiguous message of smuggling.py goes to a proxy process with a good request behind it, and the client says that this is
all.  The server answers what it takes for requests and keeps the bytes.  Then each of many readers, from the grammar to servers
of every known fault, reads these bytes: it finds the very requests that dejunk counted, in order, with the same target and
host, or it refuses at some point and has found those before it; it never waits for bytes that were all there, and never finds
the URL that a rule blocks.  The client has got one answer of the server for each of them, and otherwise dejunk's own.

Each ambiguous answer is followed by one that dejunk makes, to a request that a rule blocks.  Where dejunk sees no clear end of the
first there is no second (502, or the end of the connection); else every client finds both, or refuses, and never another between.

SMUGGLING_SEED and SMUGGLING_COUNT: of the random part; SMUGGLING_ONLY: only shapes whose name has this in it.
Topology and helpers: proxy_lab.py.
"""
import collections, os, random, re, select, socket, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proxy_lab
from proxy_lab import Lab
from smuggling import (CLEAN, CLIENTS, MARKER, READERS, REFUSES, SMUGGLED, WAITS, Reader, answers, random_answer, random_reader, random_request,
                       requests)

RULES = '''
rules:
  - block: requests
    url: "*/smuggled*"
'''
SEED = int(os.environ.get('SMUGGLING_SEED', 1))
COUNT = int(os.environ.get('SMUGGLING_COUNT', 1500))
ONLY = os.environ.get('SMUGGLING_ONLY', '')
# as dejunk reads: the grammar, and a head whose line ends are all bare LF (RFC 9112 s.2.2)
LINES = Reader('RFC 9112 with bare LF', eol='lf', ext='crlf')


def receive(sock):
    """bytes, or None: the end, orderly or not"""
    try:
        return sock.recv(262144) or None
    except ConnectionError:
        return None


def own(n):
    return b'HTTP/1.1 200 OK\r\nX-N: %d\r\nContent-Length: 0\r\n\r\n' % n


class Talk:
    """one message, and all that came of it"""
    def __init__(self, lab, v, data, reply, ends=False):
        """@reply: of the bytes so far, what the server says to them in all; @ends: and then that this was all"""
        self.ends = ends
        self.listener = lab.servers[socket.AF_INET6 if v == 6 else socket.AF_INET]
        before = [lab.counter(n) for n in ('requests', 'blocked', 'tunnels')]
        for patience in 0.05, 1, 5:         # seconds until a client to whom nothing happens says that this was all
            self.up, self.down, self.said = b'', b'', b''
            self.talk(lab, v, data, reply, patience)
            now = [lab.counter(n) for n in ('requests', 'blocked', 'tunnels')]
            count, blocked, self.tunnel = (b - a for a, b in zip(before, now))
            self.counted = count - blocked
            if self.up or self.down or self.counted + self.tunnel == 0:
                break
            before = now        # the end came before the server was dialled

    def talk(self, lab, v, data, reply, patience):
        c, s, shut, over = lab.client(v), None, False, False
        c.send(data)
        end = time.monotonic() + proxy_lab.WAIT
        while not over:
            left = end - time.monotonic()
            assert left > 0, 'it never ended: the server got %r, the client %r' % (self.up, self.down)
            ready = select.select([c.sock, s.sock if s else self.listener], [], [], left if shut else patience)[0]
            if self.listener in ready:
                s = lab.server(v)
            elif not ready and not shut:
                c.shut()
                shut = True
            if c.sock in ready:
                got = receive(c.sock)
                over = got is None
                self.down += got or b''
            if s and s.sock in ready:
                if not self.serve(s, reply):
                    break
                if self.up.endswith(MARKER):
                    patience = 0.002
        while s and s.sock.fileno() >= 0 and self.serve(s, reply):
            pass
        while not over:
            got = receive(c.sock)
            over = got is None
            self.down += got or b''
        c.close()

    def serve(self, s, reply):
        """the server reads, and answers; false: the end, and it closed"""
        got = receive(s.sock)
        self.up += got or b''
        said = reply(self.up)
        try:
            s.send(said[len(self.said):])
            if said and self.ends:
                s.shut()
        except OSError:
            pass
        self.said = said
        if got is None:
            s.close()
        return got is not None


def agree(reader, data, wanted, begun, complete):
    """does this reader find the requests that it should, or refuse?  @begun: another whose body did not come whole, which it may
    see and then refuse what is no request to it.  What is wrong, or None"""
    got, end = reader.read(data)
    if any(b'/smuggled' in m[1] for m in got):
        return 'reads a request that is blocked: %r' % got
    if got == wanted and end != REFUSES:
        return None if (end == CLEAN or not complete) else 'waits for more behind %r' % got
    if end == REFUSES and got == (wanted + [begun])[:len(got)]:
        return None
    return 'reads %r (%s), not %r' % (got, end, wanted)


def server_says(up):
    """an answer for each request in @up, as dejunk reads it"""
    return b''.join(own(i) for i in range(len(LINES.read(up)[0])))


def judge(lab, v, data, readers, met):
    """one request of the table, and a good one behind it; what is wrong, or None.  @met: counts what became of them"""
    t = Talk(lab, v, data + MARKER, server_says)
    wanted, end = LINES.read(t.up)
    begun = LINES.begun
    met['tunnels' if t.tunnel else 'refused' if b' 400 ' in t.down else 'passed' if wanted else 'without an end'] += 1
    if t.tunnel:                # never was HTTP: nobody may take it for that
        if t.up != data + MARKER:
            return 'a tunnel that changes what passes: %r' % t.up
        wanted, begun = [], None
    # one whose body broke or did not come may be counted, but nobody finds it
    elif len(wanted) != t.counted and (len(wanted) != t.counted - 1 or (end == CLEAN and b' 400 ' not in t.down)) or end == REFUSES:
        return 'dejunk counts %d requests, the server reads %r (%s)' % (t.counted, wanted, end)
    for r in readers:
        wrong = agree(r, t.up, wanted, begun, end == CLEAN)
        if wrong:
            return 'the server "%s" %s\nin %r' % (r.label, wrong, t.up)
    # dejunk's own answers have no X-N
    numbers = re.findall(rb'X-N: (\d+)', t.down)
    if not t.tunnel and numbers != [b'%d' % i for i in range(len(wanted))]:
        return '%d requests, answers %r:\n%r' % (len(wanted), numbers, t.down)
    if not t.tunnel and t.counted == 0 and not re.match(rb'HTTP/1.1 (4|200|204)', t.down) and t.down:
        return 'no request, and an answer: %r' % t.down
    return None


def judge_answer(lab, v, data, readers, met):
    """one answer of the table, and behind it dejunk's own to a request that is blocked; what is wrong, or None"""
    first = b'GET /first HTTP/1.1\r\nHost: h\r\n\r\n'
    t = Talk(lab, v, first + SMUGGLED, lambda up: data if first in up else b'', True)
    if t.up != first:
        return 'the server got %r' % t.up
    own = t.down.count(b'no-store')
    met['refused' if b' 502 ' in t.down else 'passed' if own else 'cut'] += 1
    if b' 502 ' in t.down or not own:
        return None             # to the end of the connection all is of one server, for one client
    for r in readers:
        got, end = r.read(t.down, [b'GET', b'GET'])
        numbers = [number for _, number in got]
        if len(got) > 1 and numbers[1] or len(got) == 1 and end == CLEAN or end == WAITS:
            return 'the client "%s" reads %r (%s)\nin %r' % (r.label, got, end, t.down)
    return None


def run_table(lab, v, table, readers, judged=judge):
    """@readers(): those who read what came of the next"""
    met, faults = collections.Counter(), []
    for name, data in table:
        if ONLY not in name:
            continue
        wrong = judged(lab, v, data, readers(), met)
        if wrong:
            faults.append(name)
            print('%s: %r\n  %s' % (name, data[:700], wrong))
            assert len(faults) < 5, 'and so on'
    print('IPv%d: seed %d, %d shapes: %s' % (v, SEED, sum(met.values()), ', '.join('%d %s' % (n, k) for k, n in sorted(met.items()))))
    assert not faults, faults
    assert ONLY or min(met['refused'], met['passed']) > 20, 'not much of a test'


def every_request(lab, v):
    run_table(lab, v, requests(), lambda: READERS)


def random_requests(lab, v):
    rng = random.Random('%d %d' % (SEED, v))
    run_table(lab, v, (('random %d' % i, random_request(rng)) for i in range(COUNT)),
              lambda: READERS + [random_reader(rng) for _ in range(6)])


def every_answer(lab, v):
    run_table(lab, v, answers(), lambda: CLIENTS, judge_answer)


def random_answers(lab, v):
    rng = random.Random('%d %d answers' % (SEED, v))
    run_table(lab, v, (('random answer %d' % i, random_answer(rng)) for i in range(COUNT // 3)), lambda: CLIENTS, judge_answer)


if __name__ == '__main__':
    proxy_lab.namespace()
    print('seed %d' % SEED)
    proxy_lab.main(Lab(RULES), [every_request, random_requests, every_answer, random_answers])
