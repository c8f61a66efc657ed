#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""lists_www - a server of lists for tests: lists_www.py DIR PORT [CERT KEY]

Serves the files of DIR with ETag and Last-Modified, answers conditional requests, and prints a line a request:
method, path, status, If-None-Match, User-Agent.  Paths of their own:
  /gone        404                    /moved?URL      302 to URL
  /gzip/FILE   the file, gzip-encoded /bomb           gzip that decodes to 2 GB
  /slow/FILE   a byte each 100 ms     /hang           no answer at all
  /endless     a body without end     /plain/FILE     without validators
  /secret/FILE to user:s3cret (basic) only
"""
import email.utils, gzip, hashlib, http.server, os, socketserver, ssl, sys, time, zlib
DIR = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def say(self, status):
        print(self.command, self.path, status, self.headers.get('If-None-Match', '-'),
              self.headers.get('User-Agent', '-'), flush=True)

    def reply(self, status, body=b'', **fields):
        self.say(status)
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace('_', '-'), value)
        if status != 304:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, pieces, pause=0, **fields):
        self.say(200)
        self.send_response(200)
        for name, value in fields.items():
            self.send_header(name.replace('_', '-'), value)
        self.send_header('Connection', 'close')
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(pause)
        self.close_connection = True

    def bomb(self):
        z = zlib.compressobj(9, zlib.DEFLATED, 31)
        for _ in range(2048):
            out = z.compress(b'a.example\n' * 104858)
            if out:
                yield out
        yield z.flush()

    def do_GET(self):
        how, _, name = self.path[1:].partition('/')
        path = os.path.join(DIR, os.path.basename(name or how))
        if how == 'gone':
            return self.reply(404, b'<html>gone</html>')
        if how == 'secret' and self.headers.get('Authorization') != 'Basic dXNlcjpzM2NyZXQ=':
            return self.reply(401)
        if how.startswith('moved?'):
            return self.reply(302, Location=self.path.split('?', 1)[1])
        if how == 'hang':
            self.say(0)
            return time.sleep(600)
        if how == 'bomb':
            return self.stream(self.bomb(), Content_Encoding='gzip')
        if how == 'endless':
            return self.stream(iter(lambda: b'a.example\n' * 6554, None))
        if not os.path.exists(path):
            return self.reply(404, b'no such list')
        body = open(path, 'rb').read()
        if how == 'slow':
            return self.stream((body[i:i + 1] for i in range(len(body))), 0.1)
        if how == 'plain':
            return self.reply(200, body)
        tag = '"%s"' % hashlib.md5(body).hexdigest()
        modified = email.utils.formatdate(os.stat(path).st_mtime, usegmt=True)
        if self.headers.get('If-None-Match') == tag:
            return self.reply(304, ETag=tag)
        if how == 'gzip':
            return self.reply(200, gzip.compress(body), Content_Encoding='gzip', ETag=tag)
        self.reply(200, body, ETag=tag, Last_Modified=modified)

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass


server = Server(('', int(sys.argv[2])), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
