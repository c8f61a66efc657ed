# SPDX-License-Identifier: GPL-3.0-or-later
"""proxy_lab - one proxy process, with this program as its monitor, its clients and its servers

     client (any address, uid 0) --connect 198.51.100.1:80--> output hook: redirect to :3129
     dejunk child proxy (uid 63129, not redirected) ---------> 198.51.100.1:80, a socket of this program

All in one network namespace of the test's own.  Both ends are scripted in one thread, in order, so
that a test reads like a conversation: client sends, server must see, server sends, client must see.
"""
import array, os, queue, re, resource, select, socket, struct, subprocess, sys, tempfile, threading, time, traceback

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEJUNK = os.environ.get('DEJUNK', os.path.join(REPO, 'build', 'dejunk'))
UID = 63129
V4, V6 = '198.51.100.1', '2001:db8:1::1'
CLIENT = {4: '198.51.100.9', 6: '2001:db8:1::9'}    # not the proxy's: conntrack takes a port used again for the old flow
REFUSED = {4: '198.51.100.2', 6: '2001:db8:1::2'}
SILENT = {4: '198.51.100.3', 6: '2001:db8:1::3'}
OTHER = {4: '198.51.100.4', 6: '2001:db8:1::4'}      # redirected, too; nobody listens unless the test does
WAIT = 20           # seconds until a step of a conversation counts as failed; no answer depends on it
SLACK = 3           # seconds a busy machine may be late, where something is to happen at a certain time


def message_numbers():
    """enum message of messages.h"""
    numbers, n = {}, 0
    text = open(os.path.join(REPO, 'daemon', 'messages.h')).read()
    body = re.search(r'enum message \{(.*?)\n\};', text, re.S).group(1)
    for name, _, value in re.findall(r'^\s*(MSG_\w+)( = (\d+))?,', body, re.M):
        n = int(value) if value else n + 1
        numbers[name] = n
    return numbers


MSG = message_numbers()
COUNTERS = re.findall(r'^COUNTER\(\w+,\s*"(\w+)"', open(os.path.join(REPO, 'daemon/tbl/counter.h')).read(), re.M)
COUNTERS += ['quic_' + name for name in       # the last rows of that table are those of another
             re.findall(r'^QUIC_REASON\(\w+,\s*"(\w+)"', open(os.path.join(REPO, 'daemon/tbl/quic_reason.h')).read(), re.M)]


SHORT = os.path.join(REPO, 'build', 'short')    # the daemon with small limits, and their table


def limits():
    table = os.path.join(SHORT, 'limit_short.h') if DEJUNK.startswith(SHORT) else os.path.join(REPO, 'daemon/tbl/limit.h')
    return {m[1]: int(m[2]) for m in re.finditer(r'^LIMIT\((\w+),\s*(\d+)', open(table).read(), re.M)}


def limit(name):
    return limits()[name]


def send_message(sock, kind, body=b'', fd=None, seq=0):
    anc = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))]
    sock.sendmsg([struct.pack('=HHI', MSG[kind], 0, seq) + body], anc)


def recv_message(sock):
    data, anc, _, _ = sock.recvmsg(65536, socket.CMSG_SPACE(16))
    if not data:
        return None
    kind, _, seq = struct.unpack('=HHI', data[:8])
    fd = None
    for level, what, cdata in anc:
        if level == socket.SOL_SOCKET and what == socket.SCM_RIGHTS:
            fd = array.array('i', cdata[:4])[0]
    name = next((n for n, v in MSG.items() if v == kind), str(kind))
    return name, seq, data[8:], fd


def spawn(role, log):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for s in ours, theirs:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)

    def before():
        fd = os.dup(theirs.fileno())
        os.dup2(fd, 3)
        os.set_inheritable(3, True)
    p = subprocess.Popen(['dejunk: ' + role, 'child', role], executable=DEJUNK, preexec_fn=before, close_fds=True,
                         pass_fds=(3,), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    theirs.close()
    return p, ours


def build_rules(text, generation, log):
    """compile rules.yaml in a compile child; returns the descriptor of the image"""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'rules.yaml')
        open(path, 'w').write(text)
        p, sock = spawn('compile', log)
        send_message(sock, 'MSG_SETTINGS', struct.pack('=12I', 0, UID, UID, 2, 256, 0, 0, 0, 0, 0, 1, 1))
        send_message(sock, 'MSG_RULES', struct.pack('=Q', generation) + path.encode())
        while True:
            m = recv_message(sock)
            if m is None:
                raise AssertionError('the compile child ended without an answer')
            name, seq, body, fd = m
            if name == 'MSG_OPEN':
                with open(body.decode(), 'rb') as f:
                    send_message(sock, 'MSG_OPENED', b'', f.fileno(), seq)
            elif name == 'MSG_BUILT':
                sock.close()        # or it would wait for a file to keep the image in
                p.wait(WAIT)
                return fd
            else:
                raise AssertionError('rules: ' + body.decode(errors='replace'))


