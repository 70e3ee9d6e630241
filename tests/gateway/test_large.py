"""Large bodies: what is to be read and written of them is done beside the event loop, and their memory is bounded."""

import json
import re
import time

import pytest
from conftest import JSON, Gateway
from scripted import DONE, completion, delta, in_chunks, question, whole

MEGABYTE = 1 << 20


def metric(server, name):
    return int(re.search(rf"^{name} (\S+)$", server.get("/metrics")[2].decode(), re.MULTILINE).group(1))


def until(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.mark.parametrize("durability", ["normal", "strict"])
def test_case_61_large_calls_are_recorded_beside_their_loop(tmp_path, durability):
    env = {"STENO_SERVER_LOOPS": "1", "STENO_GATEWAY_DURABILITY": durability, "STENO_GATEWAY_KEEP_RAW": "all"}
    gateway = Gateway(tmp_path, env=env)
    works = 0

    def took(steps):
        nonlocal works
        works += steps
        assert metric(gateway.server, "steno_gateway_large_works_total") == works

    call = gateway.exchange(whole(completion()), question())[3]
    assert call["status"] == "success"
    took(0)
    large = question("x" * 12 * MEGABYTE)
    call = gateway.exchange(whole(completion()), large)[3]
    assert call["raw"]["request"].encode() == large and call["usage"]["output_tokens"] == 6
    took(2)
    answer = completion(text="y" * 12 * MEGABYTE)
    body, call = gateway.exchange(whole(answer), question())[2:]
    assert body == answer and call["raw"]["response"].encode() == answer and call["usage"]["output_tokens"] == 6
    took(1)
    streamed = question("x" * 2 * MEGABYTE, stream=True, stream_options=None)
    events = [delta("At ten"), delta(finish="stop"), DONE]
    body, call = gateway.exchange(in_chunks(events, kind="text/event-stream"), streamed)[2:]
    assert body == b"".join(events) and call["usage"]["asked"] is True
    *_, sent = (gateway.upstream.seen().body for _ in range(4))
    assert json.loads(sent)["stream_options"] == {"include_usage": True}
    took(2)
    # However they end.
    call = gateway.exchange(lambda _, wire: wire.close(), large)[3]
    assert (call["status"], call["error"]["type"]) == ("failure", "connection")
    took(2)

    def silent(_, wire):
        wire.rest()
        return False

    gateway.upstream.script = silent
    client, session = gateway.ask(large)
    until(lambda: metric(gateway.server, "steno_gateway_large_works_total") == works + 1, "request that was read")
    client.close()
    assert gateway.recorded(session)["status"] == "cancelled"
    took(2)
    gateway.close()


def test_a_client_that_leaves_while_its_request_is_read(tmp_path):
    gateway = Gateway(tmp_path, env={"STENO_SERVER_LOOPS": "1"})
    gateway.upstream.script = whole(completion())
    sessions = []
    for _ in range(4):
        client, session = gateway.ask(question("x" * 8 * MEGABYTE))
        client.close()
        sessions.append(session)
    for session in sessions:
        assert gateway.recorded(session)["status"] in ("cancelled", "success")
    gateway.close()


def test_uploads_that_wait_for_memory_are_seen(tmp_path):
    gateway = Gateway(tmp_path, env={"STENO_GATEWAY_BODY_MEMORY_MB": "1"})
    gateway.upstream.script = whole(completion())
    assert "uploads" not in gateway.server.get("/readyz")[2]
    assert metric(gateway.server, "steno_gateway_body_room_bytes") == MEGABYTE
    body = question("x" * 700_000)
    half = gateway.client()
    fields = [JSON, ("Content-Length", len(body)), ("x-steno-session", gateway.session())]
    half.ask("POST", "/openai/v1/chat/completions", b"", fields, length=False)
    half.send(body[: len(body) // 2])
    until(lambda: metric(gateway.server, "steno_gateway_body_bytes") == len(body), "share for the first upload")
    other, session = gateway.ask(body)
    until(lambda: metric(gateway.server, "steno_gateway_bodies_waiting") == 1, "upload that waits")
    told = gateway.server.get("/readyz")[2]
    assert f"1 wait for memory: request bodies hold {len(body)} of {MEGABYTE} bytes" in told["uploads"]
    half.send(body[len(body) // 2 :])
    assert half.answer()[0] == 200 and other.answer()[0] == 200
    assert gateway.recorded(session)["status"] == "success"
    assert metric(gateway.server, "steno_gateway_bodies_waiting") == 0
    assert metric(gateway.server, "steno_gateway_bodies_waited_total") == 1
    assert "uploads" not in gateway.server.get("/readyz")[2]
    gateway.close()
    assert "gateway.body_memory_mb" in gateway.server.output()
