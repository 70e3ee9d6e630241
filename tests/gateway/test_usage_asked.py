"""Usage that the client did not ask for: the provider is asked, the record has it, the client never sees the answer.
Case 5 of docs/gateway-cases.md."""

import gzip
import json
import threading

import pytest
from conftest import JSON, Gateway
from scripted import DONE, USAGE, Client, Cut, Upstream, chunk, delta, head, in_chunks, question, whole
from steno_process import Server

STREAM = "text/event-stream"
WORDS = [delta(word) for word in ("At ", "ten ", "o'clock.")] + [delta(finish="stop")]


def unasked(**more):
    return question(**more, stream_options=None).replace(b', "stream_options": null', b"")


def reported(request):
    options = json.loads(request.body).get("stream_options") or {}
    return options.get("include_usage") is True


def as_asked(pieces=WORDS, kind=STREAM):
    """An upstream that reports usage to those who ask."""

    def script(request, wire):
        return in_chunks([*pieces, *([USAGE] if reported(request) else []), DONE], kind=kind)(request, wire)

    return script


def test_case_5_asked_upstream_and_taken_out_downstream(gateway):
    body = unasked(stream=True, seed=12345678901234567890)
    status, _, content, call = gateway.exchange(as_asked(), body)
    assert (status, content) == (200, b"".join(WORDS) + DONE)
    seen = gateway.upstream.seen()
    assert seen.body == body.replace(b"{", b'{"stream_options":{"include_usage":true},', 1)
    assert seen["accept-encoding"] == "identity"
    assert call["usage"]["input_tokens"] == 31 and call["usage"]["output_tokens"] == 6
    assert call["usage"]["asked"] is True and call["status"] == "success"
    assert call["cost"]["total"] and call["raw"]["request"] == body.decode()


@pytest.mark.parametrize("ask", [unasked, question])
def test_usage_that_comes_after_the_last_word(gateway, ask):
    pieces = [*WORDS, DONE, USAGE]
    _, _, content, call = gateway.exchange(in_chunks(pieces, kind=STREAM), ask(stream=True))
    assert content == b"".join(pieces if ask is question else [*WORDS, DONE])
    assert (call["status"], call["usage"]["output_tokens"]) == ("success", 6)


def test_who_leaves_at_the_last_word_has_missed_nothing(gateway):
    left = threading.Event()

    def script(request, wire):
        wire.send(head(200, [("Content-Type", STREAM), ("Transfer-Encoding", "chunked")]))
        for piece in (*WORDS, DONE):
            wire.send(chunk(piece))
        assert left.wait(60)
        return False

    gateway.upstream.script = script
    client, session = gateway.ask(unasked(stream=True))
    client.answer_head()
    received = b""
    while not received.endswith(DONE):
        received += client.chunk()
    client.reset()
    left.set()
    call = gateway.recorded(session)
    assert call["status"] == "success" and "error" not in call and "input_tokens" not in call["usage"]


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_case_5_however_the_answer_is_cut(gateway, size):
    everything = b"".join(WORDS).replace(b"\n", b"\r\n") + USAGE + DONE
    pieces = [everything[at : at + size] for at in range(0, len(everything), size)]
    _, _, content, call = gateway.exchange(in_chunks(pieces, kind=STREAM), unasked(stream=True))
    assert content == everything.replace(USAGE, b"") and call["usage"]["output_tokens"] == 6


def test_who_asks_gets_all_of_it(gateway):
    body = question(stream=True)
    _, _, content, call = gateway.exchange(as_asked(), body)
    assert content == b"".join(WORDS) + USAGE + DONE and gateway.upstream.seen().body == body
    assert "asked" not in call["usage"] and call["usage"]["output_tokens"] == 6


def test_what_is_not_streamed_goes_as_it_is(gateway):
    body = question()
    gateway.exchange(whole(b'{"choices":[],"usage":{"prompt_tokens":1}}'), body)
    assert gateway.upstream.seen().body == body


def test_an_answer_that_is_no_stream_is_not_touched(gateway):
    answer = USAGE[6:].strip()
    _, fields, content, _ = gateway.exchange(whole(answer), unasked(stream=True))
    assert content == answer and ("Content-Length", str(len(answer))) in fields


def test_an_error_of_an_upstream_that_has_told_before_is_the_clients(gateway):
    gateway.exchange(as_asked(), unasked(stream=True))
    gateway.upstream.seen()
    error = b'{"error":{"message":"bad","type":"invalid_request_error"}}'
    status, _, content, call = gateway.exchange(whole(error, status=400), unasked(stream=True))
    assert (status, content) == (400, error) and call["error"]["type"] == "invalid_request"
    assert gateway.upstream.seen() and gateway.upstream.requests.empty()


