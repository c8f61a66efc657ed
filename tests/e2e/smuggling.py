# SPDX-License-Identifier: GPL-3.0-or-later
"""smuggling - ambiguous HTTP/1 messages, and readers of differing leniency that may not disagree on what was let through

The families are those that were published since 2005 (Watchfire; Kettle's "HTTP Desync Attacks" and "HTTP/1.1 must die";
CL.0 and 0.CL; TERM.EXT and its kin for chunk lines); the messages and the readers were written for this test.

	requests()		(name, bytes) of every shape, each once
	random_request(rng)	shapes of several families in one message
	answers(), random_answer(rng)	the same for responses
	READERS, CLIENTS	the ways of reading; Reader.read(data) -> (messages, how it ended)
	random_reader(rng)	faults of several servers in one
"""

HOST = b'Host: h\r\n'
CHUNKED = b'Transfer-Encoding: chunked\r\n'
# a URL that a rule refuses: nobody who reads what reached the server may find a request for it
SMUGGLED = b'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n'
MARKER = b'GET /marker HTTP/1.1\r\nHost: h\r\n\r\n'

# --- readers -----------------------------------------------------------------

CLEAN, WAITS, REFUSES = 'clean', 'waits', 'refuses'
DIGITS = b'0123456789'
HEX = DIGITS + b'abcdefABCDEF'
TOKEN = frozenset(b"!#$%&'*+-.^_`|~" + DIGITS + bytes(range(65, 91)) + bytes(range(97, 123)))
CONTROLS = bytes(range(33))
METHODS = (b'GET', b'HEAD', b'POST', b'PUT', b'DELETE', b'OPTIONS', b'TRACE', b'PATCH')


class Refuse(Exception):
    pass


class Wait(Exception):
    pass


