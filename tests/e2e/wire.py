# SPDX-License-Identifier: GPL-3.0-or-later
"""wire - both ends of conversations through the gateway, scripted in one program

A socket belongs to the network namespace it was made in: this program enters the client's to make its
clients and the server's to make its servers (the namespaces of lib.sh; their common prefix is argv[1]), and
then plays both sides, in order.  What arrives is compared byte for byte; nothing is parsed but by the test.
"""
import ctypes, os, select, socket, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from proxy_lab import Peer

ID = sys.argv[1]
LIBC = ctypes.CDLL(None, use_errno=True)
HOME = os.open('/proc/self/ns/net', os.O_RDONLY)
CLIENT = {4: '10.1.0.2', 6: 'fd01::2'}
SERVER = {4: '203.0.113.2', 6: '2001:db8:2::2'}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


def enter(fd):
    if LIBC.setns(fd, 0x40000000):      # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), 'setns')


def sock_in(where, v, kind=socket.SOCK_STREAM):
    """a new socket of the client's ('c'), the gateway's ('g') or the server's ('s') namespace"""
    ns = os.open('/run/netns/' + ID + where, os.O_RDONLY)
    try:
        enter(ns)
        return socket.socket(FAMILY[v], kind)
    finally:
        enter(HOME)
        os.close(ns)


def listen(v, ip=None, port=80):
    s = sock_in('s', v)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((ip or SERVER[v], port))
    s.listen(64)
    s.settimeout(5)
    return s


def accept(listener, name='server'):
    s, _ = listener.accept()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Peer(s, name)


def connect(v, ip=None, port=80, source=None):
    s = sock_in('c', v)
    s.settimeout(5)
    if source:
        s.bind((source, 0))
    s.connect((ip or SERVER[v], port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Peer(s, 'client')


def idle(listener, seconds=0.1):
    """does nobody connect to it?"""
    return not select.select([listener], [], [], seconds)[0]
