"""What is kept of a call, and what never is."""

import base64
import contextlib
import hashlib
import json
import time

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


BODIES = {
    "an object": b'{"model":"m","tools":[{"type":"mcp","authorization":{"token":"%s"}}],"input":"hi"}',
    "a list": b'{"model":"m","tools":[{"type":"mcp","headers":{"Authorization":["Bearer %s"]}}],"input":"hi"}',
    "a byte order mark": b'\xef\xbb\xbf{"model":"m","api_key":"%s","messages":[]}',
    "an escaped name": b'{"model":"m","api\\u005fkey":"%s","messages":[]}',
    "lines": b'{"model":"m"}\n{"bearer":"%s"}\n',
    "no JSON": b'{"model":"m","api key":"%s",',
    "a field": b'--b0\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n%s\r\n--b0--\r\n',
}


@pytest.mark.parametrize("keep_raw", ["none", "all"])
def test_case_56_a_key_in_a_body_however_it_stands_there(tmp_path, keep_raw):
    gateway = Gateway(tmp_path, env={"STENO_GATEWAY_KEEP_RAW": keep_raw})
    for what, body in BODIES.items():
        body = body.replace(b"%s", SECRET.encode())
        kind = "multipart/form-data; boundary=b0" if what == "a field" else "application/json"
        call = gateway.exchange(whole(completion()), body, fields=[("Content-Type", kind)])[3]
        assert gateway.upstream.seen().body == body, "it passes all the same"
        assert "SECRET" not in json.dumps(call), what
        assert call["privacy"]["masked"]["credential"] == 1, what
    gateway.close()
    for file in (file for file in tmp_path.rglob("*") if file.is_file()):
        assert b"SECRET" not in file.read_bytes(), file


def test_a_key_that_an_answer_brings_or_repeats_is_not_kept(tmp_path):
    gateway = Gateway(tmp_path, env={"STENO_GATEWAY_KEEP_RAW": "all"})
    brought = json.dumps({"value": "ek_SECRET0123456789", "client_secret": {"value": "SECRET"}}).encode()
    answer = gateway.exchange(whole(brought), b"{}", path="/v1/realtime/client_secrets")
    assert answer[2] == brought and "SECRET" not in json.dumps(answer[3])
    assert answer[3]["privacy"]["masked"]["answer_credential"] == 2
    for status in (200, 500):
        script = whole(completion(), status=status, fields=[("x-request-id", SECRET)])
        fields = [JSON, ("Authorization", f"Bearer {SECRET}")]
        _, told, _, call = gateway.exchange(script, question(), fields=fields)
        assert field(told, "x-request-id") == SECRET and call["provider"]["request_id"] == "***"
        assert "SECRET" not in json.dumps(call)
    gateway.close()
    for file in (file for file in tmp_path.rglob("*") if file.is_file()):
        assert b"SECRET" not in file.read_bytes(), file


def test_a_presigned_address_is_not_kept(tmp_path):
    gateway = Gateway(tmp_path, env={"STENO_GATEWAY_KEEP_RAW": "all"})
    scope = "AKIASECRETKEY%2F20261121%2Feu-west-1%2Fbedrock%2Faws4_request"
    query = (f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}&X-Amz-Date=20261121T000000Z&X-Amz-Expires=300"
             "&X-Amz-SignedHeaders=host&X-Amz-Security-Token=SECRETtoken0123&X-Amz-Signature=SECRETsignature0123")
    path = "/model/amazon.nova-lite-v1%3A0/converse?" + query
    answer = b'{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"end_turn"}'
    refused = json.dumps({"message": f"The request to {path} is not authorised"}).encode()
    for script, status in ((whole(answer), "success"), (whole(refused, status=403), "failure")):
        call = gateway.exchange(script, b'{"messages":[]}', path=path, name="bedrock")[3]
        assert gateway.upstream.seen().target == path, "it passes all the same"
        assert call["status"] == status and "SECRET" not in json.dumps(call)
    assert call["error"]["message"].count("***") == 3
    gateway.close()
    assert "SECRET" not in gateway.server.output()
    for file in (file for file in tmp_path.rglob("*") if file.is_file()):
        assert b"SECRET" not in file.read_bytes(), file