def run(*args):
    subprocess.run(args, check=True)


class Peer:
    """one end of a conversation"""
    def __init__(self, sock, name):
        self.sock, self.name, self.held = sock, name, b''
        sock.settimeout(WAIT)

    def send(self, *data):
        self.sock.sendall(b''.join(data))

    def fill(self):
        data = self.sock.recv(262144)
        self.held += data
        return data

    def read(self, n):
        while len(self.held) < n:
            if not self.fill():
                raise AssertionError('%s: end after %d of %d bytes: %r' % (self.name, len(self.held), n, self.held[:300]))
        data, self.held = self.held[:n], self.held[n:]
        return data

    def head(self):
        while b'\r\n\r\n' not in self.held:
            if not self.fill():
                raise AssertionError('%s: end within a head: %r' % (self.name, self.held[:300]))
        return self.read(self.held.index(b'\r\n\r\n') + 4)

    def expect(self, data):
        """exactly these bytes come next"""
        got = self.read(len(data))
        assert got == data, '%s: got %r\nwanted %r' % (self.name, got[:600], data[:600])

    def answer(self):
        """a response with Content-Length: (status, head, body)"""
        head = self.head()
        n = re.search(rb'(?i)\r\ncontent-length: *(\d+)', head)
        return int(head.split()[1]), head, self.read(int(n.group(1)) if n else 0)

    def rest(self):
        """all until the end"""
        while self.fill():
            pass
        data, self.held = self.held, b''
        return data

    def expect_end(self):
        got = self.rest()
        assert got == b'', '%s: more came: %r' % (self.name, got[:300])

    def expect_reset(self):
        try:
            got = self.rest()
        except ConnectionResetError:
            return
        raise AssertionError('%s: a clean end (%r), not a reset' % (self.name, got[:100]))

    def silent(self, seconds=0.15):
        assert not self.held and not select.select([self.sock], [], [], seconds)[0], \
            '%s: got something: %r' % (self.name, self.held or self.sock.recv(300))

    def shut(self):
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()


