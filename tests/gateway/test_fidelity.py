"""Bytes pass unchanged both ways, as soon as they are there, and however many there are."""

import gzip
import hashlib
import json
import os
import random
import threading
import time
import urllib.request
import zlib

import pytest
from conftest import JSON
from scripted import DONE, PATIENCE, USAGE, chunk, completion, delta, field, head, in_chunks, question, whole
from steno_process import Server

SSE = "text/event-stream; charset=utf-8"
OCTETS = "application/octet-stream"


def text_of(call):
    return "".join(part["text"] for message in call["response"]["messages"] for part in message["parts"])


# Heads.


def test_request_head(gateway):
    sent = [
        ("x-First", "1"),
        JSON,
        ("Accept", "a/b"),
        ("ACCEPT", "c/d;q=0.5"),
        ("X-Odd_Name.1", "v  w\tx"),
        ("Cookie", "a=b; c=d"),
        ("Authorization", "Bearer sk-test"),
        ("Empty", ""),
        ("accept-encoding", "gzip, br"),
        ("traceparent", "00-" + "1" * 32 + "-" + "2" * 16 + "-01"),
        ("Connection", "keep-alive, X-Hop"),
        ("X-Hop", "mine"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Proxy-Authorization", "Basic eHg6eXk="),
        ("X-Steno-User", "u-1"),
        ("x-STENO-unheard-of", "x"),
        ("x-Last", "caf\xe9"),
    ]
    status, fields, _, call = gateway.exchange(whole(b"{}"), b"{}", fields=sent)
    assert status == 200
    request = gateway.upstream.seen()
    dropped = {"connection", "x-hop", "keep-alive", "te", "proxy-authorization", "x-steno-user", "x-steno-unheard-of"}
    expected = [(name, value) for name, value in sent if name.lower() not in dropped]
    arrived = [(name, value) for name, value in request.fields if name.lower() not in ("host", "content-length")]
    assert arrived == expected  # order, spelling and duplicates as they were
    assert request["host"] == gateway.upstream.host and request["content-length"] == "2"
    assert request["connection"] in (None, "keep-alive")
    assert "unheard-of" in field(fields, "x-steno-warning")
    assert call["who"]["user_id"] == "u-1" and call["trace"]["trace_id"] == "1" * 32


def test_the_programs_own_trace(gateway):
    fields = [JSON, ("traceparent", "00-" + "1" * 32 + "-" + "2" * 16 + "-01"), ("x-steno-trace", "A" * 32)]
    _, fields, _, call = gateway.exchange(whole(b"{}"), b"{}", fields=fields)
    assert (call["trace"]["trace_id"], call["trace"]["parent_id"]) == ("a" * 32, "2" * 16) and field(fields, "x-steno-warning") is None
    _, fields, _, call = gateway.exchange(whole(b"{}"), b"{}", fields=[JSON, ("x-steno-trace", "0" * 32)])
    assert "trace_id" not in call.get("trace", {}) and "x-steno-trace" in field(fields, "x-steno-warning")


def test_answer_head(gateway):
    sent = [
        ("Set-Cookie", "a=1; Path=/"),
        ("X-B", "2"),
        ("set-cookie", "b=2"),
        ("x-A", "caf\xe9"),
        ("X-Request-Id", "req_1"),
        ("Empty", ""),
    ]
    hop = [("Connection", "X-Hop"), ("X-Hop", "mine"), ("Keep-Alive", "timeout=5, max=100")]
    status, fields, _, call = gateway.exchange(whole(b"{}", sent + hop, status=201), b"{}")
    assert status == 201
    arrived = [
        (name, value)
        for name, value in fields
        # A proxy adds the Date that an answer lacks (RFC 9110, section 6.6.1).
        if name.lower() not in ("content-length", "x-steno-call-id", "connection", "date")
    ]
    assert arrived == [("Content-Type", "application/json"), *sent]
    assert call["provider"]["request_id"] == "req_1"


def test_unusual_reason_and_status(gateway):
    def script(_, wire):
        wire.send(b"HTTP/1.1 529 Site Is Overloaded\r\nContent-Length: 0\r\n\r\n")
        return True

    gateway.upstream.script = script
    client, session = gateway.ask(b"{}")
    line, _ = client.head()
    assert line == "HTTP/1.1 529 Site Is Overloaded"
    assert gateway.recorded(session)["error"]["type"] == "overloaded"


def test_interim_answers_are_not_the_answer(gateway):
    def script(_, wire):
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        return whole(completion())(_, wire)

    status, fields, body, _ = gateway.exchange(script, question())
    assert (status, body) == (200, completion()) and field(fields, "link") is None


def test_expect_100_continue(gateway):
    gateway.upstream.script = whole(completion())
    client, session = gateway.client(), gateway.session()
    client.send(
        f"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: {client.host}\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(question())}\r\nx-steno-session: {session}\r\n\r\n".encode()
    )
    line, fields = client.head()  # comes before one byte of the body went
    assert line.startswith("HTTP/1.1 100") and fields == []
    client.send(question())
    status, _, body = client.answer()
    assert (status, body) == (200, completion())
    request = gateway.upstream.seen()
    assert request["expect"] is None and request.body == question()
    assert gateway.recorded(session)["status"] == "success"


# Bodies.


@pytest.mark.parametrize("seed", range(12))
def test_random_bytes_both_ways(gateway, seed):
    dice = random.Random(seed)
    sent = dice.randbytes(dice.choice([0, 1, 100, 5_000, 70_000, 400_000]))
    back = dice.randbytes(dice.choice([0, 1, 100, 5_000, 70_000, 400_000]))
    if seed % 2:
        script = whole(back, kind=OCTETS)
    else:
        pieces, at = [], 0
        while at < len(back):
            size = dice.choice([1, 10, 1000, 65_536])
            pieces.append(back[at : at + size])
            at += size
        script = in_chunks(pieces, kind=OCTETS)
    kind = ("Content-Type", dice.choice(["application/json", OCTETS, "multipart/form-data; boundary=x"]))
    status, _, body, call = gateway.exchange(
        script, sent, path=dice.choice(["/v1/files", "/v1/chat/completions"]), fields=[kind]
    )
    assert status == 200 and body == back
    assert gateway.upstream.seen().body == sent
    if sent:
        kept = gateway.server.get(f"/api/v1/calls/{call['id']}/raw?part=request")[2]
        if kind[1] == OCTETS:  # a file: its digest is kept
            assert json.loads(kept)["sha256"] == hashlib.sha256(sent).hexdigest()
        else:
            assert kept == sent


def test_a_chunked_request_arrives_with_a_length(gateway):
    gateway.upstream.script = whole(completion())
    client, session = gateway.client(), gateway.session()
    client.send(
        f"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: {client.host}\r\nTransfer-Encoding: chunked\r\n"
        f"x-steno-session: {session}\r\n\r\n".encode()
    )
    for byte in question():
        client.send(chunk(bytes([byte])))
    client.send(b"0\r\n\r\n")
    assert client.answer()[2] == completion()
    request = gateway.upstream.seen()
    assert (
        request.body == question()
        and request["content-length"] == str(len(question()))
        and request["transfer-encoding"] is None
    )
    assert gateway.recorded(session)["status"] == "success"


def test_a_compressed_request(gateway):
    sent = gzip.compress(question())
    _, _, _, call = gateway.exchange(whole(completion()), sent, fields=[JSON, ("Content-Encoding", "gzip")])
    request = gateway.upstream.seen()
    assert request.body == sent and request["content-encoding"] == "gzip"
    assert call["request"]["messages"][0]["parts"][0]["text"] == "When is the meeting?"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_answer(gateway, coding):
    content = gzip.compress(completion()) if coding == "gzip" else zlib.compress(completion())
    status, fields, body, call = gateway.exchange(whole(content, [("Content-Encoding", coding)]), question())
    assert (status, body, field(fields, "content-encoding")) == (200, content, coding)
    assert call["status"] == "success" and text_of(call) == "At ten o'clock."


def test_a_compressed_stream(gateway):
    """Each event is flushed by the compressor, as providers' edges do, and reaches the client and the record so."""
    events = [delta("At ten"), delta(" o'clock."), delta(finish="stop"), USAGE, DONE]
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in events] + [packer.flush()]
    _, _, body, call = gateway.exchange(
        in_chunks(pieces, [("Content-Encoding", "gzip")], kind=SSE), question(stream=True)
    )
    assert body == b"".join(pieces)
    assert call["status"] == "success" and text_of(call) == "At ten o'clock." and call["usage"]["output_tokens"] == 6