class Reader:
    """one way to cut bytes into messages.  The defaults are the grammar of RFC 9112; each option is a fault of some
    real server:
    eol     crlf | lf: a bare LF too | cr: a bare CR too (behind a method that it knows)
    blanks  bytes taken away around a value
    name    strict | trim: blanks and controls around a name | skip: a line that is no field is passed over | cut: at NUL
    fold    refuse | join: to the value before | field: the line is a field | skip
    cl      strict | first | last | max (of several) | prefix: digits at the beginning of the last, modulo 2^64
    te      strict | last: the last of the list that is not empty | any: one of the list | within: "chunked" anywhere | none
    both    refuse | te | cl
    old     is chunked understood in HTTP/1.0?
    start   strict | split: at any blanks behind a method that it knows, blanks before that skipped
    size    strict | number: sign, 0x, blanks, underscores, modulo 2^64 | digits: as far as there are, none is 0
    ext     crlf | lf: the chunk line ends with the first LF | cr: with the first CR or LF | quoted: not within quotes
    data    strict | lf: or LF | none: whatever line end there is, or none | two: any two bytes
    trailer crlf | lf"""
    defaults = dict(eol='crlf', blanks=b' \t', name='strict', fold='refuse', cl='strict', te='strict', both='refuse', old=False,
                    start='strict', size='strict', ext='crlf', data='strict', trailer='crlf')
    choices = dict(eol=('crlf', 'lf', 'cr'), blanks=(b' \t', CONTROLS), name=('strict', 'trim', 'skip', 'cut'),
                   fold=('refuse', 'join', 'field', 'skip'), cl=('strict', 'first', 'last', 'max', 'prefix'),
                   te=('strict', 'last', 'any', 'within', 'none'), both=('refuse', 'te', 'cl'), old=(False, True),
                   start=('strict', 'split'), size=('strict', 'number', 'digits'), ext=('crlf', 'lf', 'cr', 'quoted'),
                   data=('strict', 'lf', 'none', 'two'), trailer=('crlf', 'lf'))

    def __init__(self, label, **options):
        assert set(options) <= set(self.defaults)
        self.label = label
        self.__dict__.update(self.defaults, **options)

    def line(self, eol):
        """the next line without its end"""
        data, at = self.data_in, self.at
        i = at
        while i < len(data):
            c = data[i]
            if c == 10:
                whole = data[at:i]
                if eol == 'crlf' and not whole.endswith(b'\r'):
                    raise Refuse('bare LF')
                whole = whole[:-1] if whole.endswith(b'\r') else whole
                if eol != 'cr' and b'\r' in whole and self.name == 'strict':
                    raise Refuse('bare CR')
                self.at = i + 1
                return whole
            if c == 13 and eol == 'cr' and i + 1 < len(data) and data[i + 1] != 10:
                self.at = i + 1
                return data[at:i]
            i += 1
        raise Wait()

    def fields(self):
        out = []
        while True:
            line = self.line(self.eol)
            if not line:
                return out
            if line[:1] in (b' ', b'\t'):
                if self.fold == 'refuse':
                    raise Refuse('fold')
                if self.fold == 'join' and out:
                    out[-1] = (out[-1][0], (out[-1][1] + b' ' + line.strip(self.blanks)).strip(self.blanks))
                if self.fold != 'field':
                    continue
                line = line.strip(CONTROLS)
            name, colon, value = line.partition(b':')
            if self.name in ('trim', 'skip'):
                name = name.strip(CONTROLS)
            if self.name == 'cut':
                value = value.partition(b'\0')[0]
            elif self.name == 'strict' and any(c < 32 and c != 9 or c == 127 for c in value):
                raise Refuse('control')
            if not colon or not name or not TOKEN.issuperset(name):
                if self.name == 'skip':
                    continue
                raise Refuse('name')
            out.append((name.lower(), value.strip(self.blanks)))

    def length(self, values):
        if self.cl == 'strict':
            if any(not v or v.strip(DIGITS) for v in values) or len(set(map(int, values))) > 1 or int(values[0]) >= 1 << 63:
                raise Refuse('length')
            return int(values[0])
        items = [v.strip(self.blanks) for value in values for v in value.split(b',')]
        if self.cl == 'prefix':
            item = items[-1].lstrip(b'+' + CONTROLS)
            digits = item[:len(item) - len(item.lstrip(DIGITS))]
            return int(digits or b'0') % (1 << 64)
        if any(not v or v.strip(DIGITS) for v in items):
            raise Refuse('length')
        numbers = [int(v) for v in items]
        return {'first': numbers[0], 'last': numbers[-1], 'max': max(numbers)}[self.cl]

    def chunked(self, values):
        """chunked, or None: there is no coding for this reader"""
        items = [v.strip(self.blanks).lower() for value in values for v in value.split(b',')]
        if self.te == 'none':
            return None
        if self.te == 'within':
            return True if b'chunked' in b','.join(values).lower() else None
        if self.te == 'any':
            return True if b'chunked' in [v.split(b';')[0].strip(self.blanks + b'"') for v in items] else None
        if self.te == 'last':
            return True if ([b''] + [v for v in items if v])[-1] == b'chunked' else None
        if items.count(b'chunked') != 1 or items[-1] != b'chunked' or \
           not set(items) <= {b'chunked', b'gzip', b'x-gzip', b'deflate', b'compress', b'x-compress'}:
            raise Refuse('coding')
        return True

    def frame(self, fields, minor):
        """('length', n), ('chunked', 0) or None: nothing says so"""
        te = [v for n, v in fields if n == b'transfer-encoding']
        cl = [v for n, v in fields if n == b'content-length']
        if te and self.te == 'strict' and not minor and not self.old:
            raise Refuse('coding of 1.0')
        chunked = self.chunked(te) if te and (minor or self.old) else None
        if chunked and cl:
            if self.both == 'refuse':
                raise Refuse('both')
            if self.both == 'cl':
                chunked = None
        if chunked:
            return 'chunked', 0
        return ('length', self.length(cl)) if cl else None

    def chunk_size(self, line):
        if self.size == 'strict':
            text = line.partition(b';')[0]
            text = text.rstrip(b' \t') if b';' in line else text
            if not text or text.strip(HEX) or int(text, 16) >= 1 << 63:
                raise Refuse('chunk size')
            return int(text, 16)
        text = line.strip(CONTROLS)
        if self.size == 'number':
            text = text.lstrip(b'+').replace(b'_', b'')
            text = text[2:] if text[:2].lower() == b'0x' else text
        digits = text[:len(text) - len(text.lstrip(HEX))]
        if not digits and self.size == 'number':
            raise Refuse('chunk size')
        return int(digits or b'0', 16) % (1 << 64)

    def chunk_line(self):
        if self.ext == 'crlf' and self.eol == 'crlf':
            return self.line('crlf')
        if self.ext in ('crlf', 'quoted'):
            # a reader that knows CRLF only: what stands between is of the extension
            i, quoted = self.at, False
            while True:
                if i + 1 >= len(self.data_in):
                    raise Wait()
                if self.data_in[i:i + 1] == b'"' and self.ext == 'quoted':
                    quoted = not quoted
                if self.data_in[i:i + 1] == b'\\' and quoted:
                    i += 1
                if self.data_in[i:i + 2] == b'\r\n' and not quoted:
                    line, self.at = self.data_in[self.at:i], i + 2
                    return line
                i += 1
        return self.line(self.ext)

    def take(self, n):
        if len(self.data_in) - self.at < n:
            raise Wait()
        self.at += n

    def chunks(self):
        while True:
            size = self.chunk_size(self.chunk_line())
            if size == 0:
                break
            self.take(size)
            if self.data == 'two':
                self.take(2)
                continue
            after = self.data_in[self.at:self.at + 2]
            if self.data == 'strict' and not b'\r\n'.startswith(after[:2]) or self.data == 'lf' and after[:1] not in (b'\r', b'\n', b''):
                raise Refuse('end of chunk')
            if not after or after == b'\r':
                raise Wait()
            if after == b'\r\n':
                self.at += 2
            elif after[:1] in b'\r\n':
                self.at += 1
        while self.line(self.trailer):
            pass

    def request(self):
        line = self.line(self.eol)
        while not line:
            line = self.line(self.eol)
        words = line.split() if self.start == 'split' else line.split(b' ')
        if len(words) < 3 or (self.start == 'strict' and len(words) != 3) or not TOKEN.issuperset(words[0]) or \
           (self.start == 'strict' and any(c < 33 or c == 127 for c in words[1])) or not words[0] or not words[1]:
            raise Refuse('request line')
        if (self.start == 'split' or self.eol == 'cr') and (words[0].upper() not in METHODS or words[1][:1] not in b'/*h'):
            raise Refuse('no method of mine, or no target')
        version = words[-1]
        if len(version) != 8 or version[:7] != b'HTTP/1.' or not version[7:].isdigit():
            raise Refuse('version')
        fields = self.fields()
        hosts = [v for n, v in fields if n == b'host']
        if self.name == 'strict' and (len(hosts) > 1 or (not hosts and version != b'HTTP/1.0')):
            raise Refuse('host')
        self.begun = words[0], words[1], hosts[-1] if hosts else b''
        frame = self.frame(fields, version != b'HTTP/1.0')
        if frame and frame[0] == 'chunked':
            self.chunks()
        elif frame:
            self.take(frame[1])
        return self.begun

    def response(self, method):
        """the status of a final response"""
        while True:
            line = self.line('lf' if self.eol == 'crlf' else self.eol)
            if line[:7] != b'HTTP/1.' or len(line) < 12 or not line[9:12].isdigit():
                raise Refuse('status line')
            status = int(line[9:12])
            fields = self.fields()
            if status >= 200:
                break
        frame = None if status in (204, 304) or method == b'HEAD' else self.frame(fields, line[7:8] != b'0') or ('close', 0)
        if frame and frame[0] == 'chunked':
            self.chunks()
        elif frame and frame[0] == 'length':
            self.take(frame[1])
        elif frame:
            self.at = len(self.data_in)
        return status, dict(fields).get(b'x-n', b'')

    def read(self, data, methods=None):
        """all requests in @data, or responses to requests of @methods, and how it ended"""
        self.data_in, self.at, self.begun, out = data, 0, None, []      # begun: the request whose body is to come
        while self.at < len(data):
            begin = self.at
            if methods is not None and len(out) == len(methods):
                return out, REFUSES         # what nobody asked for
            try:
                out.append(self.request() if methods is None else self.response(methods[len(out)]))
                self.begun = None
            except Wait:
                return out, WAITS if data[begin:].strip(b'\r\n') else CLEAN
            except Refuse:
                return out, REFUSES
        return out, CLEAN


