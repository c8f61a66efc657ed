#!/usr/bin/python3
"""www.py PORT - the web server of the end-to-end tests, on both families.

Logs one line a request ("GET /path host=H cookie=C addr=A") to standard output. Paths:
  /echo          the request head as received, byte for byte, as text
  /cookies       three Set-Cookie fields
  /jar/N         Set-Cookie fields from the file $COOKIE_JAR, a line each: the Nth forty of them
  /img/WxH.FMT   an image of that size (gif or png)
  /size/N        N bytes
  /chunked/N     N bytes, chunked
  /html          a small page
  anything else  "hello from PATH"
"""
import os
import socket
import socketserver
import struct
import sys
import zlib


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\0" + b"\x40\x80\xc0" * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def gif(width, height):
    return (b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\xff\xff\xff\0\0\0" +
            b",\0\0\0\0" + struct.pack("<HH", width, height) + b"\0\x02\x02\x44\x01\0;")


JAR_PAGE = 40


def jar():
    if not hasattr(jar, "lines"):
        with open(os.environ["COOKIE_JAR"], "rb") as f:
            jar.lines = f.read().splitlines()
    return jar.lines


def read_head(stream):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline(1 << 20)
        if not line:
            return None
        head += line
    return head


def page(path, head):
    """kind, extra header lines, body"""
    where = path.split("/", 3)[3:] if path.startswith("http://") else [path[1:]]
    what, _, rest = (where or [""])[0].partition("?")[0].partition("/")
    if what == "echo":
        return "text/plain", b"", head
    if what == "cookies":
        return "text/plain", (b"Set-Cookie: _ga=GA1.2.3; Path=/; Max-Age=63072000\r\n"
                              b"Set-Cookie: session=abc; Path=/; HttpOnly\r\n"
                              b"X-Odd-case:   kept  \r\n"
                              b"set-cookie: keep=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Max-Age=1000\r\n"), b"ok\n"
    if what == "jar":
        first = int(rest) * JAR_PAGE
        return "text/plain", b"".join(b"Set-Cookie: %s\r\n" % line for line in jar()[first:first + JAR_PAGE]), b"ok\n"
    if what == "img":
        size, fmt = rest.split(".")
        width, height = map(int, size.split("x"))
        return "image/" + fmt, b"ETag: \"e\"\r\nSet-Cookie: bug=1\r\n", (png if fmt == "png" else gif)(width, height)
    if what == "size":
        return "application/octet-stream", b"", b"x" * int(rest)
    if what == "html":
        return "text/html", b"", b"<html><body><img src=/img/468x60.png></body></html>\n"
    return "text/plain", b"", ("hello from %s\n" % path).encode("latin-1")


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while self.request_once():
            pass

    def request_once(self):
        head = read_head(self.rfile)
        if head is None:
            return False
        lines = head.decode("latin-1").split("\r\n")
        method, path = lines[0].split(" ")[:2]
        fields = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                fields.setdefault(name.lower(), value.strip())
        print(method, path, "host=" + fields.get("host", "-"), "cookie=" + fields.get("cookie", "-"),
              "addr=" + self.client_address[0], flush=True)
        self.rfile.read(int(fields.get("content-length", "0")))
        persists = fields.get("connection", "").lower() != "close"
        if path.startswith("/chunked/"):
            self.chunked(int(path.split("/")[2]))
            return persists
        kind, extra, body = page(path, head)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n%s" %
                         (kind.encode(), extra, len(body), b"" if method == "HEAD" else body))
        return persists

    def chunked(self, left):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while left:
            n = min(left, 5000)
            self.wfile.write(b"%x\r\n%s\r\n" % (n, b"y" * n))
            left -= n
        self.wfile.write(b"0\r\n\r\n")


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def handle_error(self, request, client_address):
        print("error", client_address[0], sys.exc_info()[1], flush=True)


if __name__ == "__main__":
    Server(("::", int(sys.argv[1])), Handler).serve_forever()
