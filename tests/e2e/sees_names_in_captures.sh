#!/bin/bash
# sees_names_in_captures.sh - dejunk see: every name that two other programs agree about is found in the shared captures, and none
# where both see none; every link type is read, IPv4 and IPv6; a damaged file, a hostile one and none at all end in a line and a
# status; and while it reads it has no privileges left.
. "$(dirname "$0")/lib.sh"
export DEJUNK WORK SHARED

# --- the file itself ---
"$DEJUNK" see 2>"$WORK/err" && fail "no file is no error"
[ $? = 2 ] || fail "no file: not status 2"
"$DEJUNK" see "$WORK/none.pcap" 2>"$WORK/err" && fail "a missing file is no error"
grep -q 'No such file' "$WORK/err" || fail "a missing file: $(cat "$WORK/err")"
echo 'no capture at all, only text' >"$WORK/text.pcap"
"$DEJUNK" see "$WORK/text.pcap" >"$WORK/out" 2>"$WORK/err"
[ $? = 2 ] && [ -s "$WORK/err" ] && [ ! -s "$WORK/out" ] || fail "text is taken for a capture"

# --- captures of our own, one of each link type, and the shared ones ---
/usr/bin/python3 - <<'END' || fail "see above"
import glob, json, os, random, struct, subprocess, sys
from scapy.all import Ether, IP, IPv6, TCP, UDP, DNS, DNSQR, Raw, fragment
DEJUNK, WORK, SHARED = os.environ['DEJUNK'], os.environ['WORK'], os.environ['SHARED']
failed = 0


def no(text):
    global failed
    failed += 1
    print('FAIL: ' + text)


def see(path, *options, status=0):
    run = subprocess.run([DEJUNK, 'see', *options, path], capture_output=True, timeout=60)
    if run.returncode != status:
        no('%s: status %d, not %d: %s' % (path, run.returncode, status, run.stderr.decode()))
    return run.stdout.decode('utf-8')


def rows(path, **more):
    found = [line.split('\t') for line in see(path, **more).splitlines()]
    for row in found:
        if len(row) != 6:
            no('%s: %d columns: %r' % (path, len(row), row))
    return found


def write(name, link, frames):
    path = '%s/%s.pcap' % (WORK, name)
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, link))
        for n, frame in enumerate(frames):
            f.write(struct.pack('<IIII', 1700000000, n, len(frame), len(frame)) + frame)
    return path


def hello(name):
    ext = struct.pack('!HHHBH', 0, len(name) + 5, len(name) + 3, 0, len(name)) + name.encode()
    body = b'\3\3' + b'r' * 32 + b'\0' + b'\0\2\x13\1' + b'\1\0' + struct.pack('!H', len(ext)) + ext
    message = b'\1' + struct.pack('!I', len(body))[1:] + body
    return b'\x16\3\1' + struct.pack('!H', len(message)) + message