# none of them finds another message in what is good
READERS = [
    Reader('RFC 9112'),
    Reader('bare LF', eol='lf', ext='lf', trailer='lf', data='lf', name='trim', fold='join'),
    Reader('bare CR', eol='cr', ext='cr', trailer='lf', data='none', name='trim', fold='field', start='split', both='te', te='within'),
    Reader('length before coding', eol='lf', both='cl', cl='last', te='last', name='trim'),
    Reader('coding before length', eol='lf', both='te', cl='first', te='last', name='trim', old=True),
    Reader('first length', cl='first', te='last', both='cl', fold='join', name='trim'),
    Reader('last length', cl='last', te='any', both='cl', fold='skip', name='skip'),
    Reader('greatest length', cl='max', te='any', both='te', fold='field', name='trim'),
    Reader('length as far as there are digits', cl='prefix', te='within', both='cl', blanks=CONTROLS, name='skip', eol='lf'),
    Reader('chunked somewhere', te='within', both='te', cl='prefix', blanks=CONTROLS, name='skip', eol='lf', fold='join', old=True),
    Reader('no codings', te='none', cl='prefix', name='trim', fold='join', eol='lf'),
    Reader('codings of 1.0', te='any', both='te', old=True, cl='first', name='trim'),
    Reader('values to the NUL', name='cut', both='te', te='last', cl='last'),
    Reader('chunk size by strtoull', size='number', ext='lf', te='any', both='te', cl='first', trailer='lf', data='none', eol='lf', name='trim'),
    Reader('chunk size by digits', size='digits', ext='cr', te='any', both='te', cl='last', trailer='lf', data='two', eol='lf', name='trim'),
    Reader('quoted extensions', ext='quoted', te='any', both='te', cl='last', data='lf', trailer='lf'),
    Reader('extensions to CRLF', ext='crlf', eol='lf', size='digits', te='any', both='te', cl='last', data='two', trailer='lf', name='skip'),
    Reader('any blanks', start='split', eol='lf', name='skip', fold='field', both='cl', cl='last', te='within', blanks=CONTROLS),
]


# who reads answers: these agree on what browsers agree on, which dejunk follows
CLIENTS = [
    Reader('RFC 9112'),
    Reader('bare LF', eol='lf', ext='lf', trailer='lf', name='trim', fold='join'),
    Reader('length before coding', eol='lf', both='cl', cl='last', te='last', name='skip', fold='join'),
    Reader('coding before length', eol='lf', both='te', cl='first', te='last', name='skip', fold='skip'),
    Reader('a coding anywhere', eol='lf', both='te', cl='first', te='any', name='trim', fold='join'),
    Reader('chunk size by strtoull', size='number', ext='lf', te='last', both='te', cl='first', trailer='lf', eol='lf', name='trim'),
    Reader('codings of 1.0', te='last', both='te', old=True, cl='last', eol='lf', name='trim'),
]


def random_reader(rng):
    options = {k: rng.choice(v) for k, v in sorted(Reader.choices.items())}
    return Reader(repr(options), **options)


# --- requests ----------------------------------------------------------------

def post(fields, body=b'', version=b'1.1', method=b'POST', host=HOST):
    return method + b' /shape HTTP/' + version + b'\r\n' + host + fields + b'\r\n' + body


def chunk(data):
    return b'%x\r\n%s\r\n' % (len(data), data)


LAST = b'0\r\n\r\n'
# for two readings: to those who see chunks the message ends early, to those who see a length it does not, and the reverse
CL_TE = LAST + SMUGGLED
TE_CL = chunk(SMUGGLED) + LAST
BODIES = {'short chunks': CL_TE, 'long chunk': TE_CL}