def test_of_an_uploaded_file_its_digest_is_kept(gateway):
    sound = bytes(range(256)) * 4000
    line = b"\r\n--b0undary\r\n"
    model = b'Content-Disposition: form-data; name="model"\r\n\r\nwhisper-1'
    file = b'Content-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n'
    body = line[2:] + model + line + file + sound + line[:-2] + b"--\r\n"
    _, _, _, call = gateway.exchange(
        whole(b'{"text":"hi","usage":{"type":"duration","seconds":3}}'), body, path="/v1/audio/transcriptions",
        fields=[("Content-Type", "multipart/form-data; boundary=b0undary")],
    )
    assert gateway.upstream.seen().body == body
    told = json.dumps({"bytes": len(sound), "sha256": hashlib.sha256(sound).hexdigest()}, separators=(",", ":"))
    assert call["raw"]["request"] == body.replace(sound, told.encode()).decode()
    assert call["privacy"]["truncated"]["raw.request"]["bytes"] == len(body)
    assert call["model"]["requested"] == "whisper-1" and call["usage"]["seconds"] == 3


@pytest.mark.parametrize(
    "fields, content",
    [
        ([("Content-Type", "audio/flac")], b"fLaC" + bytes(range(256)) * 4000),
        ([("Content-Type", "application/octet-stream")], b"%PDF-1.7 all of it is ASCII"),
        ([("Content-Type", "application/x-www-form-urlencoded")], b"ID3\x04" + b"\xff" * 500),  # as curl sends it
        ([("Content-Type", "text/plain"), ("X-Goog-Upload-Protocol", "raw")], b"the text of a file"),
        ([("Content-Type", "application/jsonl"), ("X-Goog-Upload-Command", "upload, finalize")], b'{"key":"1"}'),
    ],
)
def test_of_a_body_that_is_a_file_its_digest_and_beginning_are_kept(gateway, fields, content):
    call = gateway.exchange(whole(b'{"text":"hi"}'), content, path="/models/openai/whisper", fields=fields)[3]
    assert gateway.upstream.seen().body == content
    assert json.loads(call["raw"]["request"]) == {
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_type": fields[0][1],
        "begins": base64.b64encode(content[:16]).decode(),
    }
    assert call["privacy"]["truncated"]["raw.request"]["bytes"] == len(content)


@pytest.mark.parametrize(
    "kind, content",
    [
        ("application/octet-stream", question()),
        ("application/json", b'{"broken": "\xff'),
        ("text/plain", "naïve".encode()),
        ("application/x-www-form-urlencoded", b"a=1&b=2"),
        ("application/jsonl", b'{"a":1}\n{"a":2}\n'),
        ("application/x-protobuf", b"\x08\x96\x01"),
    ],
)
def test_a_body_that_is_a_message_is_kept_as_it_came(gateway, kind, content):
    call = gateway.exchange(whole(completion()), content, fields=[("Content-Type", kind)])[3]
    assert gateway.server.get(f"/api/v1/calls/{call['id']}/raw?part=request")[2] == content


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


def test_results_of_a_batch_are_the_same_calls_by_whatever_name_they_are_fetched(gateway):
    def result(number):
        body = json.loads(completion(id=f"chatcmpl-{number}"))
        return json.dumps({"id": f"batch_req_{number}", "custom_id": number,
                           "response": {"status_code": 200, "request_id": f"req_{number}", "body": body}})

    content = ("{ broken\n" + "\n".join(map(result, range(5)))).encode()
    gateway.upstream.script = whole(content, kind="application/octet-stream")
    for name in ("openai", "elsewhere", "openai"):
        client = gateway.client()
        client.ask("GET", f"/{name}/v1/files/file-twice/content")
        _, fields, body = client.answer()
        client.close()
        assert body == content
        fetch = gateway.server.call(field(fields, "x-steno-call-id"))
        assert fetch["response"]["output"] == {"batch_results": 5, "failed": 0, "unreadable": 1}
        assert fetch["error"]["message"] == "1 of the lines with the batch's results could not be read"
    deadline = time.monotonic() + 30  # the store is fed a moment later
    while True:
        rows = gateway.server.calls("&labels.attributes.batch.id=file-twice")
        if {row["trace"]["parent_id"] for row in rows} == {fetch["id"]}:  # of the last one that fetched
            break
        assert time.monotonic() < deadline, rows
        time.sleep(0.01)
    assert sorted(row["labels"]["attributes"]["batch.custom_id"] for row in rows) == ["0", "1", "2", "3", "4"]