@pytest.mark.parametrize("coding", ["gzip", "br"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "provider,path,body",
    [
        (
            "openai",
            "/v1/chat/completions",
            {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Tell me of the sea."}]},
        ),
        (
            "anthropic",
            "/v1/messages",
            {
                "model": "claude-haiku-4-5",
                "max_tokens": 500,
                "messages": [{"role": "user", "content": "Tell me of the sea."}],
            },
        ),
    ],
)
def test_the_same_bytes_as_without_a_gateway(simulator, tmp_path, coding, stream, provider, path, body):
    asking = {"stream_options": {"include_usage": True}} if path.endswith("/completions") else {}
    data = json.dumps(body | ({"stream": True} | asking if stream else {})).encode()
    fields = {"content-type": "application/json", "accept-encoding": coding, "x-sim-encoding": coding}

    def ask(url):
        with urllib.request.urlopen(urllib.request.Request(url, data, fields), timeout=PATIENCE) as answer:
            ours = ("x-steno-call-id", "transfer-encoding", "content-length", "connection")
            return (
                answer.status,
                # What a limit has left, and the date, are other values with each request and each second.
                [(name, any(part in name.lower() for part in ("ratelimit", "date")) or value)
                 for name, value in answer.headers.items() if name.lower() not in ours],
                answer.read(),
                answer.headers["x-steno-call-id"],
            )

    with Server(tmp_path, *simulator.upstreams()) as server:
        direct = ask(f"{simulator.url}/{provider}{path}")
        relayed = ask(f"{server.url}/{provider}{path}")
        assert relayed[:3] == direct[:3]
        assert dict(direct[1])["content-encoding"] == coding
        call = server.call(relayed[3])
        assert call["status"] == "success" and len(text_of(call)) > 20


@pytest.mark.parametrize("way", ["up", "down", "down in chunks"])
def test_64_mib(gateway, way):
    big = random.Random(64).randbytes(1 << 20) * 64
    sent, back = (big, b"{}") if way == "up" else (b"{}", big)
    script = (
        in_chunks([back[at : at + 300_000] for at in range(0, len(back), 300_000)], kind=OCTETS)
        if way == "down in chunks"
        else whole(back, kind=OCTETS)
    )
    gateway.upstream.script = script
    client, session = gateway.client(), gateway.session()
    fields = [("Content-Type", OCTETS), ("x-steno-session", session)]
    sender = threading.Thread(target=client.ask, args=("POST", "/openai/v1/files", sent, fields))
    sender.start()
    status, _, body = client.answer()
    sender.join()
    assert status == 200 and hashlib.sha256(body).digest() == hashlib.sha256(back).digest()
    assert hashlib.sha256(gateway.upstream.seen().body).digest() == hashlib.sha256(sent).digest()
    assert gateway.recorded(session)["status"] == "success"


def test_one_byte_more_than_64_mib_is_refused_before_it_is_read(gateway):
    client, session = gateway.client(), gateway.session()
    client.send(
        f"POST /openai/v1/files HTTP/1.1\r\nHost: {client.host}\r\nContent-Length: {(64 << 20) + 1}\r\n"
        f"x-steno-session: {session}\r\n\r\n".encode()
    )
    assert client.answer()[0] == 413
    assert gateway.recorded(session)["status"] == "failure"


def test_clients_that_stall_in_chunked_bodies_hold_up_no_small_ones(gateway):
    head = (b"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n")
    stalled = []
    for sent in (5, 5, 5, 5, 100_000, 100_000, 100_000, 100_000, 100_000):  # each of the large ones takes room for 64 MiB
        client = gateway.client()
        client.send(head + f"{sent:x}\r\n".encode() + b" " * sent + b"\r\n")
        stalled.append(client)
    gateway.upstream.script = whole(b"{}")
    client = gateway.client()
    client.send(head + b"2\r\n{}\r\n0\r\n\r\n")
    assert client.answer()[0] == 200


# Time.


def test_each_piece_of_a_stream_passes_at_once(gateway):
    """The upstream sends the next piece only when the client has the one before: nothing may be held back."""
    pieces = [
        b": comment\n\n",
        delta("At"),
        delta(" ten")[:20],
        delta(" ten")[20:],
        b"\n",
        delta(" o'clock."),
        delta(finish="stop"),
        USAGE,
        DONE[:7],
        DONE[7:],
    ]
    received = threading.Semaphore(0)

    def script(_, wire):
        wire.send(head(200, [("Content-Type", SSE), ("Transfer-Encoding", "chunked")]))
        assert received.acquire(timeout=PATIENCE)  # even the head comes without a body
        for piece in pieces:
            wire.send(chunk(piece))
            assert received.acquire(timeout=PATIENCE)
        wire.send(b"0\r\n\r\n")
        return True

    gateway.upstream.script = script
    client, session = gateway.ask(question(stream=True))
    assert client.answer_head()[0] == 200
    received.release()
    for piece in pieces:
        assert client.chunk() == piece  # framed as it came: one piece, one chunk
        received.release()
    assert client.chunk() == b""
    call = gateway.recorded(session)
    assert call["status"] == "success" and text_of(call) == "At ten o'clock."


def test_each_piece_of_a_body_with_a_length_passes_at_once(gateway):
    content, received = completion(), threading.Semaphore(0)

    def script(_, wire):
        wire.send(head(200, [JSON, ("Content-Length", len(content))]))
        for at in range(0, len(content), 50):
            wire.send(content[at : at + 50])
            assert received.acquire(timeout=PATIENCE)
        return True

    gateway.upstream.script = script
    client, session = gateway.ask(question())
    client.answer_head()
    for at in range(0, len(content), 50):
        assert client.exactly(len(content[at : at + 50])) == content[at : at + 50]
        received.release()
    assert gateway.recorded(session)["status"] == "success"


def test_200_streams_at_once(gateway):
    count = 200
    all_there = threading.Barrier(count, timeout=PATIENCE)

    def script(request, wire):
        name = json.loads(request.body)["messages"][0]["content"]
        wire.send(head(200, [("Content-Type", SSE), ("Transfer-Encoding", "chunked")]) + chunk(delta(name)))
        all_there.wait()  # no stream ends before all have begun
        for piece in (delta(" again"), delta(finish="stop"), USAGE, DONE):
            wire.send(chunk(piece))
        wire.send(b"0\r\n\r\n")
        return True

    gateway.upstream.script = script
    asked = [(f"stream {number}", *gateway.ask(question(f"stream {number}", stream=True))) for number in range(count)]
    for name, client, _ in asked:
        assert client.answer_head()[0] == 200
        assert b"".join(client.chunks()) == delta(name) + delta(" again") + delta(finish="stop") + USAGE + DONE
        client.close()
    for name, _, session in asked:
        call = gateway.recorded(session)
        assert call["status"] == "success" and text_of(call) == f"{name} again"


# Connections.


def test_keep_alive_on_both_sides(gateway):
    connections = gateway.upstream.connections
    client = gateway.client()
    sessions = []
    for number in range(50):
        gateway.upstream.script = (
            whole(completion(f"answer {number}")) if number % 2 else in_chunks([completion(f"answer {number}")])
        )
        _, session = gateway.ask(question(), client=client)
        assert json.loads(client.answer()[2])["choices"][0]["message"]["content"] == f"answer {number}"
        sessions.append(session)
    assert gateway.upstream.connections - connections <= 1
    assert [text_of(gateway.recorded(session)) for session in sessions] == [f"answer {number}" for number in range(50)]


def test_pipelined_requests_are_answered_in_order(gateway):
    gateway.upstream.script = lambda request, wire: whole(
        completion(json.loads(request.body)["messages"][0]["content"])
    )(request, wire)
    client, sent, sessions = gateway.client(), b"", []
    for number in range(20):
        body, session = question(f"question {number}"), gateway.session()
        sent += (
            f"POST /openai/v1/chat/completions HTTP/1.1\r\nHost: {client.host}\r\nContent-Length: {len(body)}\r\n"
            f"x-steno-session: {session}\r\n\r\n"
        ).encode() + body
        sessions.append(session)
    client.send(sent)
    for number in range(20):
        assert json.loads(client.answer()[2])["choices"][0]["message"]["content"] == f"question {number}"
    assert [text_of(gateway.recorded(session)) for session in sessions] == [
        f"question {number}" for number in range(20)
    ]


def test_http_1_0_client(gateway):
    gateway.upstream.script = in_chunks([completion()])
    client, session = gateway.client(), gateway.session()
    client.send(
        f"POST /openai/v1/chat/completions HTTP/1.0\r\nHost: {client.host}\r\nContent-Length: {len(question())}\r\n"
        f"x-steno-session: {session}\r\n\r\n".encode()
        + question()
    )
    _, fields = client.answer_head()
    assert field(fields, "transfer-encoding") is None
    assert client.rest() == completion()
    assert gateway.recorded(session)["status"] == "success"


@pytest.mark.parametrize(
    "fields",
    [
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 4 4\r\n",
        "Host: other\r\n",
        "Bad Name: x\r\n",
    ],
)
def test_ambiguous_requests_are_refused(gateway, fields):
    """How requests are smuggled past a gateway."""
    client = gateway.client()
    client.send(f"POST /openai/v1/files HTTP/1.1\r\nHost: {client.host}\r\n{fields}\r\nabcd".encode())
    status, answer, _ = client.answer()
    assert status == 400 and field(answer, "connection") == "close"
    assert gateway.upstream.requests.empty()


# Memory.


def memory(server, what):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(what + ":"))


def resident(server):
    return memory(server, "VmRSS")


def bounded(server, grown):
    """Under a sanitizer, which maps terabytes, memory that was given back stays resident."""
    return grown < 48 << 20 or memory(server, "VmSize") > 1 << 40


@pytest.mark.parametrize("stream", [False, True])
def test_a_slow_reader_pauses_its_upstream(gateway, stream):
    block = b": " + b"x" * ((1 << 20) - 4) + b"\n\n" if stream else os.urandom(1 << 20)
    blocks, taken = 256, [0]

    def script(_, wire):
        wire.send(head(200, [("Content-Type", SSE if stream else OCTETS), ("Transfer-Encoding", "chunked")]))
        for _ in range(blocks):
            wire.send(chunk(block))
            taken[0] += 1
        if stream:
            wire.send(chunk(delta("At ten") + delta(finish="stop") + DONE))
        wire.send(b"0\r\n\r\n")
        return True

    gateway.upstream.script = script
    before = resident(gateway.server)
    client, session = gateway.ask(question(stream=stream), path="/v1/chat/completions" if stream else "/v1/files")
    client.answer_head()
    last = -1
    while last != taken[0] or taken[0] == 0:  # until the upstream cannot send any more
        last = taken[0]
        time.sleep(0.5)
    grown = resident(gateway.server) - before
    print(f"the upstream was paused after {last} MiB, memory grew by {grown / 2**20:.1f} MiB")
    assert last < 64 and bounded(gateway.server, grown)
    arrived = sum(len(piece) for piece in client.chunks())
    assert arrived >= blocks * len(block)
    grown = resident(gateway.server) - before
    print(f"after {arrived >> 20} MiB memory has grown by {grown / 2**20:.1f} MiB")
    assert bounded(gateway.server, grown)
    assert gateway.recorded(session)["status"] == "success"