# how Transfer-Encoding was hidden from one of two readers
CODINGS = {
    'plain': CHUNKED,
    'upper case': b'TRANSFER-ENCODING: CHUNKED\r\n',
    'mixed case': b'tRansfer-eNcoding: cHunked\r\n',
    'no blank': b'Transfer-Encoding:chunked\r\n',
    'tab': b'Transfer-Encoding:\tchunked\r\n',
    'blanks around': b'Transfer-Encoding:  \t chunked \t \r\n',
    'vertical tab': b'Transfer-Encoding:\x0bchunked\r\n',
    'form feed': b'Transfer-Encoding: \x0cchunked\r\n',
    'no-break space': b'Transfer-Encoding: \xa0chunked\r\n',
    'NEL after': b'Transfer-Encoding: chunked\x85\r\n',
    'long s': b'Tran\xc5\xbffer-Encoding: chunked\r\n',
    'NUL after': b'Transfer-Encoding: chunked\0\r\n',
    'NUL within': b'Transfer-Encoding: chun\0ked\r\n',
    'CR before': b'Transfer-Encoding: \rchunked\r\n',
    'CR after': b'Transfer-Encoding: chunked\r\r\n',
    'bell after': b'Transfer-Encoding: chunked\x07\r\n',
    'DEL after': b'Transfer-Encoding: chunked\x7f\r\n',
    'space before colon': b'Transfer-Encoding : chunked\r\n',
    'tab before colon': b'Transfer-Encoding\t: chunked\r\n',
    'vertical tab before colon': b'Transfer-Encoding\x0b: chunked\r\n',
    'NUL before colon': b'Transfer-Encoding\0: chunked\r\n',
    'CR before colon': b'Transfer-Encoding\r: chunked\r\n',
    'CRLF before colon': b'Transfer-Encoding\r\n : chunked\r\n',
    'no colon': b'Transfer-Encoding chunked\r\n',
    'semicolon for colon': b'Transfer-Encoding; chunked\r\n',
    'two colons': b'Transfer-Encoding:: chunked\r\n',
    'space in name': b'Transfer Encoding: chunked\r\n',
    'quoted name': b'"Transfer-Encoding": chunked\r\n',
    'space before name': b' Transfer-Encoding: chunked\r\n',
    'control before name': b'\x01Transfer-Encoding: chunked\r\n',
    'BOM before name': b'\xef\xbb\xbfTransfer-Encoding: chunked\r\n',
    'folded value': b'Transfer-Encoding:\r\n chunked\r\n',
    'folded by tab': b'Transfer-Encoding: \r\n\tchunked\r\n',
    'folded word': b'Transfer-Encoding: chun\r\n ked\r\n',
    'in a fold': b'X: y\r\n Transfer-Encoding: chunked\r\n',
    'behind a bare LF': b'X: y\nTransfer-Encoding: chunked\r\n',
    'behind a bare CR': b'X: y\rTransfer-Encoding: chunked\r\n',
    'behind LF CR': b'X: y\n\rTransfer-Encoding: chunked\r\n',
    'behind CR CR LF': b'X: y\r\r\nTransfer-Encoding: chunked\r\n',
    'ended by LF': b'Transfer-Encoding: chunked\n',
    'ended by CR': b'Transfer-Encoding: chunked\rX: y\r\n',
    'quoted': b'Transfer-Encoding: "chunked"\r\n',
    'single quotes': b"Transfer-Encoding: 'chunked'\r\n",
    'bracketed': b'Transfer-Encoding: (chunked)\r\n',
    'parameter': b'Transfer-Encoding: chunked;q=1\r\n',
    'empty parameter': b'Transfer-Encoding: chunked;\r\n',
    'comma before': b'Transfer-Encoding: ,chunked\r\n',
    'comma after': b'Transfer-Encoding: chunked,\r\n',
    'twice in a list': b'Transfer-Encoding: chunked, chunked\r\n',
    'twice': CHUNKED + CHUNKED,
    'identity before': b'Transfer-Encoding: identity, chunked\r\n',
    'identity after': b'Transfer-Encoding: chunked, identity\r\n',
    'identity': b'Transfer-Encoding: identity\r\n',
    'gzip before': b'Transfer-Encoding: gzip, chunked\r\n',
    'gzip after': b'Transfer-Encoding: chunked, gzip\r\n',
    'unknown before': b'Transfer-Encoding: cow, chunked\r\n',
    'unknown after': b'Transfer-Encoding: chunked, cow\r\n',
    'a second of another': CHUNKED + b'Transfer-Encoding: cow\r\n',
    'a first of another': b'Transfer-Encoding: cow\r\n' + CHUNKED,
    'a second of identity': CHUNKED + b'Transfer-encoding: identity\r\n',
    'a second, empty': CHUNKED + b'Transfer-Encoding:\r\n',
    'a first, empty': b'Transfer-Encoding:\r\n' + CHUNKED,
    'empty': b'Transfer-Encoding:\r\n',
    'prefix': b'Transfer-Encoding: xchunked\r\n',
    'suffix': b'Transfer-Encoding: chunkedx\r\n',
    'half': b'Transfer-Encoding: chunk\r\n',
    'two words': b'Transfer-Encoding: x chunked\r\n',
    'escaped': b'Transfer-Encoding: \\x63hunked\r\n',
    'other name': b'Content-Encoding: chunked\r\n',
    'underscore': b'Transfer_Encoding: chunked\r\n',
    'behind 8 KiB': b'X: ' + b'y' * 8192 + b'\r\n' + CHUNKED,
    'in Connection': b'Connection: Transfer-Encoding\r\n' + CHUNKED,
    'in Connection, length': b'Connection: keep-alive, Content-Length\r\n' + CHUNKED,
}

