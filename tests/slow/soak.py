# SPDX-License-Identifier: GPL-3.0-or-later
"""soak.py server | load SECONDS - both ends of soak.sh: traffic without a pause, and what goes wrong with it on purpose

The request says what the server shall do, so each client knows what it must get:
  /body/N/HOW     N bytes, with a length, in chunks, or until the close
  /reset/N, /cut/N    announces more than N bytes, and resets or closes after N
  /ads/, /banner.png  are blocked by URL, and by size
Clients abort at random, too.  What was not done on purpose is an error, and printed.  Ends with a line of counts.
"""
import collections, os, random, re, signal, socket, struct, sys, threading, time

SERVERS = '203.0.113.2', '2001:db8:2::2'
PROCESSES, THREADS = 2, 6
PATTERN = bytes(range(256)) * 1024
BANNER = (b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' + struct.pack('>II', 468, 60) + b'\x08\x06\0\0\0').ljust(4000, b'p')


def body(n):
    return (PATTERN * (n // len(PATTERN) + 1))[:n]


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()


class Stream:
    def __init__(self, s):
        self.s, self.held = s, b''

    def more(self):
        got = self.s.recv(262144)
        self.held += got
        return bool(got)

    def head(self):
        while b'\r\n\r\n' not in self.held:
            if not self.more():
                return None
        head, _, self.held = self.held.partition(b'\r\n\r\n')
        return head

    def read(self, n):
        parts, have = [self.held], len(self.held)
        while have < n:
            got = self.s.recv(262144)
            if not got:
                raise EOFError('%d of %d bytes' % (have, n))
            parts.append(got)
            have += len(got)
        data = b''.join(parts)
        self.held = data[n:]
        return data[:n]

    def line(self):
        while b'\r\n' not in self.held:
            if not self.more():
                raise EOFError('in a line')
        line, _, self.held = self.held.partition(b'\r\n')
        return line


# --- the server ---------------------------------------------------------------

def serve(s):
    stream = Stream(s)
    try:
        while True:
            head = stream.head()
            if head is None:
                return s.close()
            method, path = head.split(b' ')[:2]
            length = re.search(rb'(?i)\r\ncontent-length: (\d+)', head)
            if length:
                stream.read(int(length.group(1)))
            what = path.split(b'/')
            if what[1] == b'body':
                n, how = int(what[2]), what[3]
                if how == b'length':
                    s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nSet-Cookie: junk=1\r\n\r\n' % n + body(n))
                elif how == b'chunks':
                    s.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
                    data = body(n)
                    for at in range(0, n, 30000):
                        part = data[at:at + 30000]
                        s.sendall(b'%x\r\n%s\r\n' % (len(part), part))
                    s.sendall(b'0\r\n\r\n')
                else:
                    s.sendall(b'HTTP/1.1 200 OK\r\n\r\n' + body(n))
                    return s.close()
            elif what[1] in (b'reset', b'cut'):
                n = int(what[2])
                s.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % (n + 1000) + body(n))
                return reset(s) if what[1] == b'reset' else s.close()
            else:
                s.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n' % len(BANNER) + BANNER)
    except (OSError, EOFError):
        s.close()


def server():
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(('::', 80))
    listener.listen(1024)
    for _ in range(PROCESSES - 1):
        if os.fork() == 0:
            break
    while True:
        s, _ = listener.accept()
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(s,), daemon=True).start()


# --- the clients --------------------------------------------------------------

class Wrong(Exception):
    pass


class Client:
    def __init__(self, rng, count):
        self.rng, self.count = rng, count

    def connect(self):
        self.s = socket.create_connection((self.rng.choice(SERVERS), 80), 30)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = Stream(self.s)

    def want(self, good, what):
        if not good:
            raise Wrong(what)

    def size(self):
        return self.rng.choice((0, 10, 500, 3000, 20000, 20000, 100000, 400000))

    def answer(self):
        head = self.stream.head()
        self.want(head is not None, 'the end in place of an answer')
        status = int(head.split(b' ')[1])
        length = re.search(rb'(?i)\r\ncontent-length: (\d+)', head)
        if length:
            return status, head, self.stream.read(int(length.group(1)))
        if b'chunked' in head:
            parts = []
            while True:
                n = int(self.stream.line(), 16)
                part = self.stream.read(n + 2)
                if n == 0:
                    return status, head, b''.join(parts)
                parts.append(part[:-2])
        while self.stream.more():
            pass
        return status, head, self.stream.held

    def request(self, path, post=b'', more=b''):
        return b'%s %s HTTP/1.1\r\nHost: www.soak.example\r\nAccept: text/html\r\nCookie: a=b; junk=1\r\n%s%s\r\n%s' % (
            b'POST' if post else b'GET', path, more, b'Content-Length: %d\r\n' % len(post) if post else b'', post)

    def several(self):
        """good ones, some of them pipelined"""
        wanted, data = [], b''
        for _ in range(self.rng.choice((1, 1, 1, 3))):
            what = self.rng.randrange(12)
            if what == 0:
                wanted.append(None)
                data += self.request(b'/ads/%d' % self.rng.randrange(99))
            elif what == 1:
                wanted.append(BANNER)
                data += self.request(b'/banner.png')
            else:
                n = self.size()
                wanted.append(n)
                data += self.request(b'/body/%d/%s' % (n, self.rng.choice((b'length', b'chunks'))), body(self.size()) if what < 4 else b'')
        sender = threading.Thread(target=self.send, args=(data,)) if len(data) > 50000 else None
        sender.start() if sender else self.s.sendall(data)
        for n in wanted:
            status, head, got = self.answer()
            if n is None:
                self.want(status == 403, 'not blocked: %r' % head)
            elif n is BANNER:
                self.want(status == 200 and got[16:24] == BANNER[16:24] and got != BANNER, 'the banner came: %r' % head)
            else:
                self.want(status == 200 and got == body(n), '%d bytes are %d, or others: %r' % (n, len(got), head))
                self.want(b'junk' not in head, 'a cookie came: %r' % head)
            self.count['good'] += 1
        if sender:
            sender.join()

    def send(self, data):
        try:
            self.s.sendall(data)
        except OSError:
            pass

    def one_connection(self):
        self.connect()
        what = self.rng.randrange(10)
        for _ in range(self.rng.choice((1, 2, 10, 40))):
            self.several()
        if what == 0:
            self.s.sendall(self.request(b'/body/%d/close' % self.size(), more=b'Connection: close\r\n'))
            status, _, got = self.answer()
            self.want(status == 200 and got == body(len(got)), 'until the close: %d' % status)
        elif what == 1:
            self.broken()
        elif what in (2, 3):            # the client aborts
            self.count['aborts'] += 1
            self.s.sendall(self.request(b'/body/400000/length', body(self.size()))[:self.rng.randrange(1, 3000)])
            if self.rng.random() < 0.5:
                time.sleep(self.rng.random() / 50)
            return reset(self.s) if what == 2 else self.s.close()
        self.s.close()

    def broken(self):
        """the server breaks off: what came is right, and it does not look whole"""
        n = self.size()
        self.count['resets'] += 1
        self.s.sendall(self.request(b'/%s/%d' % (self.rng.choice((b'reset', b'cut')), n)))
        try:
            status, _, got = self.answer()
            # a reset may overtake all that was sent: then there is no answer to come
            self.want(status == 502, 'a broken answer looks whole: %d, %d bytes' % (status, len(got)))
        except (ConnectionError, EOFError):
            pass
        except Wrong as e:
            self.want('in place' in str(e), str(e))

    def run(self, end):
        while time.monotonic() < end:
            try:
                self.one_connection()
            except (OSError, EOFError, Wrong, ValueError) as e:
                self.count['errors'] += 1
                print('%s error: %s %s' % (time.strftime('%T'), type(e).__name__, str(e)[:300]), flush=True)
                self.s.close()
                time.sleep(0.1)


def load(seconds):
    end = time.monotonic() + seconds
    for _ in range(PROCESSES - 1):
        if os.fork() == 0:
            break
    count = collections.Counter()
    threads = [threading.Thread(target=Client(random.Random(), count).run, args=(end,)) for _ in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print('counts ' + ' '.join('%s %d' % (k, count[k]) for k in ('good', 'aborts', 'resets', 'errors')), flush=True)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break


if __name__ == '__main__':
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    server() if sys.argv[1] == 'server' else load(float(sys.argv[2]))
