"""What is kept of a call, and what never is."""

import contextlib
import json

import pytest
from conftest import JSON, Gateway
from scripted import Cut, Client, completion, delta, DONE, field, head, in_chunks, question, whole
from steno_process import Server, run

SECRET = "sk-SECRETofnobody0123456789abcdef"
WAYS = {
    "bearer": [("Authorization", f"Bearer {SECRET}")],
    "x-api-key": [("X-API-Key", SECRET)],
    "api-key": [("api-key", SECRET)],
    "x-goog-api-key": [("x-goog-api-key", SECRET)],
    "query": [],
    "proxy": [("Proxy-Authorization", f"Basic {SECRET}")],
    "cookie": [("Cookie", f"session={SECRET}")],
}


@pytest.mark.parametrize("keep_raw", ["none", "request"])
def test_a_key_is_nowhere_however_it_is_sent_and_however_the_call_ends(tmp_path, keep_raw):
    gateway = Gateway(tmp_path, env={"STENO_LOG_LEVEL": "debug", "STENO_GATEWAY_KEEP_RAW": keep_raw})

    def cut(_, wire):
        wire.send(head(200, [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")]))
        wire.close()
        return False

    def close(_, wire):
        wire.close()
        return False

    # Some providers, and proxies before them, repeat the key when they refuse it.
    echo = json.dumps(
        {
            "error": {
                "message": f"Incorrect API key provided: {SECRET}.",
                "type": "invalid_request_error",
                "code": "invalid_api_key",
            }
        }
    ).encode()
    scripts = [
        whole(completion()),
        whole(echo, status=401),
        whole(f"<p>{SECRET} is wrong</p>".encode(), status=403, kind="text/html"),
        in_chunks([delta("a"), b"data: " + echo + b"\n\n"], kind="text/event-stream"),
        cut,
        close,
    ]
    messages = []
    for way, fields in WAYS.items():
        for script in scripts[:1] if way in ("proxy", "cookie") else scripts:
            gateway.upstream.script = script
            path = f"/v1/chat/completions?key={SECRET}&x=1" if way == "query" else "/v1/chat/completions"
            client, session = gateway.ask(question(), path=path, fields=[JSON, *fields])
            with contextlib.suppress(Cut):
                client.answer()
            client.close()
            call = gateway.recorded(session)
            assert "SECRET" not in json.dumps(call)
            messages.append(call.get("error", {}).get("message", ""))
    assert any("Incorrect API key provided: ***" in message for message in messages)
    exported = run("calls", "export", "--server", gateway.server.url, "--format", "jsonl").stdout
    assert len(exported.splitlines()) == len(gateway.sessions) and "SECRET" not in exported
    gateway.close()
    assert "SECRET" not in gateway.server.output()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 2
    for path in files:
        assert b"SECRET" not in path.read_bytes(), path
    assert "SECRET" not in run("journal", "dump", "--data", tmp_path, "--json").stdout


def test_the_exact_answer_is_kept_if_asked_for(tmp_path):
    gateway = Gateway(tmp_path, env={"STENO_GATEWAY_KEEP_RAW": "all"})
    events = [b": hi\r\n\r\n", delta("At ten"), delta(finish="stop"), DONE]
    for script, content in (
        (whole(completion()), completion()),
        (in_chunks(events, kind="text/event-stream"), b"".join(events)),
    ):
        _, _, body, call = gateway.exchange(script, question())
        assert body == content
        assert gateway.server.get(f"/api/v1/calls/{call['id']}/raw?part=response")[2] == content
        assert gateway.server.get(f"/api/v1/calls/{call['id']}/raw?part=request")[2] == question()
    gateway.close()


def test_no_exact_bytes_if_not_asked_for(tmp_path):
    gateway = Gateway(tmp_path, env={"STENO_GATEWAY_KEEP_RAW": "none"})
    call = gateway.exchange(whole(completion()), question())[3]
    for part in ("request", "response"):
        assert gateway.server.get(f"/api/v1/calls/{call['id']}/raw?part={part}", expect=404)[2]["code"] == "not_found"
    assert call["request"]["messages"]
    gateway.close()


def test_strict_durability_answers_all_the_same(tmp_path):
    gateway = Gateway(tmp_path, env={"STENO_GATEWAY_DURABILITY": "strict"})
    events = [delta("At ten"), delta(finish="stop"), DONE]
    for script, content in (
        (whole(completion()), completion()),
        (in_chunks([completion()]), completion()),
        (in_chunks(events, kind="text/event-stream"), b"".join(events)),
        (whole(b""), b""),
    ):
        _, _, body, _ = gateway.exchange(script, question())
        assert body == content
    gateway.server.kill()  # what was answered was on disk
    with Server(tmp_path) as again:
        assert [call["status"] for call in again.calls()].count("interrupted") == 0 and len(again.calls()) == 4
    gateway.upstream.close()


def test_capture_off_relays_and_records_nothing(tmp_path):
    gateway = Gateway(tmp_path, env={"STENO_GATEWAY_CAPTURE": "off"})
    gateway.upstream.script = whole(completion())
    client = Client(gateway.server.url)
    client.ask("POST", "/openai/v1/chat/completions", question(), [JSON, ("x-steno-user", "u-1")])
    status, fields, body = client.answer()
    assert (status, body, field(fields, "x-steno-call-id")) == (200, completion(), None)
    assert gateway.upstream.seen()["x-steno-user"] is None
    assert gateway.server.calls() == []
    gateway.close()


def test_full_data_can_be_declined_for_a_call(gateway):
    """The header arrives on the record; the call itself is as ever."""
    _, _, body, call = gateway.exchange(
        whole(completion()), question(), fields=[JSON, ("x-steno-store-full-data", "false")]
    )
    assert body == completion()
    assert call["privacy"]["full_data"] is False and call["usage"]["input_tokens"] == 31