# one connection to TLS in three segments, the last first; a request; a query
def flows(v6=False):
    net = IPv6(src='2001:db8::2', dst='2001:db8:1::7') if v6 else IP(src='10.1.0.2', dst='198.51.100.7')
    tls, size = hello('www.tls.example'), 40

    def segment(n):
        return net / TCP(sport=40001, dport=443, seq=(0xfffffff0 + 1 + n * size) & 0xffffffff, flags='PA') / Raw(tls[n * size:(n + 1) * size])
    parts = [segment(n) for n in range((len(tls) + size - 1) // size)]
    return [bytes(p) for p in [
        net / TCP(sport=40001, dport=443, seq=0xfffffff0, flags='S'), *reversed(parts), parts[0],
        net / TCP(sport=40002, dport=80, seq=7, flags='S'),
        net / TCP(sport=40002, dport=80, seq=8, flags='PA') / Raw(b'GET /x HTTP/1.1\r\nHost: WWW.http.example:8080\r\n\r\n'),
        net / UDP(sport=40003, dport=53) / DNS(rd=1, qd=DNSQR(qname='www.dns.example')),
    ]]


v4, v6 = flows(), flows(True)
eth, cooked = bytes(Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02'))[:12], b'\0\0\0\1\0\6' + b'\2\0\0\0\0\1\0\0'
want = [['tls', '443', 'www.tls.example', 'server name'], ['http', '80', 'www.http.example', 'Host'], ['dns', '53', 'www.dns.example', 'query']]
kinds = {
    'ethernet': (1, lambda p, t: eth + t + p),
    'vlan': (1, lambda p, t: eth + b'\x81\0\0\7' + t + p),
    'qinq': (1, lambda p, t: eth + b'\x88\xa8\0\7\x81\0\0\7' + t + p),
    'pppoe': (1, lambda p, t: eth + b'\x88\x64\x11\0\0\1' + struct.pack('!H', len(p) + 2) + (b'\0\x21' if t == b'\x08\0' else b'\0\x57') + p),
    'cooked': (113, lambda p, t: cooked + t + p),
    'cooked2': (276, lambda p, t: t + b'\0\0\0\0\0\2\0\1\0\6' + b'\2\0\0\0\0\1\0\0' + p),
    'raw': (101, lambda p, t: p),
    'null': (0, lambda p, t: (b'\2\0\0\0' if t == b'\x08\0' else b'\x1e\0\0\0') + p),
    'loop': (108, lambda p, t: (b'\0\0\0\2' if t == b'\x08\0' else b'\0\0\0\x18') + p),
    'ppp': (9, lambda p, t: b'\xff\3' + (b'\0\x21' if t == b'\x08\0' else b'\0\x57') + p),
}
for name, (link, wrap) in kinds.items():
    for packets, kind, client, server in ((v4, b'\x08\0', '10.1.0.2', '198.51.100.7'), (v6, b'\x86\xdd', '2001:db8::2', '2001:db8:1::7')):
        got = rows(write(name, link, [wrap(p, kind) for p in packets]))
        if got != [[proto, client, server, port, host, how] for proto, port, host, how in want]:
            no('%s: %r' % (name, got))

# as JSON, the same and the ports of clients
answer = json.loads(see(write('json', 101, v4), '--json'))
if [f['name'] for f in answer['flows']] != [w[2] for w in want] or answer['flows'][0]['client_port'] != 40001 or not answer['whole']:
    no('--json: %r' % answer)
# failures have their reasons: a hello that is not whole, contradicting segments, malformed ones
cut = rows(write('cut', 101, v4[:1] + v4[2:3]))
if len(cut) != 1 or cut[0][4] != '-' or 'incomplete' not in cut[0][5]:
    no('a hello whose beginning is missing: %r' % cut)
net = IP(src='10.1.0.2', dst='198.51.100.7')


def tcp(*segments):
    return [bytes(net / TCP(sport=50000, dport=443, seq=99, flags='S'))] + \
           [bytes(net / TCP(sport=50000, dport=443, seq=100 + at, flags='PA') / Raw(data)) for at, data in segments]


tls = hello('www.tls.example')
for why, segments in (('contradict', ((0, tls[:50]), (45, b'x' * 20))), ('malformed', ((0, tls[:-5] + b'a b c'),)), ('not TLS', ((0, b'SSH-2.0-x\r\n'),)),
                      ('incomplete', ((0, tls[:60]),)), ('no server name', ((0, b'\x80\x1c\1\3\1\0\3\0\0\0\x10\1\0\x80' + b'c' * 16),))):
    got = rows(write('bad', 101, tcp(*segments)))
    if len(got) != 1 or got[0][4] != '-' or why not in got[0][5]:
        no('%s: %r' % (why, got))
# what the proxy would refuse has a name all the same
got = rows(write('refused', 101, tcp((0, b'GET / HTTP/1.1\r\nHost: a.example\r\nBad Field: x\r\n\r\n'))))
if len(got) != 1 or got[0][0] != 'http' or got[0][4] != 'a.example' or 'refused: malformed field name' not in got[0][5]:
    no('a refused request: %r' % got)
# segments that the capture lost: after a while it goes on behind them
get = b'GET /%d HTTP/1.1\r\nHost: b%d.example\r\n\r\n'
got = rows(write('lost', 101, tcp((0, get % (0, 0)), *[(1000 + 100 * n, get % (n, n)) for n in range(40)])))
if [r[4] for r in got] != ['b0.example', 'b32.example']:
    no('lost segments: %r' % got)
# a malformed answer, and a question of another class, have a name all the same
bad = bytes(net / UDP(sport=53, dport=5000) / Raw(b'\0\1\x81\x80\0\1\0\1\0\0\0\0\3www\3bad\7example\0\0\1\0\1\xff\xff'))
chaos = bytes(net / UDP(sport=5000, dport=53) / Raw(b'\0\1\1\0\0\1\0\0\0\0\0\0\7version\4bind\0\0\x10\0\3'))
got = rows(write('baddns', 101, [bad, chaos]))
if [r[4] for r in got] != ['www.bad.example', 'version.bind'] or 'but malformed' not in got[0][5] or 'not a standard' not in got[1][5]:
    no('malformed DNS: %r' % got)
# DNS over TCP, two messages cut anywhere
query = b''.join(struct.pack('!H', len(q)) + q for q in (bytes(DNS(rd=1, qd=DNSQR(qname=n))) for n in ('one.example', 'two.example')))
got = rows(write('tcp53', 101, [bytes(net / TCP(sport=50000, dport=53, seq=99, flags='S'))] + [
    bytes(net / TCP(sport=50000, dport=53, seq=100 + at, flags='PA') / Raw(query[at:at + 9])) for at in range(0, len(query), 9)]))
if got != [['dns', '10.1.0.2', '198.51.100.7', '53', n, 'query'] for n in ('one.example', 'two.example')]:
    no('DNS over TCP: %r' % got)
# IP fragments, the last first; and some that are missing
pieces = []
for packet in map(IP, flows()):
    pieces += reversed([bytes(f) for f in fragment(packet, 24)])
if [r[4] for r in rows(write('fragments', 101, pieces))] != [w[2] for w in want]:
    no('fragments are not put together')
answer = json.loads(see(write('fragments', 101, pieces[:-1]), '--json'))
if len(answer['flows']) != 2 or answer['fragments'] != 1:
    no('a missing fragment: %r' % answer)
# a name that stands before what is malformed is told with it
twice = bytearray(tls[:-24] + 2 * tls[-24:])
for at, more in ((3, 24), (7, 24), (len(tls) - 26, 24)):
    twice[at:at + 2] = struct.pack('!H', struct.unpack('!H', twice[at:at + 2])[0] + more)
got = rows(write('twice', 101, tcp((0, bytes(twice)))))
if len(got) != 1 or got[0][4:] != ['www.tls.example', 'server name, but malformed: an extension comes twice']:
    no('a malformed hello with a name: %r' % got)
# STARTTLS and CONNECT: TLS behind something else
connect = b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n"
got = rows(write("connect", 101, tcp((0, connect), (len(connect), tls))))
if [r[4] for r in got] != ['other.example', 'www.tls.example']:
    no('CONNECT: %r' % got)

# a file that is cut, or has bytes changed, ends in a status, never in a crash
whole = open(write('whole', 1, [eth + b'\x08\0' + p for p in v4]), 'rb').read()
random.seed(1)
for n in range(60):
    broken = bytearray(whole[:random.randrange(24, len(whole))] if n % 2 else whole)
    for _ in range(n % 7):
        broken[random.randrange(len(broken))] = random.randrange(256)
    path = WORK + '/broken.pcap'
    open(path, 'wb').write(broken)
    run = subprocess.run([DEJUNK, 'see', path], capture_output=True, timeout=60)
    if run.returncode not in (0, 1, 2):
        no('a damaged file: status %d' % run.returncode)
open(WORK + '/broken.pcap', 'wb').write(whole[:-3])
if len(rows(WORK + '/broken.pcap', status=1)) != 2:
    no('a cut file: what came before is not told')

# the shared captures
table = SHARED + '/data/pcaps/EXPECTED.tsv'
if not os.path.exists(table):
    print('SKIP: no captures beside the repository')
    sys.exit(failed)
seen, agree, none = {}, 0, 0
for path in glob.glob(SHARED + '/data/pcaps/*.pcap*'):
    seen[os.path.basename(path)] = json.loads(see(path, '--json'))['flows']
for line in open(table, encoding='latin-1'):
    if line.startswith('#'):
        continue
    file, proto, client, client_port, server, port, host, _, frame, check = line.rstrip('\n').split('\t')[:10]
    flow = {'proto': proto.split('-')[0], 'client': client, 'client_port': int(client_port), 'server': server, 'port': int(port)}
    mine = [r for r in seen[file] if flow.items() <= r.items()]
    if check == 'agree':
        if proto == 'http' and ':' in host:
            host = host.rsplit(':', 1)[0]
        agree += 1
        if host.lower() not in [r['name'] for r in mine]:
            no('%s, frame %s: %s is not seen: %r' % (file, frame, host, mine))
    elif check == 'both-none':
        none += 1
        if not mine or [r for r in mine if r['name']]:
            no('%s, frame %s: %s' % (file, frame, 'a name where there is none: %r' % mine if mine else 'nothing is told'))
print('%d names found, %d without' % (agree, none))
sys.exit(failed != 0)
END

# --- no privileges while it reads ---
mkfifo "$WORK/fifo"
"$DEJUNK" see - <"$WORK/fifo" >/dev/null 2>&1 &
pid=$!
exec 7>"$WORK/fifo"
field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }
until_true 10 eval '[ "$(field Seccomp)" = 2 ]' || fail "see has no seccomp filter"
[ "$(field NoNewPrivs)" = 1 ] || fail "see may gain privileges"
[ "$(field CapEff):$(field CapPrm):$(field CapBnd)" = 0000000000000000:0000000000000000:0000000000000000 ] || fail "see has capabilities"
uid=$(id -u dejunk 2>/dev/null || echo 63129)
[ "$(field Uid | tr '\t' ' ')" = "$uid $uid $uid $uid" ] || fail "see runs as user $(field Uid)"
exec 7>&-
wait $pid
[ $? = 2 ] || fail "an empty file is a capture"
say "ok"