class Lab:
    def __init__(self, rules='rules: []\n', level=3, forward_open=1, max_files=4096):
        self.log = tempfile.TemporaryFile('w+')
        self.rules_text, self.level, self.max_files = rules, level, max_files
        self.messages = queue.Queue()
        self.forward_open, self.epoch, self.forward = forward_open, 1, None
        self.servers = {}
        for family, ip in ((socket.AF_INET, V4), (socket.AF_INET6, V6)):
            s = socket.socket(family, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((ip, 80))
            s.listen(256)
            s.settimeout(WAIT)
            self.servers[family] = s
        self.start()

    def start(self):
        s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind(('::', 3129))
        s.listen(4096)             # as the monitor's
        s.setblocking(False)
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(('127.0.0.1', 1100))
        probe.listen(16)
        probe.setblocking(False)
        self.page = os.memfd_create('counters')
        os.ftruncate(self.page, 8 * (len(COUNTERS) + len(limits())))
        self.proxy, self.ipc = spawn('proxy', self.log)
        send_message(self.ipc, 'MSG_COUNTERS', struct.pack('=IIi', 4, 0, self.proxy.pid), self.page)
        send_message(self.ipc, 'MSG_LISTEN', b'', s.fileno())
        send_message(self.ipc, 'MSG_PROBE', b'', probe.fileno())
        self.settings()
        self.generation = 0
        s.close()
        probe.close()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.rules(self.rules_text)

    def settings(self):
        send_message(self.ipc, 'MSG_SETTINGS', struct.pack('=12I', 0, UID, UID, self.level, self.max_files, 0, 0, 0, 0, 0,
                                                           self.forward_open, self.epoch))

    def rules(self, text):
        self.generation += 1
        fd = build_rules(text, self.generation, self.log)
        send_message(self.ipc, 'MSG_RULES', struct.pack('=Q', self.generation), fd)
        os.close(fd)
        self.message('MSG_READY')

    def read(self):
        while True:
            try:
                m = recv_message(self.ipc)
            except OSError:
                return
            if m is None:
                return
            if m[0] == 'MSG_FORWARD_ASK' and self.forward is not None:
                send_message(self.ipc, 'MSG_FORWARD', struct.pack('=II', self.epoch, self.forward), None, m[1])
            if m[0] != 'MSG_PONG' or m[1] != 0:         # unasked: it is short of something
                self.messages.put(m)

    def message(self, name):
        """the next message of this name"""
        while True:
            try:
                m = self.messages.get(timeout=WAIT)
            except queue.Empty:
                raise AssertionError('no %s came' % name) from None
            if m[0] == name:
                return m

    def counter(self, name):
        return struct.unpack('=Q', os.pread(self.page, 8, 8 * COUNTERS.index(name)))[0]

    def reached(self, name):
        """how often this limit was reached"""
        return struct.unpack('=Q', os.pread(self.page, 8, 8 * (len(COUNTERS) + list(limits()).index(name))))[0]

    def said(self, text):
        """how many lines of the log have this in them"""
        return sum(text in line for line in os.pread(self.log.fileno(), 1 << 24, 0).decode(errors='replace').splitlines())

    def until(self, what, seconds=WAIT):
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, 'it never happened'
            time.sleep(0.01)

    def pong(self):
        send_message(self.ipc, 'MSG_PING', b'', None, 7)
        return struct.unpack('=Q4I', self.message('MSG_PONG')[2][:24])

    def buffers(self):
        """bytes of buffers in use, and their limit"""
        send_message(self.ipc, 'MSG_PING', b'', None, 7)
        return struct.unpack('=2I', self.message('MSG_PONG')[2][24:32])

    def client(self, v, to=None, port=80, ip=None, rcvbuf=None):
        s = socket.socket(socket.AF_INET6 if v == 6 else socket.AF_INET)
        if rcvbuf:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        s.settimeout(WAIT)
        if port == 80:
            s.bind((ip or CLIENT[v], 0))
        s.connect((to or (V6 if v == 6 else V4), port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Peer(s, 'client')

    def server(self, v):
        try:
            s, _ = self.servers[socket.AF_INET6 if v == 6 else socket.AF_INET].accept()
        except socket.timeout:
            raise AssertionError('nobody dialled the server') from None
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Peer(s, 'server')

    def asked(self, v, request):
        """a client that sent a request, and the server that got it as it is"""
        c = self.client(v)
        c.send(request)
        s = self.server(v)
        s.expect(request)
        return c, s

    def undialled(self, v, seconds=0.1):
        s = self.servers[socket.AF_INET6 if v == 6 else socket.AF_INET]
        assert not select.select([s], [], [], seconds)[0], 'the server was dialled'

    def alive(self):
        return self.proxy.poll() is None

    def print_log(self):
        self.log.seek(0)
        lines = self.log.read().splitlines()
        for line in lines[-80:]:
            print('    ' + line)

    def end(self):
        self.ipc.shutdown(socket.SHUT_RDWR)
        try:
            self.proxy.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.proxy.kill()
            raise AssertionError('the proxy did not end with its monitor') from None
        assert self.proxy.returncode == 0, 'the proxy ended with %d' % self.proxy.returncode
        for s in self.servers.values():
            s.close()


def namespace():
    """run the rest of this program as root in a network namespace of its own"""
    if os.geteuid() != 0:
        print('SKIP needs root')
        sys.exit(77)
    if not os.path.exists(DEJUNK):
        print('SKIP no %s' % DEJUNK)
        sys.exit(77)
    if 'PROXY_LAB' not in os.environ:
        os.environ['PROXY_LAB'] = '1'
        os.execvp('unshare', ['unshare', '-n', '--', sys.executable] + sys.argv)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    run('ip', 'link', 'set', 'lo', 'up')
    for ip in [V4, CLIENT[4], REFUSED[4], SILENT[4], OTHER[4]]:
        run('ip', 'addr', 'add', ip + '/32', 'dev', 'lo')
    for ip in [V6, CLIENT[6], REFUSED[6], SILENT[6], OTHER[6]]:
        run('ip', 'addr', 'add', ip + '/128', 'dev', 'lo', 'nodad')
    rules = '''
    table inet lab {
        chain out { type nat hook output priority -105; policy accept;
            meta skuid %d return
            ip daddr { %s, %s, %s, %s } tcp dport 80 redirect to :3129
            ip6 daddr { %s, %s, %s, %s } tcp dport 80 redirect to :3129
        }
        chain silent { type filter hook input priority 0; policy accept;
            ip daddr %s tcp dport 80 drop
            ip6 daddr %s tcp dport 80 drop
        }
    }''' % (UID, V4, REFUSED[4], SILENT[4], OTHER[4], V6, REFUSED[6], SILENT[6], OTHER[6], SILENT[4], SILENT[6])
    p = subprocess.run(['nft', '-f', '-'], input=rules, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if p.returncode:
        print('SKIP no nftables here: ' + p.stdout.strip().splitlines()[0])
        sys.exit(77)


def main(lab, tests, families=(4, 6)):
    """run each test for each family; exits"""
    failed = 0
    only = sys.argv[1:]
    for test in tests:
        if only and not any(o in test.__name__ for o in only):
            continue
        for v in families:
            begin = time.monotonic()
            try:
                test(lab, v)
                assert lab.alive(), 'the proxy is dead: status %s' % lab.proxy.poll()
                print('ok %s (IPv%d, %.1f s)' % (test.__name__, v, time.monotonic() - begin))
            except (AssertionError, OSError):
                failed += 1
                traceback.print_exc(file=sys.stdout)
                lab.print_log()
                print('FAILED %s (IPv%d)' % (test.__name__, v))
                if not lab.alive():
                    sys.exit(1)
            sys.stdout.flush()
    if lab.alive():
        lab.end()
    sys.exit(1 if failed else 0)
