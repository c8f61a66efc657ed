# SPDX-License-Identifier: GPL-3.0-or-later
"""tls_pieces FAMILY ADDRESS NAME WAY - a client that cuts its ClientHello, of some 1,900 bytes as one with post-quantum
keys, into packets of its own making, and says what came back: "served MS" (a ServerHello), "reset MS" or "nothing"

Run in a network namespace whose kernel sends no RST. WAY is one of WAYS below.
"""
import os, random, select, socket, ssl, struct, sys, time

FAMILY, DST, NAME, WAY = sys.argv[1:5]
V6 = FAMILY == '6'
AF = socket.AF_INET6 if V6 else socket.AF_INET
FIN, SYN, RST, ACK, PSH = 1, 2, 4, 16, 8


def hello(name):
    """a real ClientHello, filled up"""
    out = ssl.MemoryBIO()
    context = ssl.create_default_context()
    tls = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    body = bytearray(out.read()[9:])                # behind the headers of record and handshake
    at = 2 + 32
    at += 1 + body[at]                              # session
    at += 2 + int.from_bytes(body[at:at + 2], 'big')    # cipher suites
    at += 1 + body[at]                              # compression
    extensions = bytes(body[at + 2:])
    head = bytes(body[:at])
    # the filling (a type that nobody knows, RFC 8701) first, so that the name is in the last packet
    extensions = struct.pack('!HH', 0x7a7a, 1400) + bytes(1400) + extensions
    message = head + struct.pack('!H', len(extensions)) + extensions
    message = b'\1' + len(message).to_bytes(3, 'big') + message
    return message


def record(message, each=16384):
    return b''.join(b'\x16\3\1' + struct.pack('!H', len(message[i:i + each])) + message[i:i + each]
                    for i in range(0, len(message), each))


def checksum(data):
    data += b'\0' * (len(data) % 2)
    s = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


class Tcp:
    """one connection, its packets made by hand"""

    def __init__(self):
        probe = socket.socket(AF, socket.SOCK_DGRAM)
        probe.connect((DST, 443))
        self.src = probe.getsockname()[0]
        probe.close()
        self.holder = socket.socket(AF, socket.SOCK_STREAM)     # so that nobody else takes the port
        self.holder.bind((self.src, 0))
        self.port = self.holder.getsockname()[1]
        self.raw = socket.socket(AF, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.back = socket.socket(AF, socket.SOCK_RAW, socket.IPPROTO_TCP)
        self.seq, self.ack = random.getrandbits(32), 0
        self.pack = lambda a: socket.inet_pton(AF, a)

    def packet(self, flags, at=0, data=b''):
        tcp = struct.pack('!HHIIBBHHH', self.port, 443, (self.seq + at) & 0xffffffff, self.ack, 5 << 4, flags, 64000, 0, 0) + data
        pseudo = self.pack(self.src) + self.pack(DST) + struct.pack('!II' if V6 else '!HH', *((len(tcp), 6) if V6 else (6, len(tcp))))
        return tcp[:16] + struct.pack('!H', checksum(pseudo + tcp)) + tcp[18:]

    def put(self, tcp):
        self.raw_ip(tcp, 6)

    def raw_ip(self, payload, proto, offset=0, more=False, ident=0):
        if V6:
            head = struct.pack('!IHBB', 6 << 28, len(payload), proto, 64) + self.pack(self.src) + self.pack(DST)
        else:
            head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(payload), ident, more << 13 | offset >> 3, 64, proto, 0)
            head += self.pack(self.src) + self.pack(DST)
            head = head[:10] + struct.pack('!H', checksum(head)) + head[12:]
        self.raw.sendto(head + payload, (DST, 0))

    def put_in_fragments(self, tcp, each=504):
        ident = random.getrandbits(16)
        for at in range(0, len(tcp), each):
            more = at + each < len(tcp)
            if V6:
                self.raw_ip(struct.pack('!BBHI', 6, 0, at | more, ident) + tcp[at:at + each], 44)
            else:
                self.raw_ip(tcp[at:at + each], 6, at, more, ident)

    def get(self, seconds):
        """(flags, seq, data) of the next packet to our port, or None"""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.back], [], [], left)[0]:
                return None
            got = self.back.recv(65535)
            tcp = got if V6 else got[(got[0] & 15) * 4:]
            sport, dport, seq, _, off, flags = struct.unpack('!HHIIBB', tcp[:14])
            if (sport, dport) == (443, self.port):
                return flags, seq, tcp[(off >> 4) * 4:]

    def connect(self):
        self.put(self.packet(SYN))
        got = self.get(3)
        if not got or got[0] & (SYN | ACK) != SYN | ACK:
            sys.exit(f'no connection: {got}')
        self.seq, self.ack = (self.seq + 1) & 0xffffffff, (got[1] + 1) & 0xffffffff
        self.put(self.packet(ACK))


def cut(data, *places):
    """[(offset, bytes)] between the places"""
    places = [0, *places, len(data)]
    return [(a, data[a:b]) for a, b in zip(places, places[1:])]


def pieces(way):
    message = hello(NAME)
    data = record(message)
    mss = 1400
    if way == 'records':                            # several records in several packets
        data = record(message, 300)
        return cut(data, 700, 1500)
    two = cut(data, mss)
    return {
        'whole': cut(data, 100, 1400), 'two': two, 'swapped': two[::-1],
        'tiny': cut(data, *range(1, 20), 1000), 'again': [two[0], two[0], two[1], two[1]],
        'overlap': [(0, data[:900]), (600, data[600:1500]), (1200, data[1200:])],
        'shuffled': [cut(data, 500, 1000, 1500)[i] for i in (2, 0, 3, 1)],
        'contradict': [(0, data[:900]), (600, b'?' * 300), (900, data[900:])],
        'fragments': [(0, data)],
    }[way]


tcp = Tcp()
tcp.connect()
begin = time.monotonic()
for offset, data in pieces(WAY):
    packet = tcp.packet(ACK | PSH, offset, data)
    tcp.put_in_fragments(packet) if WAY == 'fragments' else tcp.put(packet)
while True:
    got = tcp.get(begin + 3 - time.monotonic())
    took = round((time.monotonic() - begin) * 1000)
    if not got:
        print('nothing')
        break
    if got[0] & RST:
        print('reset', took)
        break
    if got[2]:
        print('served' if got[2][0] == 0x16 else 'odd', took)
        break