def test_off_nothing_is_asked(tmp_path):
    gateway = Gateway(tmp_path, env={"STENO_GATEWAY_ASK_FOR_USAGE": "off"})
    body = unasked(stream=True)
    _, _, content, call = gateway.exchange(as_asked(), body)
    assert content == b"".join(WORDS) + DONE and gateway.upstream.seen().body == body
    assert "asked" not in call.get("usage", {})
    gateway.close()


@pytest.mark.parametrize("refusal", [400, 403, 422, 500])
@pytest.mark.parametrize("name", ["openai", "strict"])
def test_an_upstream_that_refuses_to_be_asked_is_asked_as_the_client_did(tmp_path, refusal, name):
    upstream = Upstream()

    def script(request, wire):
        if b"stream_options" in request.body:
            return whole(b'{"detail":"stream_options: extra inputs are not permitted"}', status=refusal)(request, wire)
        return in_chunks([*WORDS, DONE], kind=STREAM)(request, wire)

    upstream.script = script
    body = unasked(stream=True)
    with Server(tmp_path, "--upstream", f"{name}={upstream.url}") as server:
        for attempts in (2, 1):  # what it refused once it is not asked again
            client = Client(server.url)
            client.ask("POST", f"/{name}/v1/chat/completions", body, [JSON])
            status, fields, content = client.answer()
            assert (status, content) == (200, b"".join(WORDS) + DONE)
            bodies = [upstream.seen().body for _ in range(attempts)]
            assert bodies[-1] == body and upstream.requests.empty()
            call = server.call(dict(fields)["x-steno-call-id"])
            assert call["status"] == "success" and "asked" not in call.get("usage", {})
            client.close()
    assert not upstream.failures
    upstream.close()


def test_a_compressed_stream_is_given_plain(gateway):
    packed = gzip.compress(b"".join(WORDS) + USAGE + DONE)

    def script(_, wire):
        fields = [("Content-Type", STREAM), ("Content-Encoding", "gzip"), ("Content-Length", len(packed))]
        wire.send(head(200, fields) + packed)
        return True

    _, fields, content, call = gateway.exchange(script, unasked(stream=True), fields=(JSON, ("Accept-Encoding", "gzip")))
    assert content == b"".join(WORDS) + DONE and call["usage"]["output_tokens"] == 6
    assert not [name for name, _ in fields if name.lower() == "content-encoding"]


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream"])
def test_a_stream_of_another_type_is_a_stream(gateway, kind):
    _, _, content, _ = gateway.exchange(as_asked(kind=kind), unasked(stream=True))
    assert content == b"".join(WORDS) + DONE


@pytest.mark.parametrize("choices", [b"null", b"[]", None])
def test_the_chunk_however_it_says_that_it_has_no_choices(gateway, choices):
    chunk = USAGE.replace(b'"choices": [], ', b"" if choices is None else b'"choices": ' + choices + b", ")
    _, _, content, call = gateway.exchange(in_chunks([*WORDS, chunk, DONE], kind=STREAM), unasked(stream=True))
    assert content == b"".join(WORDS) + DONE and call["usage"]["output_tokens"] == 6


@pytest.mark.parametrize("more", [b'"error": {"message": "boom"}', b'"citations": ["https://example.org"]'])
def test_a_chunk_that_tells_more_is_the_clients(gateway, more):
    chunk = USAGE.replace(b'"choices": []', b'"choices": [], ' + more)
    _, _, content, _ = gateway.exchange(in_chunks([*WORDS, chunk, DONE], kind=STREAM), unasked(stream=True))
    assert content == b"".join(WORDS) + chunk + DONE


def test_a_cut_swallows_nothing_that_was_held_back(gateway):
    gateway.upstream.script = in_chunks([*WORDS, b'data: {"half'], kind=STREAM, end=False)
    client, session = gateway.ask(unasked(stream=True))
    client.answer_head()
    came = b""
    try:
        while piece := client.chunk():
            came += piece
    except Cut:
        pass
    assert came == b"".join(WORDS) + b'data: {"half'
    assert gateway.recorded(session)["status"] == "partial"
    client.close()


def test_events_with_a_single_line_end_are_not_held_back(gateway):
    word = delta("ten ").rstrip(b"\n") + b"\n"

    def script(request, wire):
        in_chunks([word], kind=STREAM, end=False)(request, wire)
        go_on.wait(60)
        return False

    go_on = threading.Event()
    gateway.upstream.script = script
    client, session = gateway.ask(unasked(stream=True))
    client.answer_head()
    assert client.chunk() == word
    go_on.set()
    gateway.recorded(session)
    client.close()