N = len(SMUGGLED)
# lengths with two readings (or none); @N is that of what is hidden
LENGTHS = {
    'zero and N': b'Content-Length: 0\r\nContent-Length: %d\r\n' % N,
    'N and zero': b'Content-Length: %d\r\nContent-Length: 0\r\n' % N,
    'N and N': b'Content-Length: %d\r\nContent-Length: %d\r\n' % (N, N),
    'N and 0N': b'Content-Length: %d\r\nContent-Length: 0%d\r\n' % (N, N),
    'list of zero, N': b'Content-Length: 0, %d\r\n' % N,
    'list of N, N': b'Content-Length: %d, %d\r\n' % (N, N),
    'comma after': b'Content-Length: %d,\r\n' % N,
    'comma before': b'Content-Length: ,%d\r\n' % N,
    'plus': b'Content-Length: +%d\r\n' % N,
    'minus': b'Content-Length: -%d\r\n' % N,
    'minus zero': b'Content-Length: -0\r\n',
    'hexadecimal': b'Content-Length: 0x%x\r\n' % N,
    'hexadecimal digits': b'Content-Length: 1a\r\n',
    'underscore': b'Content-Length: 3_5\r\n',
    'space within': b'Content-Length: 3 5\r\n',
    'decimal point': b'Content-Length: %d.0\r\n' % N,
    'exponent': b'Content-Length: 1e1\r\n',
    'leading zeros': b'Content-Length: 000000000000000000000000%d\r\n' % N,
    'tail': b'Content-Length: %dx\r\n' % N,
    'parameter': b'Content-Length: %d;x\r\n' % N,
    'quoted': b'Content-Length: "%d"\r\n' % N,
    'empty': b'Content-Length:\r\n',
    'blank': b'Content-Length: \r\n',
    'empty and N': b'Content-Length:\r\nContent-Length: %d\r\n' % N,
    'vertical tab': b'Content-Length: \x0b%d\r\n' % N,
    'vertical tab after': b'Content-Length: %d\x0b\r\n' % N,
    'NUL after': b'Content-Length: %d\x000\r\n' % N,
    'CR within': b'Content-Length: 3\r5\r\n',
    'LF within': b'Content-Length: 3\n5\r\n',
    'fullwidth digits': 'Content-Length: \uff13\uff15\r\n'.encode(),
    'space before colon': b'Content-Length : %d\r\n' % N,
    'tab before colon': b'Content-Length\t: %d\r\n' % N,
    'NUL before colon': b'Content-Length\0: %d\r\n' % N,
    'no colon': b'Content-Length %d\r\n' % N,
    'space before name': b' Content-Length: %d\r\n' % N,
    'folded': b'Content-Length:\r\n %d\r\n' % N,
    'folded number': b'Content-Length: 3\r\n 5\r\n',
    'in a fold': b'X: y\r\n\tContent-Length: %d\r\n' % N,
    'behind a bare CR': b'X: y\rContent-Length: %d\r\n' % N,
    'behind a bare LF': b'X: y\nContent-Length: %d\r\n' % N,
    'space before, second without': b'Content-Length : %d\r\nContent-Length: 0\r\n' % N,
    'in Connection': b'Connection: Content-Length\r\nContent-Length: %d\r\n' % N,
    'expected': b'Expect: 100-continue\r\nContent-Length: %d\r\n' % N,
    'expected, folded': b'Expect:\r\n 100-continue\r\nContent-Length: %d\r\n' % N,
    'expected, in a list': b'Expect: y, 100-continue\r\nContent-Length: %d\r\n' % N,
    'expected of another kind': b'Expect: y 100-continue\r\nContent-Length: %d\r\n' % N,
    'expected twice': b'Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: %d\r\n' % N,
    'upgrade offered': b'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\nContent-Length: %d\r\n' % N,
}
LENGTHS.update({'2^%d%+d' % (bits, n): b'Content-Length: %d\r\n' % ((1 << bits) + n)
                for bits in (31, 32, 63, 64, 65, 128) for n in (-1, 0, N)})

# between the fields of a good message
FIELDS = {
    'empty name': b': y\r\n',
    'blank name': b' : y\r\n',
    'no colon': b'word\r\n',
    'NUL': b'X: \0\r\n',
    'NUL in a name': b'X\0Y: y\r\n',
    'CR in a name': b'X\rY: y\r\n',
    'obs-text in a name': b'X\xe4: y\r\n',
    'fold': b'X: y\r\n z\r\n',
    'fold of blanks': b'X: y\r\n \r\n',
    'fold that hides the end': b'X: y\r\n \r\n\r\n' + SMUGGLED,
    'line of a tab': b'\t\r\n',
    'line of a CR': b'\r\r\n',
    'end by LF LF': b'X: y\n\n' + SMUGGLED,
    'end by CR CR': b'X: y\r\r' + SMUGGLED,
    'end by LF CR LF': b'X: y\n\r\n' + SMUGGLED,
    'end by CRLF LF': b'X: y\r\n\n' + SMUGGLED,
    'end by CRLF CR': b'X: y\r\n\rX: y\r\n',
    'end by CRLF NUL CRLF': b'X: y\r\n\0\r\n',
    'request in a value': b'X: y GET /smuggled HTTP/1.1\r\n',
    'request behind CR': b'X: y\r\rGET /smuggled HTTP/1.1\rHost: h\r\r\r\n',
    'second Host': b'Host: other\r\n',
    'Host with a blank': b'Host : other\r\n',
    'folded Host': b'X: y\r\n Host: other\r\n',
    'Host by NUL': b'Host\0: other\r\n',
    'method override': b'X-HTTP-Method-Override: PUT\r\n',
    'DEL': b'X: \x7f\r\n',
    'escape': b'X: \x1b[2J\r\n',
}

