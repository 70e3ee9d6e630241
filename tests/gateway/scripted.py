"""Both ends of a gateway, byte by byte: an upstream that does what a test scripts, and a client that shows exactly
what arrived. Threads and blocking sockets; whoever waits for something that does not come fails after PATIENCE."""

import json
import queue
import socket
import struct
import threading
import time
import urllib.parse

PATIENCE = 180


class Cut(Exception):
    """The connection ended before the message was complete."""


class Wire:
    """A socket, read in the units of HTTP/1.1."""

    def __init__(self, sock):
        self.socket, self.buffer = sock, b""
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionError:
            data = b""
        self.buffer += data
        return len(data)

    def until(self, mark):
        while mark not in self.buffer:
            if not self._more():
                raise Cut(f"ended with {self.buffer[:200]!r}")
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def exactly(self, size):
        if size <= len(self.buffer):
            found, self.buffer = self.buffer[:size], self.buffer[size:]
            return found
        parts, got = [self.buffer], len(self.buffer)
        self.buffer = b""
        while got < size:
            try:
                data = self.socket.recv(min(1 << 20, size - got))
            except ConnectionError:
                data = b""
            if not data:
                raise Cut(f"{got} of {size} bytes came")
            parts.append(data)
            got += len(data)
        return b"".join(parts)

    def rest(self):
        while self._more():
            pass
        found, self.buffer = self.buffer, b""
        return found

    def head(self):
        """(first line, [(name, value)]) with order and spelling as they came."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = [line.split(":", 1) for line in lines[1:]]
        return lines[0], [(name, value.strip(" \t")) for name, value in fields]

    def chunk(self):
        """The next chunk of a chunked body, b"" at its end."""
        size = int(self.until(b"\r\n").split(b";")[0], 16)
        data = self.exactly(size)
        if self.exactly(2) != b"\r\n":
            raise AssertionError("a chunk does not end with CR LF")
        return data

    def chunks(self):
        while piece := self.chunk():
            yield piece

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def seconds_until_closed(self):
        """How long it takes from now until the other side has closed; it should send nothing before."""
        began = time.monotonic()
        try:
            data = self.socket.recv(1)
        except ConnectionError:
            data = b""
        if data:
            raise AssertionError(f"{data!r} came where the end was expected")
        return time.monotonic() - began


def field(fields, name):
    """The value of the one field of that name, or None."""
    found = [value for key, value in fields if key.lower() == name.lower()]
    assert len(found) <= 1, f"{name} stands {len(found)} times in {fields}"
    return found[0] if found else None


class Request:
    def __init__(self, line, fields, body):
        self.method, self.target, self.version = line.split(" ")
        self.fields, self.body = fields, body

    def __getitem__(self, name):
        return field(self.fields, name)


class Upstream:
    """Serves every request by the script set last: script(request, wire) -> True to keep the connection."""

    def __init__(self, tls=None):
        self.tls = tls
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.host = f"{'localhost' if tls else '127.0.0.1'}:{self.listener.getsockname()[1]}"
        self.url = f"http{'s' if tls else ''}://{self.host}"
        self.requests = queue.Queue()
        self.failures = []
        self.connections = 0
        self.script = None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        if self.tls:
            try:
                sock = self.tls.wrap_socket(sock, server_side=True)
            except OSError:  # a client that does not trust us
                return sock.close()
        wire = Wire(sock)
        wire.socket.settimeout(None)  # a kept connection rests until the gateway closes it
        try:
            while True:
                try:
                    line, fields = wire.head()
                except Cut:
                    return
                wire.socket.settimeout(PATIENCE)
                if field(fields, "transfer-encoding"):
                    body = b"".join(wire.chunks())
                else:
                    body = wire.exactly(int(field(fields, "content-length") or 0))
                request = Request(line, fields, body)
                self.requests.put(request)
                if not self.script(request, wire):
                    return
                wire.socket.settimeout(None)
        except (Cut, OSError):
            pass  # the script's own test notices
        except Exception as error:  # noqa: BLE001  told by the fixture, in the test's thread
            self.failures.append(error)
        finally:
            wire.close()

    def seen(self):
        """The next request that arrived here."""
        return self.requests.get(timeout=PATIENCE)

    def close(self):
        self.listener.close()


class Client(Wire):
    def __init__(self, url):
        where = urllib.parse.urlsplit(url)
        self.host = where.netloc
        super().__init__(socket.create_connection((where.hostname, where.port), timeout=PATIENCE))

    def ask(self, method, target, body=b"", fields=(), length=True):
        lines = [f"{method} {target} HTTP/1.1"]
        if not any(name.lower() == "host" for name, _ in fields):
            lines.append(f"Host: {self.host}")
        lines += [f"{name}: {value}" for name, value in fields]
        if length and (body or method == "POST"):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def answer(self, method="POST"):
        """(status, fields, body). Raises Cut when the body is not complete."""
        status, fields = self.answer_head()
        return status, fields, self.answer_body(status, fields, method)

    def answer_head(self):
        line, fields = self.head()
        return int(line.split(" ")[1]), fields

    def answer_body(self, status, fields, method="POST"):
        if method == "HEAD" or status in (204, 304):
            return b""
        if field(fields, "transfer-encoding"):
            assert field(fields, "transfer-encoding").lower() == "chunked"
            assert field(fields, "content-length") is None
            return b"".join(self.chunks())
        return self.exactly(int(field(fields, "content-length")))


def head(status, fields, reason="OK"):
    return (
        f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    ).encode("latin-1")


def whole(body, fields=(), status=200, kind="application/json"):
    """A script that answers with this body, its length announced."""

    def script(_, wire):
        wire.send(head(status, [("Content-Type", kind), *fields, ("Content-Length", len(body))]) + body)
        return True

    return script


def in_chunks(pieces, fields=(), kind="application/json", end=True):
    """A script that answers with these chunks."""

    def script(_, wire):
        wire.send(head(200, [("Content-Type", kind), *fields, ("Transfer-Encoding", "chunked")]))
        for piece in pieces:
            wire.send(chunk(piece))
        if end:
            wire.send(b"0\r\n\r\n")
        return end

    return script


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def completion(text="At ten o'clock.", prompt_tokens=31, completion_tokens=6, **more):
    """What Chat Completions answers, in bytes."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1763632800,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": prompt_tokens,
                "completion_tokens": completion_tokens,
                "total_tokens": prompt_tokens + completion_tokens,
            },
        }
        | more
    ).encode()


def delta(content=None, finish=None, **more):
    """One event of a streamed chat completion, in bytes."""
    data = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1763632800,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "delta": {} if content is None else {"content": content}, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(data | more).encode() + b"\n\n"


USAGE = (
    b"data: "
    + json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1763632800,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [],
            "usage": {"prompt_tokens": 31, "completion_tokens": 6, "total_tokens": 37},
        }
    ).encode()
    + b"\n\n"
)
DONE = b"data: [DONE]\n\n"


def question(text="When is the meeting?", **more):
    """A request that the gateway has no reason to change: one that streams asks for its usage."""
    if more.get("stream") and "stream_options" not in more:
        more["stream_options"] = {"include_usage": True}
    return json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]} | more).encode()