STARTS = {
    'PRI of HTTP/2, as HTTP/1': b'PRI * HTTP/1.1\r\n',
    'two blanks': b'GET  /shape HTTP/1.1\r\n',
    'tab': b'GET\t/shape\tHTTP/1.1\r\n',
    'vertical tab': b'GET\x0b/shape HTTP/1.1\r\n',
    'NUL': b'GET\0/shape HTTP/1.1\r\n',
    'blank before': b' GET /shape HTTP/1.1\r\n',
    'tab before': b'\tGET /shape HTTP/1.1\r\n',
    'CR before': b'\rGET /shape HTTP/1.1\r\n',
    'LF before': b'\nGET /shape HTTP/1.1\r\n',
    'CRLF before': b'\r\n\r\nGET /shape HTTP/1.1\r\n',
    'NUL before': b'\0GET /shape HTTP/1.1\r\n',
    'blank line before': b' \r\nGET /shape HTTP/1.1\r\n',
    'blank after': b'GET /shape HTTP/1.1 \r\n',
    'tab after': b'GET /shape HTTP/1.1\t\r\n',
    'CR after': b'GET /shape HTTP/1.1\r\r\n',
    'LF': b'GET /shape HTTP/1.1\n',
    'CR': b'GET /shape HTTP/1.1\r',
    'CR in the target': b'GET /sh\rape HTTP/1.1\r\n',
    'NUL in the target': b'GET /sh\0ape HTTP/1.1\r\n',
    'blank in the target': b'GET /shape /smuggled HTTP/1.1\r\n',
    'version in the target': b'GET /shape HTTP/1.1 HTTP/1.1\r\n',
    'request behind LF': b'GET /shape HTTP/1.1\nHost: h\n\nGET /smuggled HTTP/1.1\r\n',
    'request behind CR': b'GET /shape HTTP/1.1\rHost: h\r\rGET /smuggled HTTP/1.1\r\n',
    'HTTP/0.9': b'GET /shape\r\n',
    'HTTP/1': b'GET /shape HTTP/1\r\n',
    'HTTP/1.': b'GET /shape HTTP/1.\r\n',
    'HTTP/01.1': b'GET /shape HTTP/01.1\r\n',
    'HTTP/1.10': b'GET /shape HTTP/1.10\r\n',
    'HTTP/1.2': b'GET /shape HTTP/1.2\r\n',
    'HTTP/1.9': b'GET /shape HTTP/1.9\r\n',
    'HTTP/2.0': b'GET /shape HTTP/2.0\r\n',
    'HTTP/0.9 said': b'GET /shape HTTP/0.9\r\n',
    'http/1.1': b'GET /shape http/1.1\r\n',
    'HTTP 1.1': b'GET /shape HTTP 1.1\r\n',
    'version -1': b'GET /shape HTTP/1.-1\r\n',
    'version +1': b'GET /shape HTTP/1.+1\r\n',
    'lower case': b'get /shape HTTP/1.1\r\n',
    'method with a colon': b'GET: /shape HTTP/1.1\r\n',
    'method in quotes': b'"GET" /shape HTTP/1.1\r\n',
    'no method': b' /shape HTTP/1.1\r\n',
    'no target': b'GET HTTP/1.1\r\n',
    'empty target': b'GET  HTTP/1.1\r\n',
    'absolute': b'GET http://h/shape HTTP/1.1\r\n',
    'absolute, other host': b'GET http://other/shape HTTP/1.1\r\n',
    'absolute, user': b'GET http://h@other/shape HTTP/1.1\r\n',
    'backslash': b'GET \\shape HTTP/1.1\r\n',
    'asterisk': b'OPTIONS * HTTP/1.1\r\n',
    'TRACE': b'TRACE /shape HTTP/1.1\r\n',
    'HEAD': b'HEAD /shape HTTP/1.1\r\n',
}

# what stands after a chunk of 2 bytes, and before the last one
SIZES = {
    'plus': b'+2\r\nok\r\n', 'minus': b'-2\r\nok\r\n', '0x': b'0x2\r\nok\r\n', 'space before': b' 2\r\nok\r\n',
    'space after': b'2 \r\nok\r\n', 'tab after': b'2\t\r\nok\r\n', 'tab before': b'\t2\r\nok\r\n', 'vertical tab after': b'2\x0b\r\nok\r\n',
    'NUL after': b'2\0\r\nok\r\n', 'underscore': b'0_2\r\nok\r\n', 'leading zeros': b'0000000000000002\r\nok\r\n',
    'many leading zeros': b'0' * 40 + b'2\r\nok\r\n', '2^64 and 2': b'10000000000000002\r\nok\r\n',
    '2^32 and 2': b'100000002\r\nok\r\n', '2^63': b'8000000000000000\r\nok\r\n', '2^64 less 1': b'ffffffffffffffff\r\nok\r\n',
    'upper case': b'A\r\n0123456789\r\n', 'no digit': b'\r\nok\r\n', 'letters': b'xyz\r\nok\r\n', 'a letter after': b'2g\r\nok\r\n',
    'comma': b'2,\r\nok\r\n', 'point': b'2.0\r\nok\r\n', 'only an extension': b';a=b\r\nok\r\n', 'quoted size': b'"2"\r\nok\r\n',
    'extension': b'2;a=b\r\nok\r\n', 'extension of no name': b'2;\r\nok\r\n', 'blanks in an extension': b'2 ; a = b \r\nok\r\n',
    'quoted extension': b'2;a="b;c"\r\nok\r\n', 'open quote': b'2;a="\r\nok\r\n', 'escaped quote': b'2;a="\\"\r\nok\r\n',
    'CRLF within quotes': b'2;a="\r\n"\r\nok\r\n', 'LF in an extension': b'2;a\nok\r\n', 'LF ends an extension': b'2;a\nxx\r\nok\r\n',
    'CR in an extension': b'2;a\rb\r\nok\r\n', 'CR and size in an extension': b'2;\r0\r\nok\r\n',
    'LF in quotes': b'2;a="\n"\r\nok\r\n', 'NUL in an extension': b'2;a\0\r\nok\r\n', 'DEL in an extension': b'2;\x7f\r\nok\r\n',
    'long extension': b'2;' + b'a' * 3000 + b'\r\nok\r\n', 'too long an extension': b'2;' + b'a' * 5000 + b'\r\nok\r\n',
    'obs-text in an extension': b'2;\xff\r\nok\r\n',
    'LF ends the size': b'2\nok\r\n', 'CR ends the size': b'2\rok\r\n', 'CR CR LF ends the size': b'2\r\r\nok\r\n',
    'LF CR ends the size': b'2\n\rok\r\n',
    'no end of data': b'2\r\nok', 'LF ends the data': b'2\r\nok\n', 'CR ends the data': b'2\r\nok\r', 'two bytes end the data': b'2\r\nokxx',
    'LF LF ends the data': b'2\r\nok\n\n', 'more data': b'2\r\nokay\r\n', 'blank ends the data': b'2\r\nok \r\n',
    'CRLF twice': b'2\r\nok\r\n\r\n', 'LF in the last line': b'0\n\n' + SMUGGLED, 'CR in the last line': b'0\r\r' + SMUGGLED,
    'two zeros with a body': b'00;\n2\r\n\r\n', 'TERM.EXT': b'2;\n%s\r\n' % (b'ok\r\n' + chunk(SMUGGLED)[:-2]),
    'EXT.TERM': b'%x;\nxx\r\n' % N + SMUGGLED + b'\r\n', 'TERM.SPILL': b'5\r\nAAAAAXX2\r\nok\r\n', 'SPILL.TERM': b'5\r\nAAAAA2\r\nok\r\n',
}

TRAILERS = {
    'good': b'X: y\r\n', 'length': b'Content-Length: %d\r\n' % N, 'coding': CHUNKED, 'host': b'Host: other\r\n',
    'length, other case': b'cONTENT-lENGTH:%d\r\n' % N, 'length and a blank': b'Content-Length : %d\r\n' % N,
    'length and a tab': b'Content-Length\t: %d\r\n' % N, 'connection': b'Connection: close\r\n', 'fold': b'X: y\r\n z\r\n',
    'first fold': b' X: y\r\n', 'bare LF': b'X: y\n', 'bare CR': b'X: y\rZ: z\r\n', 'end by LF': b'\n' + SMUGGLED,
    'end by LF LF': b'X: y\n\n' + SMUGGLED, 'end by CR LF LF': b'X: y\r\n\n' + SMUGGLED, 'empty name': b': y\r\n', 'no colon': b'word\r\n',
    'NUL': b'X: \0\r\n', 'a request': SMUGGLED, 'a request line': b'GET /smuggled HTTP/1.1\r\n', 'blank line': b' \r\n',
    'CR line': b'\r\r\n', 'coding behind LF': b'X: y\nTransfer-Encoding: chunked\r\n', 'many': b'X: y\r\n' * 200,
    'obs-text': b'X\xe4: y\r\n', 'cookie': b'Cookie: a=b\r\n',
}


def requests():
    for name, te in CODINGS.items():
        for where, body in BODIES.items():
            length = b'Content-Length: %d\r\n' % (len(body) if where == 'short chunks' else len(chunk(b'')) - 1)
            yield 'CL.TE, %s, %s' % (name, where), post(length + te, body)
            yield 'TE.CL, %s, %s' % (name, where), post(te + length, body)
            yield 'TE alone, %s, %s' % (name, where), post(te, body)
            yield 'TE.TE, %s, %s' % (name, where), post(CHUNKED + te, body)
            yield 'TE.TE, %s first, %s' % (name, where), post(te + CHUNKED, body)
        yield '1.0, %s' % name, post(te, LAST, b'1.0')
        yield '1.0 with length, %s' % name, post(te + b'Content-Length: 5\r\nConnection: keep-alive\r\n', LAST, b'1.0')
    for name, cl in LENGTHS.items():
        for method in b'POST', b'GET', b'HEAD', b'OPTIONS':
            yield 'length, %s, %s' % (method.decode(), name), post(cl, SMUGGLED, method=method)
        yield 'length and another, %s' % name, post(cl + b'Content-Length: %d\r\n' % N, SMUGGLED)
        yield 'length behind another, %s' % name, post(b'Content-Length: %d\r\n' % N + cl, SMUGGLED)
        yield 'length and chunks, %s' % name, post(cl + CHUNKED, CL_TE)
        yield 'length in 1.0, %s' % name, post(cl + b'Connection: keep-alive\r\n', SMUGGLED, b'1.0')
    for name, field in FIELDS.items():
        yield 'field, ' + name, post(field, method=b'GET')
        yield 'field before Host, ' + name, post(HOST, method=b'GET', host=field)
        yield 'field and body, ' + name, post(field + b'Content-Length: %d\r\n' % N, SMUGGLED)
    for name, start in STARTS.items():
        yield 'start, ' + name, start + HOST + b'\r\n'
        yield 'start and body, ' + name, start + HOST + b'Content-Length: %d\r\n\r\n' % N + SMUGGLED
        yield 'start, blank first field, ' + name, start + b' X: y\r\n' + HOST + b'\r\n'
        yield 'start, LF, ' + name, (start + HOST + b'\r\n').replace(b'\r\n', b'\n')
        yield 'start, CR, ' + name, (start + HOST + b'\r\n').replace(b'\r\n', b'\r')
    for name, size in SIZES.items():
        yield 'chunk, ' + name, post(CHUNKED, b'2\r\nok\r\n' + size + LAST)
        yield 'first chunk, ' + name, post(CHUNKED, size + LAST)
        yield 'chunk with a request, ' + name, post(CHUNKED, size + chunk(SMUGGLED) + LAST)
        yield 'last chunk, ' + name, post(CHUNKED, size.replace(b'2', b'0', 1).replace(b'ok\r\n', b'\r\n'))
        yield 'chunk in an LF head, ' + name, post(CHUNKED).replace(b'\r\n', b'\n') + size + LAST
    for name, trailer in TRAILERS.items():
        yield 'trailer, ' + name, post(CHUNKED, b'2\r\nok\r\n0\r\n' + trailer + b'\r\n')
        yield 'trailer with a request, ' + name, post(CHUNKED, b'0\r\nX: y\r\n' + trailer + b'\r\n' + SMUGGLED)


def mutated(rng, data):
    """one byte put in, taken out or replaced by one of those that matter"""
    at = rng.randrange(len(data))
    byte = rng.choice((b'\r', b'\n', b'\r\n', b' ', b'\t', b'\0', b'\x0b', b':', b';', b',', b'"', b'0', b'\x7f', b'\xa0', b'\r\n\r\n'))
    return data[:at] + rng.choice((byte, byte, b'')) + data[at + rng.randrange(2):]


def random_request(rng):
    parts = [rng.choice(list(table.values())) for table in (CODINGS, LENGTHS, FIELDS) for _ in range(rng.choice((0, 0, 0, 1, 1, 2)))]
    if rng.random() < 0.4:
        parts.append(CHUNKED)
    rng.shuffle(parts)
    body = b''.join(rng.choice((chunk(b'ok'), chunk(SMUGGLED), rng.choice(list(SIZES.values()))))
                    for _ in range(rng.randrange(3))) + b'0\r\n' + rng.choice((b'', b'', rng.choice(list(TRAILERS.values())))) + b'\r\n'
    body = rng.choice((b'', SMUGGLED, body, body, body + SMUGGLED))
    if rng.random() < 0.3:
        parts.append(b'Content-Length: %d\r\n' % len(body))
    start = rng.choice((b'POST /shape HTTP/1.1\r\n', b'POST /shape HTTP/1.1\r\n', b'POST /shape HTTP/1.0\r\n', rng.choice(list(STARTS.values()))))
    head = start + HOST + b''.join(parts) + b'\r\n'
    if rng.random() < 0.15:
        head = head.replace(b'\r\n', b'\n')
    data = head + body
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        data = mutated(rng, data)
    return data


# --- answers -----------------------------------------------------------------

SPLIT = b'HTTP/1.1 200 OK\r\nX-N: split\r\nContent-Length: 0\r\n\r\n'


def answer(fields, body=b'', start=b'HTTP/1.1 200 OK\r\n'):
    return start + b'X-N: 0\r\n' + fields + b'\r\n' + body


def answers():
    n = len(SPLIT)
    for name, te in CODINGS.items():
        yield 'coding, ' + name, answer(te, LAST)
        yield 'coding that splits, ' + name, answer(te, chunk(SPLIT) + LAST)
        yield 'coding and length, ' + name, answer(te + b'Content-Length: 5\r\n', LAST)
        for length in 4, 5:         # 4: up to the hidden one
            yield 'length %d and coding that splits, %s' % (length, name), \
                answer(b'Content-Length: %d\r\n' % length + te, chunk(SPLIT) + LAST)
        yield '1.0, ' + name, answer(te, LAST, b'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n')
    for name, cl in LENGTHS.items():
        cl = cl.replace(b'%d' % N, b'%d' % n)
        for status in b'200', b'204', b'304', b'500':
            yield 'length, %s, %s' % (status.decode(), name), answer(cl, SPLIT if status[:1] != b'3' and status != b'204' else b'',
                                                                   b'HTTP/1.1 ' + status + b' X\r\n')
        yield 'length and another, ' + name, answer(cl + b'Content-Length: %d\r\n' % n, SPLIT)
    for name, field in FIELDS.items():
        if SMUGGLED not in field:
            yield 'field, ' + name, answer(field + b'Content-Length: %d\r\n' % n, SPLIT)
    for name, size in SIZES.items():
        yield 'chunk, ' + name, answer(CHUNKED, b'2\r\nok\r\n' + size + LAST)
        yield 'chunk that splits, ' + name, answer(CHUNKED, size + chunk(SPLIT) + LAST)
    for name, trailer in TRAILERS.items():
        yield 'trailer, ' + name, answer(CHUNKED, b'2\r\nok\r\n0\r\n' + trailer + b'\r\n')


def random_answer(rng):
    parts = [rng.choice(list(table.values())) for table in (CODINGS, LENGTHS, FIELDS) for _ in range(rng.choice((0, 0, 1)))]
    rng.shuffle(parts)
    body = rng.choice((b'', SPLIT, LAST, chunk(SPLIT) + LAST, rng.choice(list(SIZES.values())) + LAST))
    if rng.random() < 0.5:
        parts.append(rng.choice((CHUNKED, b'Content-Length: %d\r\n' % len(body))))
    status = rng.choice((b'200', b'200', b'204', b'304', b'404'))
    return answer(b''.join(parts), body, b'HTTP/1.%d ' % rng.choice((0, 1, 1)) + status + b' X\r\n')
